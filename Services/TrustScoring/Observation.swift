import Schema
import Standard
import TrustModel

/// One fact that outcomes and the sustaining index are measured from. It is never evidence (docs/domain.md §3.12, §3.13,
/// rules 31 and 32).
struct Observation: Hashable, Sendable {
    enum Kind: String, CaseIterable, Sendable {
        /// At the session's start. `isSet`: the trustor says that they raised something; `value`: the trustee's attention,
        /// 1 to 5, 0 without.
        case sessionHeld = "session.held"
        /// At the session's start.
        case trustorAbsent = "session.trustor_no_show"
        /// `object`: the session; `isSet`: a concern.
        case agendaItem = "agenda.item"
        case obstacle = "obstacle"
        /// `value`: 1 to 5.
        case safety = "pulse.safe_to_raise"
        case motivation = "pulse.motivated"
        /// What the trustor says of a session's depth, at its start. `value`: as the contract numbers it.
        case depth = "session.depth"
        /// About the trustor's team, for roll-ups alone. `object`: the item; `value`: 1 to 5.
        case team = "pulse.team"
        /// The trustor feels treated fairly, for fairness runs alone. `value`: 1 to 5.
        case fair = "pulse.fair"
        /// A chance to grow was offered.
        case opportunity = "opportunity"
        /// `subject`: the goal; `object`: the slot; `isSet`: on time.
        case checkIn = "check_in"
        /// The slot has passed: a trigger. `subject`: the goal.
        case checkInMissed = "check_in.missed"
        /// A goal that its author proposed, or a revision of one.
        case goalSet = "goal.set"
        /// `value`: the ambition, 0 for not rated; `isSet`: open.
        case goalState = "goal.state"
        /// `object`: the goal; `value`: the level, -2 to 2.
        case attainment = "attainment"
        /// The trustor's own commitments.
        case promiseKept = "promise.kept"
        /// `value`: as a share of a kept one.
        case promiseLate = "promise.late"
        case promiseRenegotiated = "promise.renegotiated"
        case promiseMissed = "promise.missed"
        /// The trustee's: accepted, and moved to a later date.
        case coachPromised = "coach.promised"
        case coachRenegotiated = "coach.renegotiated"
        /// A commitment of either. `object`: what asked for it.
        case commitmentProposed = "commitment.proposed"
        /// A decision whose text promises something.
        case decisionPromise = "decision.promise"
        /// A commitment of either is done with: an action of a reflection may be one.
        case commitmentClosed = "commitment.closed"
        /// Since the receiver could read it. `object`: its kind; `value`: the kind that balance counts; `isSet`: it has a
        /// next step.
        case feedback = "feedback"
        /// It says what was done and what that brought about, or its receiver could tell what it is.
        case feedbackConcrete = "feedback.concrete"
        case acknowledged = "feedback.acknowledged"
        case acted = "feedback.acted_on"
        case contextChange = "context.change"
        case agreementRevised = "agreement.revised"
        case agreementSigned = "agreement.signed"
        /// `object`: the change of context that it answers; empty for none.
        case supportPlanned = "support.planned"
        /// Its commitment was accepted. `subject`: the support action.
        case supportAccepted = "support.accepted"
        /// Signed by both. `subject`: the goal; `object`: the change of context that it answers.
        case revision = "revision"
        /// `isSet`: by both; `object`: commitments that came of it, a line each.
        case reflection = "reflection"
        /// `isSet`: a pause began; otherwise it ended.
        case pause = "pause"
    }

    var kind: Kind
    var at: Instant
    /// The resource that it is about.
    var subject: String
    var object = ""
    /// Whose act it is.
    var role = Role.other
    var value = 0.0
    var isSet = false
}

/// What an event changes in the observations of its relationship.
enum ObservationChange: Hashable, Sendable {
    /// - Parameters:
    ///   - replacing: what is forgotten of these kinds about the same subject.
    ///   - once: says nothing new where one of its kind stands with the same subject and object.
    case add(Observation, replacing: Set<Observation.Kind> = [], once: Bool = false)
    case remove(subject: String, kinds: Set<Observation.Kind>)
    case retag(subject: String, to: Double)
}

extension Observation {
    /// Actions of one reflection that are remembered.
    static let maximumActions = 20

    /// - Throws: for an event that no service of this suite writes.
    static func changes(by event: Event) throws -> [ObservationChange] {
        guard let payload = event.payload, let timestamp = event.occurredAt else { return [] }
        return try Observer(event: event, occurredAt: Instant(timestamp)).changes(by: payload)
    }
}

private struct Observer {
    let event: Event
    let occurredAt: Instant

    func changes(by payload: Event.Payload) throws -> [ObservationChange] {
        switch payload {
        case .sessionChanged(let change): try session(change)
        case .agendaItemAdded(let item):
            [add(.agendaItem, item.agendaItem, object: item.session, isSet: item.concern, once: true)]
        case .obstacleChanged(let change):
            event.type == "obstacle.added.v1" ? [add(.obstacle, change.obstacle, once: true)] : []
        case .pulseAnswered(let answer): pulse(answer)
        case .checkInChanged(let change): try checkIn(change)
        case .goalChanged(let change): goal(change)
        case .revisionChanged(let change):
            [add(.revision, change.goal.isEmpty ? change.revision : change.goal, object: change.contextChange)]
                + (change.noChange ? [] : [add(.goalSet, change.revision, once: true)])
        case .attainmentChanged(let change):
            change.countersigned
                ? [
                    .add(
                        Observation(
                            kind: .attainment, at: try instant(change.reviewTime), subject: change.attainment,
                            object: change.goal, value: Double(change.level)), once: true)
                ] : []
        case .commitmentChanged(let change): try commitment(change)
        case .feedbackChanged(let change): try feedback(change)
        case .contextChanged(let change):
            event.type == "context.changed.v1" ? [add(.contextChange, change.contextChange, once: true)] : []
        case .agreementChanged(let change): agreement(change)
        case .supportPlanned(let change):
            event.type == "support.planned.v1"
                ? [add(.supportPlanned, change.supportAction, object: change.contextChange, once: true)] : []
        case .reflectionCompleted(let change): reflection(change)
        case .relationshipChanged(let change): try pause(change)
        case .opportunityOffered(let offer): [add(.opportunity, offer.opportunity, once: true)]
        case .decisionChanged(let change): change.promises ? [add(.decisionPromise, change.decision, once: true)] : []
        case .breachCaseChanged, .reflectBackChanged, .adviceChanged, .leaveChanged, .conflictDisclosed,
            .credentialVerified, .feedbackRequested, .transparencyBroken, .personChanged,
            .programmeChanged, .alertChanged, .rollupPublished, .roundClosed,
            .resourceChanged, .relationshipHandedOver, .personErased, .retentionEnded:
            []
        }
    }

    private static let attendance: Set<Observation.Kind> = [.sessionHeld, .trustorAbsent]

    private func session(_ change: SessionChanged) throws -> [ObservationChange] {
        let start = try instant(change.startTime)
        if event.type == "session.depth_set.v1" {
            return [
                .add(
                    Observation(
                        kind: .depth, at: start, subject: change.session, role: .trustor,
                        value: Double(change.depth.rawValue)),
                    replacing: [.depth])
            ]
        }
        func attended(_ kind: Observation.Kind) -> [ObservationChange] {
            [
                .add(
                    Observation(
                        kind: kind, at: start, subject: change.session, role: .trustor,
                        value: Double(change.trustorAttention), isSet: change.trustorRaised),
                    replacing: Self.attendance)
            ]
        }
        switch (event.type, change.trustorAttested) {
        case ("session.held.v1", .held), ("session.self_attested.v1", .unspecified): return attended(.sessionHeld)
        case ("session.no_show.v1", .trustorNoShow): return attended(.trustorAbsent)
        case ("session.no_show.v1", _), ("session.disputed.v1", _):
            return [.remove(subject: change.session, kinds: Self.attendance)]
        default: return []
        }
    }

    /// SELF_ONLY answers are nobody else's (docs/domain.md rule 20).
    private func pulse(_ answer: PulseAnswered) -> [ObservationChange] {
        guard event.type == "pulse.answered.v1", event.actorRole == .trustor, answer.scope != .selfOnly,
            (1...5).contains(answer.value)
        else { return [] }
        switch answer.item {
        case .safeToRaise: return [add(.safety, answer.pulse, value: Double(answer.value))]
        case .motivated: return [add(.motivation, answer.pulse, value: Double(answer.value))]
        case .fair: return [add(.fair, answer.pulse, value: Double(answer.value))]
        case .teamSpeakUp, .teamShareIdeas, .teamRely:
            return [add(.team, answer.pulse, object: "\(answer.item.rawValue)", value: Double(answer.value))]
        default: return []
        }
    }

    /// The first word on a slot counts: one that was missed stays so, whatever is entered later.
    private func checkIn(_ change: CheckInChanged) throws -> [ObservationChange] {
        let slot = try change.slotTime.map { "\(try Instant($0).microseconds)" } ?? change.checkIn
        let isMissed = event.type == "checkin.missed.v1"
        return [add(.checkIn, change.goal, object: slot, isSet: change.onTime && !isMissed, once: true)]
            + (isMissed ? [add(.checkInMissed, change.goal, object: slot, once: true)] : [])
    }

    private func goal(_ change: GoalChanged) -> [ObservationChange] {
        let isOpen = [.proposed, .active, .atRisk].contains(change.state)
        let state = add(.goalState, change.goal, value: Double(change.ambition), isSet: isOpen)
        let isOwn = event.type == "goal.proposed.v1" && event.actorRole == .trustor
        return [state] + (isOwn ? [add(.goalSet, change.goal, once: true)] : [])
    }

    private static let outcomes: Set<Observation.Kind> = [.promiseKept, .promiseLate, .promiseMissed]

    /// A renegotiation and its final result both count; what is released, lapsed or void does not (docs/domain.md
    /// rule 31).
    private func commitment(_ change: CommitmentChanged) throws -> [ObservationChange] {
        let subject = change.commitment
        var changes: [ObservationChange] = []
        let isOwn = change.ownerRole == .trustor
        func promise(
            _ kind: Observation.Kind, at instant: Instant, value: Double = 0, replacing: Set<Observation.Kind> = []
        ) {
            guard isOwn else { return }
            let observation = Observation(kind: kind, at: instant, subject: subject, role: .trustor, value: value)
            changes.append(.add(observation, replacing: replacing))
        }
        switch event.type {
        case "commitment.kept.v1", "commitment.kept_unconfirmed.v1":
            promise(.promiseKept, at: try instant(change.claimTime), value: 1, replacing: Self.outcomes)
        case "commitment.kept_late.v1":
            // The miss stays for the days until the claim.
            let value = max(0.2, 0.8 - 0.1 * Double(max(0, change.daysLate)))
            promise(.promiseLate, at: try instant(change.claimTime), value: value, replacing: [.promiseLate])
        case "commitment.renegotiated.v1":
            if change.ownerRole == .trustee { changes.append(add(.coachRenegotiated, subject)) }
            promise(.promiseRenegotiated, at: try instant(change.renegotiateTime), value: 0.7)
        case "commitment.missed.v1": promise(.promiseMissed, at: occurredAt, replacing: Self.outcomes)
        case "commitment.proposed.v1":
            if !change.source.isEmpty {
                changes.append(add(.commitmentProposed, subject, object: change.source, once: true))
            }
        case "commitment.accepted.v1":
            if change.ownerRole == .trustee { changes.append(add(.coachPromised, subject, once: true)) }
            if !change.source.isEmpty { changes.append(add(.supportAccepted, change.source, once: true)) }
        case "commitment.disputed.v1", "commitment.voided.v1":
            changes.append(.remove(subject: subject, kinds: Self.outcomes.union([.commitmentClosed])))
        default: break
        }
        if ["commitment.kept.v1", "commitment.kept_late.v1", "commitment.released.v1"].contains(event.type) {
            changes.append(add(.commitmentClosed, subject, once: true))
        }
        return changes
    }

    private func feedback(_ change: FeedbackChanged) throws -> [ObservationChange] {
        let item = change.feedbackItem
        let effective = change.effectiveKind == .unspecified ? change.kind : change.effectiveKind
        switch event.type {
        case "feedback.delivered.v1":
            return [
                .add(
                    Observation(
                        kind: .feedback, at: try instant(change.revealTime), subject: item,
                        object: "\(change.kind.rawValue)", role: change.authorRole, value: Double(effective.rawValue),
                        isSet: change.hasNextStep || change.complete), once: true)
            ] + (change.concrete ? [add(.feedbackConcrete, item, once: true)] : [])
        case "feedback.tagged.v1":
            return [.retag(subject: item, to: Double(effective.rawValue)), add(.feedbackConcrete, item, once: true)]
        case "feedback.acknowledged.v1": return [add(.acknowledged, item, once: true)]
        case "feedback.acted_on.v1": return [add(.acted, item, once: true)]
        case "feedback.withdrawn.v1":
            return [.remove(subject: item, kinds: [.feedback, .feedbackConcrete, .acknowledged, .acted])]
        default: return []
        }
    }

    /// The first agreement is what the relationship begins with; a later revision waits for both signatures.
    private func agreement(_ change: AgreementChanged) -> [ObservationChange] {
        switch event.type {
        case "agreement.revised.v1" where change.revision > 1: [add(.agreementRevised, change.agreement, once: true)]
        case "agreement.signed.v1": [add(.agreementSigned, change.agreement, once: true)]
        default: []
        }
    }

    private func reflection(_ change: ReflectionCompleted) -> [ObservationChange] {
        guard change.byTrustor || change.byTrustee else { return [] }
        return [
            add(
                .reflection, change.reflection,
                object: change.actions.prefix(Observation.maximumActions).joined(separator: "\n"),
                isSet: change.byTrustor && change.byTrustee, once: true)
        ]
    }

    private func pause(_ change: RelationshipChanged) throws -> [ObservationChange] {
        guard let relationship = change.relationship else { return [] }
        if let pausedSince = change.pausedSince {
            let began = Observation(kind: .pause, at: try Instant(pausedSince), subject: relationship.name, isSet: true)
            return [.add(began), add(.pause, relationship.name)]
        }
        return event.type == "relationship.paused.v1" ? [add(.pause, relationship.name, isSet: true)] : []
    }

    private func add(
        _ kind: Observation.Kind, _ subject: String, object: String = "", value: Double = 0, isSet: Bool = false,
        once: Bool = false
    ) -> ObservationChange {
        .add(
            Observation(
                kind: kind, at: occurredAt, subject: subject, object: object, role: event.actorRole, value: value,
                isSet: isSet), once: once)
    }

    private func instant(_ timestamp: Timestamp?) throws -> Instant {
        try timestamp.map { try Instant($0) } ?? occurredAt
    }
}
