import Schema
import ServiceKit

/// What the other services learn (docs/domain.md §6.6, rules 10, 11 and 25): never a text.
extension Change {
    func publishRequest(_ request: FeedbackRequest) throws {
        try publish(
            "feedback.requested.v1",
            .feedbackRequested(
                FeedbackRequested(feedbackRequest: request.name, blind: request.blind, dueTime: request.dueTime)))
    }

    /// `feedback.delivered.v1`, from which Trust derives evidence, dated when the receiver can read it; a RECOGNITION is
    /// announced to everybody else besides.
    func publishDelivery(of item: FeedbackItem) throws {
        try publish("feedback.delivered.v1", payload(item))
        if item.kind == .recognition { try publish("recognition.given.v1", payload(item)) }
    }

    func publishAcknowledgement(of item: FeedbackItem, inTime: Bool) throws {
        try publish("feedback.acknowledged.v1", payload(item, inTime: inTime))
    }

    func publishWithdrawal(of item: FeedbackItem) throws {
        try publish("feedback.withdrawn.v1", payload(item))
    }

    func publishTag(of item: FeedbackItem) throws {
        try publish("feedback.tagged.v1", payload(item))
    }

    /// Its state says what came of it.
    func publishAction(on item: FeedbackItem) throws {
        try publish("feedback.acted_on.v1", payload(item))
    }

    /// Dated at the end of the 72 hours, which is this change's instant.
    func publishMissingAcknowledgement(of item: FeedbackItem) throws {
        try publish("feedback.unacknowledged.v1", payload(item))
    }

    /// A SELF_ONLY answer is nobody else's and stays here (docs/domain.md rule 20).
    func publishAnswer(_ pulse: Pulse) throws {
        guard pulse.scope == .shared else { return }
        try publish(
            "pulse.answered.v1",
            .pulseAnswered(PulseAnswered(pulse: pulse.name, item: pulse.item, value: pulse.value, scope: pulse.scope)))
    }

    /// Whether anything was released is the subject's alone to know.
    func publishClose(of round: Round) throws {
        try publish("round.closed.v1", .roundClosed(RoundClosed(round: round.name, state: round.state)))
    }

    private func payload(_ item: FeedbackItem, inTime: Bool = false) -> Event.Payload {
        .feedbackChanged(
            FeedbackChanged(
                feedbackItem: item.name, authorRole: role(of: item.author), kind: item.kind, state: item.state,
                complete: item.isComplete, deliverTime: item.deliverTime, inTime: inTime,
                effectiveKind: item.effectiveKind, hasNextStep: item.nextStep.saysSomething,
                revealTime: item.revealTime, concrete: item.isConcrete))
    }
}
