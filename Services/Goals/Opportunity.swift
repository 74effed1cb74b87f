import Schema
import ServiceKit

/// Chances to grow, counted but never told to the organisation (docs/domain.md S25, rule 53).
extension Opportunity {
    static let whatLength = 1...2000

    /// - Throws: INVALID_ARGUMENT for an unknown kind or a text out of its length.
    static func offer(_ words: Opportunity, named name: String, at now: Instant) throws -> Opportunity {
        try Check.known(words.kind, "opportunity.kind")
        try Check.text(words.what, "opportunity.what", whatLength)
        guard words.what.saysSomething else { throw Refusal.invalid("opportunity.what", "is required") }
        return Opportunity(
            name: name, kind: words.kind, what: words.what, offerTime: now.timestamp, createTime: now.timestamp,
            updateTime: now.timestamp)
    }

    /// - Throws: FAILED_PRECONDITION, WRONG_STATE the second time.
    mutating func take(at now: Instant) throws {
        guard !taken else { throw Refusal.wrongState("the opportunity", is: "taken", needs: "one that is not yet") }
        taken = true
        takeTime = now.timestamp
        updateTime = now.timestamp
    }
}
