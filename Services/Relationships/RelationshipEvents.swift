import Schema
import ServiceKit

/// What the other services hear: ids, states and instants, never text (docs/domain.md §6.6,
/// rules 4, 24 and 25). A resource is published as it was saved, with its etag.
extension Change {
    /// - Parameter pausedSince: when a pause began that this ends.
    func publish(_ type: String, _ relationship: Relationship, pausedSince: Instant? = nil) throws {
        let payload = RelationshipChanged(relationship: relationship, pausedSince: pausedSince?.timestamp)
        try publish(type, .relationshipChanged(payload))
    }

    func publish(_ type: String, _ agreement: Agreement) throws {
        try publish(
            type,
            .agreementChanged(
                AgreementChanged(agreement: agreement.name, revision: agreement.revision, state: agreement.state)))
    }

    func publish(
        _ type: String, _ session: Session, occurredAt: Instant? = nil, previousStart: Instant? = nil,
        late: Bool = false
    ) throws {
        let trustor = session.attestations.first { $0.person == relationship.trustor }
        let payload = SessionChanged(
            session: session.name, startTime: session.startTime, state: session.state,
            trustorAttested: trustor?.outcome ?? .unspecified,
            trusteeAttested: session.word(of: relationship.trustee) ?? .unspecified, intentTime: session.intentTime,
            trustorRaised: trustor?.raised ?? false, trustorAttention: trustor?.attention ?? 0,
            previousStartTime: previousStart?.timestamp, late: late, depth: session.depth,
            cancelTime: session.cancellation?.cancelTime)
        try publish(type, .sessionChanged(payload), occurredAt: occurredAt)
    }

    func publish(_ type: String, _ commitment: Commitment, occurredAt: Instant? = nil) throws {
        let payload = CommitmentChanged(
            commitment: commitment.name, ownerRole: role(of: commitment.owner), state: commitment.state,
            dueTime: commitment.dueTime, claimTime: commitment.claimTime,
            renegotiateTime: commitment.renegotiateTime, source: commitment.source,
            daysLate: try commitment.daysLate, trivial: commitment.trivial)
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

    /// - Parameter denied: the affected one said that the explanation does not explain.
    func publish(_ type: String, _ decision: Decision, denied: Bool = false) throws {
        let payload = DecisionChanged(
            decision: decision.name, authorRole: role(of: decision.author),
            affectsTrustor: decision.affects.contains(relationship.trustor), decideTime: decision.decideTime,
            explainTime: decision.explainTime, knowWhyDenied: denied, promises: PromiseWords.occur(in: decision.what))
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

    func publish(_ type: String, _ item: AgendaItem, of session: String) throws {
        try publish(
            type,
            .agendaItemAdded(AgendaItemAdded(agendaItem: item.name, session: session, concern: item.concern)))
    }

    /// What both, or one alone, have reflected: named by the first.
    func publish(_ type: String, _ reflections: [Schema.Reflection]) throws {
        let parties = Set(reflections.map(\.party))
        var actions: [String] = []
        for action in reflections.flatMap(\.actions) where !actions.contains(action) { actions.append(action) }
        let payload = ReflectionCompleted(
            reflection: reflections.first?.name ?? "", byTrustor: parties.contains(relationship.trustor),
            byTrustee: parties.contains(relationship.trustee), actions: actions)
        try publish(type, .reflectionCompleted(payload))
    }

    /// In the transaction of the act itself (docs/domain.md §4.3).
    func publishBroken(_ rule: TransparencyRule, _ subject: String) throws {
        try publish(
            "transparency.broken.v1", .transparencyBroken(TransparencyBroken(rule: rule, subject: subject)))
    }

    /// Belongs to a person: to no relationship's stream.
    func publish(_ type: String, _ window: LeaveWindow, of person: String, deleted: Bool = false) throws {
        let payload = LeaveChanged(
            leaveWindow: window.name, person: person, startTime: window.startTime, endTime: window.endTime,
            deleted: deleted)
        try publish(type, .leaveChanged(payload))
    }

    /// Where somebody belongs, never who it is: to no relationship's stream.
    func publish(_ person: Person) throws {
        try publish(
            "person.changed.v1",
            .personChanged(
                PersonChanged(person: person.name, unit: person.unit, level: person.level, active: person.active)))
    }

    func publish(_ programme: Programme) throws {
        try publish(
            "programme.changed.v1",
            .programmeChanged(
                ProgrammeChanged(programme: programme.name, minimumGroupSize: programme.minimumGroupSize)))
    }

    func publish(_ type: String, _ disclosure: ConflictDisclosure) throws {
        try publish(type, .conflictDisclosed(ConflictDisclosed(disclosure: disclosure.name)))
    }

    func publish(_ type: String, _ credential: Credential) throws {
        try publish(type, .credentialVerified(CredentialVerified(person: credential.person)))
    }
}
