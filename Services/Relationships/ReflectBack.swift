import Schema
import ServiceKit

/// The trustee writes what was heard, the trustor judges it, once (docs/domain.md §6.1).
extension ReflectBack {
    static func recorded(_ draft: ReflectBack, name: String) throws -> ReflectBack {
        try Check.text(draft.heard, "reflect_back.heard", 1...4000)
        return ReflectBack(name: name, session: draft.session, heard: draft.heard)
    }

    mutating func judge(_ verdict: Verdict, correction: String, at now: Instant) throws {
        try Check.known(verdict, "verdict")
        try Check.text(correction, "correction", 0...4000)
        if verdict != .corrected, !correction.isEmpty {
            throw Refusal.invalid("correction", "only with the verdict CORRECTED")
        }
        guard self.verdict == .unspecified else {
            throw Refusal.wrongState("reflect-back", is: self.verdict, needs: "not judged yet")
        }
        self.verdict = verdict
        self.correction = correction
        judgeTime = now.timestamp
    }
}
