import Schema
import ServiceKit

/// Something outside the pair that changes what can be expected (docs/domain.md S34).
extension ContextChange {
    static func recorded(_ draft: ContextChange, name: String, author: String, at now: Instant) throws
        -> ContextChange
    {
        try Check.known(draft.type, "context_change.type")
        try Check.text(draft.effect, "context_change.effect", 1...2000)
        let effective =
            try draft.effectiveTime == nil ? now : Check.instant(draft.effectiveTime, "context_change.effective_time")
        guard effective <= now.adding(days: Span.horizonDays) else {
            throw Refusal.invalid("context_change.effective_time", "at most \(Span.horizonDays) days ahead")
        }
        return ContextChange(
            name: name, author: author, type: draft.type, effectiveTime: effective.timestamp, effect: draft.effect,
            external: draft.external)
    }

    /// Nothing followed from it: what the trustor may report from two weeks on, once, and before anything does
    /// (docs/domain.md rule 12). The two weeks begin when it was both in effect and known.
    mutating func reportIgnored(adapted: Bool, at now: Instant, in pair: Relationship = Relationship()) throws {
        guard ignoredTime == nil else { throw Refusal.wrongState("context change", is: "IGNORED", needs: "no report") }
        guard !adapted else { throw Refusal.wrongState("context change", is: "ANSWERED", needs: "no answer to it") }
        let known = max(
            try Check.instant(effectiveTime, "context_change.effective_time"),
            try Check.instant(createTime, "context_change.create_time"))
        guard now >= (try pair.deadline(after: known, days: Span.adaptationDays)) else {
            throw Refusal.wrongState(
                "context change", is: "NEW", needs: "\(Span.adaptationDays) days in which something could follow")
        }
        ignoredTime = now.timestamp
    }
}
