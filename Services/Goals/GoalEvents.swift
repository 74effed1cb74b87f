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

    func publishRisk(of goal: Goal) throws {
        try publish("goal.at_risk.v1", payload(goal))
    }

    func publishRetirement(of goal: Goal) throws {
        try publish("goal.retired.v1", payload(goal))
    }

    /// Signed by both.
    func publish(_ revision: Revision, of goal: Goal) throws {
        try publish(
            "goal.revised.v1",
            .revisionChanged(
                RevisionChanged(
                    revision: revision.name, goal: goal.name, noChange: revision.noChange,
                    contextChange: revision.contextChange)))
    }

    func publish(_ checkIn: CheckIn, of goal: Goal) throws {
        try publish(
            "checkin.recorded.v1",
            .checkInChanged(
                CheckInChanged(
                    checkIn: checkIn.name, goal: goal.name, slotTime: checkIn.slotTime, onTime: !checkIn.late)))
    }

    /// Dated 24 h after the slot, which is this change's instant.
    func publishMissedCheckIn(of goal: Goal, slot: Instant) throws {
        try publish(
            "checkin.missed.v1", .checkInChanged(CheckInChanged(goal: goal.name, slotTime: slot.timestamp)))
    }

    /// - Parameter type: obstacle.added.v1 or obstacle.acknowledged.v1.
    func publish(_ obstacle: Obstacle, _ type: String) throws {
        try publish(
            type,
            .obstacleChanged(
                ObstacleChanged(
                    obstacle: obstacle.name, goal: obstacle.goal, external: obstacle.external,
                    acknowledged: obstacle.acknowledged)))
    }

    func publish(_ opportunity: Opportunity) throws {
        try publish(
            "opportunity.offered.v1", .opportunityOffered(OpportunityOffered(opportunity: opportunity.name)))
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
        .goalChanged(
            GoalChanged(
                goal: goal.name, type: goal.type, state: goal.state, dueTime: goal.dueTime, ambition: goal.ambition))
    }
}
