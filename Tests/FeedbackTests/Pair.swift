import RPC
import Schema
import ServiceKit
import ServiceKitTesting
import Standard

@testable import Feedback

/// A coach and a coachee, and the service that they talk to.
struct Pair {
    static let monday = Instant(microseconds: 1_790_000_000_000_000)

    let host: TestHost<FeedbackService>
    let relationship: Relationship

    init(importing: Bool = false, state: Relationship.State = .active) async throws {
        // History lies behind the clock.
        host = try await TestHost(FeedbackService.self, at: importing ? Self.monday.adding(days: 200) : Self.monday)
        relationship = try await host.relationship(state: state, importing: importing)
    }

    var service: FeedbackService { host.service }
    var name: String { relationship.name }
    var coach: ServerContext { host.context(person: relationship.trustee, scopes: ["import"]) }
    var coachee: ServerContext { host.context(person: relationship.trustor, scopes: ["import"]) }

    /// From the one who calls to the other one.
    func deliver(
        _ kind: FeedbackItem.Kind = .constructive, by giver: ServerContext, at instant: Instant? = nil
    ) async throws -> FeedbackItem {
        let words = FeedbackItem(
            kind: kind, situation: "The call", behaviour: "You interrupted", impact: "They closed up",
            nextStep: "Count to three", strength: "Good questions")
        let draft = try await service.createFeedback(
            CreateFeedbackRequest(parent: name, feedbackItem: words, occurredAt: instant?.timestamp), giver)
        var item = try await service.deliverFeedback(
            DeliverFeedbackRequest(name: draft.name, occurredAt: instant?.timestamp), giver)
        // Advice stands in the answer alone.
        item.hints = []
        return item
    }

    func acknowledge(
        _ item: FeedbackItem, by receiver: ServerContext, at instant: Instant? = nil
    ) async throws -> FeedbackItem {
        try await service.acknowledgeFeedback(
            AcknowledgeFeedbackRequest(name: item.name, occurredAt: instant?.timestamp), receiver)
    }

    func answer(
        _ item: Pulse.Item, _ value: Int32 = 4, scope: Pulse.Scope = .shared, by caller: ServerContext? = nil,
        at instant: Instant? = nil
    ) async throws -> Pulse {
        try await service.submitPulse(
            SubmitPulseRequest(parent: name, item: item, value: value, scope: scope, occurredAt: instant?.timestamp),
            caller ?? coachee)
    }

    func events(_ type: String) async throws -> [Event] {
        try await host.events().filter { $0.type == type }
    }
}

extension Event {
    var feedback: FeedbackChanged? {
        if case .feedbackChanged(let change) = payload { change } else { nil }
    }
}

/// Code and stable reason of the refusal, nil when nothing is refused.
func refusal<T>(_ body: () async throws -> T) async -> String? {
    do {
        _ = try await body()
        return nil
    } catch {
        return (error as? Refusal).map { "\($0.code.name) \($0.reason)" } ?? "\(error)"
    }
}
