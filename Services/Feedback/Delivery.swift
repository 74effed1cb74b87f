import Schema
import ServiceKit
import Storage

/// A deadline is a duty: what happens at it, and as long as it stands, what is judged by it. So a pause moves both
/// (docs/domain.md rule 28).
enum Duties {
    /// 72 h after the receiver could read an item. Only of items from trustor to trustee it is said that nobody answered
    /// (docs/domain.md rule 11).
    static let acknowledgement = "acknowledgement"
    /// 24 h after that: the end of the time in which it may be taken back. Nothing happens at it.
    static let withdrawal = "withdrawal"
    /// 7 d after the first delivery into a blind exchange; for its request.
    static let reveal = "reveal"
    /// A request's due date.
    static let request = "request"
    /// The closing time of a round.
    static let round = "round"
}

extension FeedbackService {
    func fire(_ duty: Duty, _ change: Change) throws {
        guard case .text(let name) = duty.key, try !change.isAfterEnd else { return }
        switch duty.kind {
        case Duties.acknowledgement:
            guard let item = try change.find(Tables.feedbackItems, name), change.role(of: item.author) == .trustor
            else { return }
            try change.publishMissingAcknowledgement(of: item)
        case Duties.reveal:
            try change.revealExchange(of: name)
        case Duties.request:
            guard var request = try change.find(Tables.feedbackRequests, name), request.expire(at: change.now)
            else { return }
            _ = try change.update(Tables.feedbackRequests, request)
        case Duties.round:
            guard var round = try change.find(Tables.rounds, name), round.state == .open else { return }
            try change.close(&round, runtime.secret)
        default: return
        }
    }
}

extension Change {
    /// Feedback is a person's word: no service gives or takes it.
    func requireParty() throws {
        guard role == .trustor || role == .trustee else {
            throw Refusal.roleForbidden("only the coach or the coachee may do this")
        }
    }

    var otherParty: String { person(role == .trustor ? .trustee : .trustor) }

    /// A draft from the one who acts to the other one.
    func draft(_ words: FeedbackItem) throws -> FeedbackItem {
        let request = try words.feedbackRequest.isEmpty ? nil : answerable(words.feedbackRequest)
        return try FeedbackItem.draft(
            words, named: newName("feedbackItems", in: relationship.name), from: actor, to: otherParty,
            answering: request, at: now)
    }

    /// Delivers a draft, with all that follows from it.
    func deliver(_ item: inout FeedbackItem) throws {
        try item.deliver(by: actor, at: now)
        if !item.feedbackRequest.isEmpty { _ = try answerable(item.feedbackRequest) }
        try noteStrength(of: item)
        guard item.blindExchange.isEmpty else { return try join(&item) }
        try announce(item)
        if !item.feedbackRequest.isEmpty { try settle(item.feedbackRequest, with: item) }
    }

    /// The receiver can read it from now on: this is its delivery for everybody else, and its clocks begin.
    func announce(_ item: FeedbackItem) throws {
        try publishDelivery(of: item)
        try expect(
            Duties.acknowledgement, of: item.name, until: now.adding(hours: FeedbackItem.acknowledgementHours))
        try expect(Duties.withdrawal, of: item.name, until: now.adding(hours: FeedbackItem.withdrawalHours))
    }

    /// A request has its answer when the asker can read what the giver wrote.
    func settle(_ name: String, with item: FeedbackItem) throws {
        var request = try get(Tables.feedbackRequests, name)
        guard item.author == request.giver else { return }
        request.answer(with: item, at: now)
        try cancel(Duties.request, for: name)
        _ = try update(Tables.feedbackRequests, request)
    }

    func expect(_ kind: String, of name: String, until due: Instant) throws {
        // The event that says so may still be on its way, while the owner's answer is known (docs/domain.md rule 1).
        if relationship.importing { try hold(relationship.name) }
        try schedule(kind, for: name, at: due)
    }

    private func answerable(_ name: String) throws -> FeedbackRequest {
        guard try ResourceName.relationship(of: name).text == relationship.name else {
            throw Refusal.invalid("feedback_item.feedback_request", "belongs to another relationship")
        }
        let request = try get(Tables.feedbackRequests, name)
        try request.requireAnswerable(by: actor)
        return request
    }
}
