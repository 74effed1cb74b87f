import Schema
import ServiceKit
import Storage

/// Support that one party promises the other (docs/domain.md §6.3, rules 12 and 13).
extension SupportAction {
    /// A later due date is a wish, as it is for goals.
    static let horizonDays = 400

    /// A promise of the one who acts, with the name of the commitment that follows from it.
    /// - Throws: INVALID_ARGUMENT for a text out of 1...2000 characters, a due date out of [now, now + 400 d], or
    ///   a goal or change of context of another relationship.
    static func promise(
        _ words: SupportAction, named name: String, by author: String, at now: Instant
    ) throws -> SupportAction {
        guard words.what.saysSomething else { throw Refusal.invalid("support_action.what", "is required") }
        try Check.text(words.what, "support_action.what", 1...2000)
        let due = try Check.instant(words.dueTime, "support_action.due_time")
        guard now <= due, due <= now.adding(days: horizonDays) else {
            throw Refusal.invalid("support_action.due_time", "must lie from now to 400 days ahead")
        }
        let action = try ResourceName(name, "organizations", "relationships", "supportActions")
        try checkReference(words.goal, "goals", "support_action.goal", under: action.parent)
        try checkReference(words.contextChange, "contextChanges", "support_action.context_change", under: action.parent)
        return SupportAction(
            name: name, author: author, what: words.what, dueTime: due.timestamp, goal: words.goal,
            contextChange: words.contextChange, commitment: commitment(of: action).text, delivery: .pending,
            createTime: now.timestamp, updateTime: now.timestamp)
    }

    private static func checkReference(
        _ reference: String, _ collection: String, _ field: String, under relationship: ResourceName
    ) throws {
        guard !reference.isEmpty else { return }
        let name = try ResourceName(reference, "organizations", "relationships", collection)
        guard name.parent == relationship else { throw Refusal.invalid(field, "belongs to another relationship") }
    }

    /// Relationships derives the same name from the same source, so that it is known before the commitment exists.
    static func commitment(of action: ResourceName) -> ResourceName {
        action.parent.child("commitments", Identifier.version5(namespace: sources, name: action.text).description)
    }

    /// RFC 9562 §6.6: the namespace of URLs; a resource name is one without its host.
    private static let sources = Identifier(high: 0x6ba7_b811_9dad_11d1, low: 0x80b4_00c0_4fd4_30c8)

    /// What Relationships is asked for. It takes effect once, whenever and however often it arrives: the source is
    /// unique for ever, and the fact is dated when the promise was made.
    var commitmentRequest: CreateCommitmentRequest {
        get throws {
            CreateCommitmentRequest(
                parent: try ResourceName.relationship(of: name).text,
                commitment: Commitment(name: commitment, owner: author, text: what, dueTime: dueTime, source: name),
                occurredAt: createTime)
        }
    }
}
