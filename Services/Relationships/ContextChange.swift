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
}
