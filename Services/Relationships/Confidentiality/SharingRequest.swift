import Schema
import ServiceKit
import Standard

/// What leaves the pair, item by item (docs/domain.md §6.1). REQUESTED → PARTLY_APPROVED → RELEASED → WITHDRAWN | EXPIRED;
/// REQUESTED → REFUSED.
extension SharingRequest {
    static let purposeLength = 1...1000
    static let itemCount = 1...50
    static let defaultDays = 90
    static let maximumDays = 400

    /// What may leave the pair. Nothing of trust is among it: it can be referred to in no report (docs/domain.md §6.9).
    static let shareable = [
        ["goals"], ["goals", "checkIns"], ["goals", "attainments"], ["commitments"], ["decisions"], ["sessions"],
        ["feedbackItems"], ["notes"],
    ]

    /// - Throws: INVALID_ARGUMENT for whatever breaks a limit or names something that cannot be shared.
    static func asked(
        _ words: SharingRequest, named name: String, by requester: String, of relationship: Relationship,
        at now: Instant
    ) throws -> SharingRequest {
        try Check.text(words.purpose, "sharing_request.purpose", purposeLength)
        guard words.purpose.saysSomething else { throw Refusal.invalid("sharing_request.purpose", "is required") }
        guard relationship.role(of: words.recipient) == .other else {
            throw Refusal.invalid("sharing_request.recipient", "is a third person; the two of you read it anyway")
        }
        try Check.count(words.items.count, "sharing_request.items", itemCount)
        let names = words.items.map(\.resource)
        guard Set(names).count == names.count else {
            throw Refusal.invalid("sharing_request.items", "names something twice")
        }
        for name in names {
            guard name.hasPrefix(relationship.name + "/"), isShareable(name) else {
                throw Refusal.invalid(
                    "sharing_request.items",
                    "\(name.prefix(200)) is not a goal, check-in, attainment, commitment, decision, session, feedback item or note of this relationship"
                )
            }
        }
        let expiry =
            try words.expireTime.map { try Check.instant($0, "sharing_request.expire_time") }
            ?? now.adding(days: defaultDays)
        guard now < expiry, expiry <= now.adding(days: maximumDays) else {
            throw Refusal.invalid(
                "sharing_request.expire_time", "lies in the future, at most \(maximumDays) days ahead")
        }
        return SharingRequest(
            name: name, requester: requester, recipient: words.recipient, purpose: words.purpose,
            items: names.map { Item(resource: $0, decision: .open) }, expireTime: expiry.timestamp, state: .requested)
    }

    private static func isShareable(_ name: String) -> Bool {
        shareable.contains { (try? ResourceName(name, ["organizations", "relationships"] + $0)) != nil }
    }

    /// - Throws: FAILED_PRECONDITION, WRONG_STATE; NOT_FOUND for what the request does not name.
    mutating func decide(_ resource: String, _ decision: Decision, at now: Instant) throws {
        try requireOpen()
        guard let index = items.firstIndex(where: { $0.resource == resource }) else { throw Refusal.notFound(resource) }
        let needed: Decision = decision == .recalled ? .approved : .open
        guard items[index].decision == needed else {
            throw Refusal.wrongState("the item", is: items[index].decision, needs: "\(needed)")
        }
        items[index].decision = decision
        items[index].decideTime = now.timestamp
        state = Self.state(of: items.map(\.decision))
    }

    /// - Returns: what was taken back.
    mutating func recallAll(at now: Instant) throws -> [String] {
        try requireOpen()
        let approved = approvedItems
        guard !approved.isEmpty else { throw Refusal.wrongState("the request", is: state, needs: "an approved item") }
        for resource in approved { try decide(resource, .recalled, at: now) }
        return approved
    }

    mutating func expire() { state = .expired }

    var approvedItems: [String] { items.filter { $0.decision == .approved }.map(\.resource) }

    /// What the recipient sees of it: nothing of what was not released.
    var forRecipient: SharingRequest {
        var copy = self
        copy.items = items.filter { $0.decision == .approved }
        return copy
    }

    private func requireOpen() throws {
        guard state != .expired else { throw Refusal.wrongState("the request", is: state, needs: "one that goes on") }
    }

    static func state(of decisions: [Decision]) -> State {
        let isOpen = decisions.contains(.open)
        if decisions.contains(.approved) { return isOpen ? .partlyApproved : .released }
        if isOpen { return .requested }
        return decisions.contains(.recalled) ? .withdrawn : .refused
    }
}
