import Schema
import ServiceKit

/// A decision that affects the other one, and its reasons (docs/domain.md rules 4 and 29).
extension Decision {
    /// - Parameter parties: the two people of the relationship.
    static func recorded(
        _ draft: Decision, name: String, author: String, parties: Set<String>, at now: Instant
    ) throws -> Decision {
        try Check.text(draft.what, "decision.what", 1...2000)
        try Check.text(draft.why, "decision.why", 0...2000)
        try Check.count(draft.alternatives.count, "decision.alternatives", 0...10)
        for alternative in draft.alternatives { try Check.text(alternative, "decision.alternatives", 1...500) }
        try Check.count(draft.affects.count, "decision.affects", 1...2)
        guard Set(draft.affects).count == draft.affects.count, parties.isSuperset(of: draft.affects) else {
            throw Refusal.invalid("decision.affects", "parties of the relationship, each once")
        }
        let decided = try draft.decideTime == nil ? now : Check.instant(draft.decideTime, "decision.decide_time")
        guard decided <= now else { throw Refusal.invalid("decision.decide_time", "not in the future") }
        return Decision(
            name: name, author: author, what: draft.what, why: draft.why, alternatives: draft.alternatives,
            affects: draft.affects, decideTime: decided.timestamp,
            explainTime: draft.why.isEmpty ? nil : now.timestamp)
    }

    /// A reason that is visible by this instant explains the decision; a later one does not undo the silence.
    var explanationDeadline: Instant {
        get throws { try Check.instant(decideTime, "decision.decide_time").adding(hours: Span.explanationHours) }
    }

    var isExplainedInTime: Bool {
        get throws {
            guard explainTime != nil else { return false }
            return try Check.instant(explainTime, "decision.explain_time") <= explanationDeadline
        }
    }

    mutating func explain(_ reason: String, by person: String, at now: Instant) throws {
        try Check.text(reason, "why", 1...2000)
        guard person == author else { throw Refusal.roleForbidden("The one who decided explains it.") }
        guard explainTime == nil else {
            throw Refusal.wrongState("decision", is: "EXPLAINED", needs: "no explanation yet")
        }
        why = reason
        explainTime = now.timestamp
    }
}
