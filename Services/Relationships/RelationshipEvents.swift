import Schema
import ServiceKit

/// What the other services hear: ids, states and instants, never text (docs/domain.md §6.6,
/// rules 4, 24 and 25). A resource is published as it was saved, with its etag.
extension Change {
    func publish(_ type: String, _ relationship: Relationship) throws {
        try publish(type, .relationshipChanged(RelationshipChanged(relationship: relationship)))
    }

    func publish(_ type: String, _ agreement: Agreement) throws {
        try publish(
            type,
            .agreementChanged(
                AgreementChanged(agreement: agreement.name, revision: agreement.revision, state: agreement.state)))
    }

    func publish(_ type: String, _ session: Session, occurredAt: Instant? = nil) throws {
        let payload = SessionChanged(
            session: session.name, startTime: session.startTime, state: session.state,
            trustorAttested: session.word(of: relationship.trustor) ?? .unspecified,
            trusteeAttested: session.word(of: relationship.trustee) ?? .unspecified, intentTime: session.intentTime)
        try publish(type, .sessionChanged(payload), occurredAt: occurredAt)
    }

    func publish(_ type: String, _ commitment: Commitment, occurredAt: Instant? = nil) throws {
        let payload = CommitmentChanged(
            commitment: commitment.name, ownerRole: role(of: commitment.owner), state: commitment.state,
            dueTime: commitment.dueTime, claimTime: commitment.claimTime,
            renegotiateTime: commitment.renegotiateTime, source: commitment.source,
            daysLate: try commitment.daysLate)
        try publish(type, .commitmentChanged(payload), occurredAt: occurredAt)
    }

    func publish(_ type: String, _ breachCase: BreachCase) throws {
        try publish(
            type,
            .breachCaseChanged(
                BreachCaseChanged(
                    breachCase: breachCase.name, kind: breachCase.kind, subject: breachCase.subject,
                    state: breachCase.state)))
    }

    func publish(_ type: String, _ decision: Decision) throws {
        let payload = DecisionChanged(
            decision: decision.name, authorRole: role(of: decision.author),
            affectsTrustor: decision.affects.contains(relationship.trustor), decideTime: decision.decideTime,
            explainTime: decision.explainTime)
        try publish(type, .decisionChanged(payload))
    }

    func publish(_ type: String, _ reflectBack: ReflectBack) throws {
        try publish(
            type,
            .reflectBackChanged(
                ReflectBackChanged(
                    reflectBack: reflectBack.name, session: reflectBack.session, verdict: reflectBack.verdict)))
    }

    func publish(_ type: String, _ advice: Advice) throws {
        try publish(type, .adviceChanged(AdviceChanged(advice: advice.name, rating: advice.rating)))
    }

    func publish(_ type: String, _ change: ContextChange) throws {
        try publish(
            type,
            .contextChanged(
                ContextChanged(
                    contextChange: change.name, type: change.type, effectiveTime: change.effectiveTime,
                    external: change.external)))
    }
}
