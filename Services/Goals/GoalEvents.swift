import Schema
import ServiceKit

/// What the other services learn (docs/domain.md §6.6, rules 12, 14 and 25): never a text.
extension Change {
    func publishProposal(of goal: Goal) throws {
        try publish("goal.proposed.v1", payload(goal))
    }

    func publishActivation(of goal: Goal) throws {
        try publish("goal.activated.v1", payload(goal))
    }

    /// The goal is decided; its state says how.
    func publishOutcome(of goal: Goal) throws {
        try publish("goal.attained.v1", payload(goal))
    }

    func publishPromise(_ action: SupportAction, isFirstAdaptation: Bool) throws {
        try publish(
            "support.planned.v1",
            .supportPlanned(
                SupportPlanned(
                    supportAction: action.name, commitment: action.commitment, contextChange: action.contextChange,
                    firstAdaptation: isFirstAdaptation)))
    }

    /// Dated at the review, since that is when the goal stood there (docs/domain.md rule 4).
    func publishCountersignature(of attainment: Attainment, of goal: Goal) throws {
        try publish(
            "attainment.countersigned.v1",
            .attainmentChanged(
                AttainmentChanged(
                    attainment: attainment.name, goal: goal.name, goalType: goal.type, level: attainment.level,
                    reviewTime: attainment.reviewTime, countersigned: true, reviewPoint: attainment.reviewPoint)),
            occurredAt: try Check.instant(attainment.reviewTime, "review_time"))
    }

    private func payload(_ goal: Goal) -> Event.Payload {
        .goalChanged(GoalChanged(goal: goal.name, type: goal.type, state: goal.state))
    }
}
