import Schema
import Standard
import TrustModel

/// What an event means for the log of its relationship.
enum Consequence: Hashable, Sendable {
    case evidence(Draft)
    /// The trustor accepted the repair of what is known about a resource.
    case repair(of: String, at: Instant)
    /// Evidence of these kinds about a resource was no fact after all; with an instant, only what occurred at it.
    case retraction(of: String, kinds: Set<EvidenceKind>, at: Instant? = nil)

    /// Evidence, but for the identity that the event gives it and the people that the relationship knows.
    struct Draft: Hashable, Sendable {
        var kind: EvidenceKind
        var at: Instant
        /// The resources behind the fact; the first is the one that it is about.
        var about: [String]
        var measure = Measure.none
        var isTrivial = false
        /// Who vouches for it, when not the one of the kind.
        var sourceClass: SourceClass?
        /// It supersedes what stands of these kinds about the same resource: one business fact, one evidence.
        var replacing: Set<EvidenceKind> = []
        /// It says nothing new where one of these stands about the same resource.
        var unless: Set<EvidenceKind> = []
    }
}

/// Acts of the trustee and statements of the trustor become evidence, each dated at its own instant; nothing else does
/// (docs/domain.md §3.2, rules 3 to 16, 18 and 29).
///
/// | evidence | event | instant |
/// |---|---|---|
/// | commitment.kept, kept_late | commitment.kept, kept_unconfirmed, kept_late | the claim |
/// | commitment.renegotiated | commitment.renegotiated, once accepted | the request for it |
/// | commitment.missed, abandoned | the same | due + grace; 7 d later |
/// | session.held, trustee_no_show | session.held, self_attested, no_show | the session's start |
/// | session.cancelled_late | session.cancelled, rescheduled by the trustee, < 24 h ahead | that |
/// | session.rescheduled_by_trustee | session.rescheduled by the trustee, ≥ 24 h ahead | that |
/// | intent.stated | session.intent_stated, ≥ 24 h ahead | the statement |
/// | decision.explained | decision.explained | when the reason became visible |
/// | decision.unexplained | decision.unexplained | decision + 48 h, or the trustor's NO |
/// | conflict.disclosed | the same, by the trustee | the disclosure |
/// | record.altered…, confidentiality.breach… | breach.confirmed of that kind | the finding |
/// | reflection.*, advice.* | reflect_back.judged, advice.rated | the judgement |
/// | credential.verified | the same, once | the verification |
/// | feedback.*, recognition.given | feedback.delivered | the delivery, or the reveal |
/// | response.in_sla, late | feedback.acknowledged in time, unacknowledged | that; delivery + 72 h |
/// | goal.gas | attainment.countersigned | the review |
/// | support.adapted | support.planned, the first for a change of context | the promise |
/// | context.ignored | the same, by the trustor, before any adaptation | the report |
/// | pulse.* | pulse.answered | the answer |
struct Derivation {
    private let event: Event
    private let occurredAt: Instant

    /// - Throws: for an event that no service of this suite writes: without an instant, or with one that is none.
    static func consequences(of event: Event) throws -> [Consequence] {
        guard let payload = event.payload, let occurredAt = event.occurredAt else { return [] }
        return try Derivation(event: event, occurredAt: Instant(occurredAt)).consequences(of: payload)
    }

    private func consequences(of payload: Event.Payload) throws -> [Consequence] {
        switch payload {
        case .commitmentChanged(let change): try commitment(change)
        case .sessionChanged(let change): try session(change)
        case .breachCaseChanged(let change): breach(change)
        case .decisionChanged(let change): try decision(change)
        case .reflectBackChanged(let change): reflection(change)
        case .adviceChanged(let change): advice(change)
        case .feedbackChanged(let change): try feedback(change)
        case .pulseAnswered(let answer): pulse(answer)
        case .supportPlanned(let support): adaptation(support)
        case .contextChanged(let change): neglect(of: change)
        case .conflictDisclosed(let disclosure): conflict(disclosure)
        case .credentialVerified(let credential): self.credential(credential)
        case .attainmentChanged(let change): try attainment(change)
        case .relationshipChanged, .agreementChanged, .goalChanged, .agendaItemAdded, .reflectionCompleted,
            .leaveChanged, .feedbackRequested, .checkInChanged, .obstacleChanged, .revisionChanged,
            .opportunityOffered, .transparencyBroken, .personChanged, .programmeChanged, .alertChanged,
            .rollupPublished, .roundClosed, .resourceChanged, .relationshipHandedOver, .personErased, .retentionEnded:
            []
        }
    }

    // MARK: Reliability

    private static let outcomes: Set<EvidenceKind> = [
        .commitmentKept, .commitmentKeptLate, .commitmentMissed, .commitmentAbandoned,
    ]

    /// Only the trustee's promises: missed → abandoned, missed → kept late and unconfirmed → confirmed supersede each
    /// other; a renegotiation stands for itself (docs/domain.md rules 5, 6, 13 and 27).
    private func commitment(_ change: CommitmentChanged) throws -> [Consequence] {
        guard change.ownerRole == .trustee else { return [] }
        func outcome(
            _ kind: EvidenceKind, at instant: Instant, _ measure: Measure = .none, _ source: SourceClass? = nil
        ) -> [Consequence] {
            [
                .evidence(
                    .init(
                        kind: kind, at: instant, about: [change.commitment], measure: measure,
                        isTrivial: change.trivial, sourceClass: source, replacing: Self.outcomes))
            ]
        }
        switch event.type {
        case "commitment.kept.v1": return outcome(.commitmentKept, at: try instant(change.claimTime))
        case "commitment.kept_unconfirmed.v1":
            return outcome(.commitmentKept, at: try instant(change.claimTime), .none, .unconfirmed)
        case "commitment.kept_late.v1":
            return outcome(.commitmentKeptLate, at: try instant(change.claimTime), .daysLate(Int(change.daysLate)))
        case "commitment.missed.v1": return outcome(.commitmentMissed, at: occurredAt)
        case "commitment.abandoned.v1": return outcome(.commitmentAbandoned, at: occurredAt)
        case "commitment.renegotiated.v1":
            return [
                .evidence(
                    .init(
                        kind: .commitmentRenegotiated, at: try instant(change.renegotiateTime),
                        about: [change.commitment], isTrivial: change.trivial))
            ]
        case "commitment.disputed.v1", "commitment.voided.v1":
            return [.retraction(of: change.commitment, kinds: Self.outcomes)]
        default: return []
        }
    }

    private static let attendance: Set<EvidenceKind> = [.sessionHeld, .sessionTrusteeNoShow]

    /// The trustor's word makes a fact of a session; the trustee's alone a self-report (docs/domain.md rules 7, 8).
    private func session(_ change: SessionChanged) throws -> [Consequence] {
        let start = try instant(change.startTime)
        func attended(_ kind: EvidenceKind, _ source: SourceClass? = nil) -> [Consequence] {
            [
                .evidence(
                    .init(
                        kind: kind, at: start, about: [change.session], sourceClass: source,
                        replacing: Self.attendance))
            ]
        }
        switch (event.type, change.trustorAttested) {
        case ("session.held.v1", .held): return attended(.sessionHeld)
        case ("session.self_attested.v1", .unspecified) where change.trusteeAttested == .held:
            return attended(.sessionHeld, .selfReport)
        case ("session.no_show.v1", .trusteeNoShow): return attended(.sessionTrusteeNoShow)
        case ("session.no_show.v1", .trustorNoShow):
            return [.retraction(of: change.session, kinds: Self.attendance)]
        case ("session.disputed.v1", _):
            // It may be the cancellation that is in doubt: what an earlier change of the time was stays.
            let cancelled = try change.cancelTime.map { try instant($0) }
            return [.retraction(of: change.session, kinds: Self.attendance)]
                + (cancelled.map { [.retraction(of: change.session, kinds: [.sessionCancelledLate], at: $0)] } ?? [])
        case ("session.cancelled.v1", _) where event.actorRole == .trustee:
            let isLate = change.late || occurredAt > start.advanced(byHours: -24)
            return isLate ? one(.sessionCancelledLate, change.session) : []
        case ("session.rescheduled.v1", _) where event.actorRole == .trustee:
            // The notice is that of the time which the other had kept free (docs/domain.md rule 29).
            let former = try instant(change.previousStartTime ?? change.startTime)
            let isLate = change.late || occurredAt > former.advanced(byHours: -24)
            return one(isLate ? .sessionCancelledLate : .sessionRescheduledByTrustee, change.session)
        case ("session.intent_stated.v1", _):
            let stated = try instant(change.intentTime)
            guard stated <= start.advanced(byHours: -24) else { return [] }
            return [
                .evidence(
                    .init(kind: .intentStated, at: stated, about: [change.session], unless: [.intentStated]))
            ]
        default: return []
        }
    }

    // MARK: Integrity

    /// A missed promise and an absence are evidence by themselves: their case is only what gets repaired. The finding
    /// that confirms a breach of confidentiality or an altered record is the evidence (docs/domain.md rule 9).
    private func breach(_ change: BreachCaseChanged) -> [Consequence] {
        let found: EvidenceKind? =
            switch change.kind {
            case .confidentiality: .confidentialityBreachConfirmed
            case .recordAltered: .recordAlteredAfterSignoff
            default: nil
            }
        let about = found == nil ? change.subject : change.breachCase
        switch event.type {
        case "breach.confirmed.v1": return found.map { one($0, about) } ?? []
        case "breach.not_confirmed.v1": return found.map { [.retraction(of: about, kinds: [$0])] } ?? []
        case "breach.repaired.v1" where event.actorRole == .trustor: return [.repair(of: about, at: occurredAt)]
        default: return []
        }
    }

    private func conflict(_ disclosure: ConflictDisclosed) -> [Consequence] {
        guard event.type == "conflict.disclosed.v1", event.actorRole == .trustee else { return [] }
        return one(.conflictDisclosed, disclosure.disclosure)
    }

    /// Decisions of the trustee that affect the trustor. "I don't know why" within 7 d takes the explanation back
    /// (docs/domain.md rules 18 and 29).
    private func decision(_ change: DecisionChanged) throws -> [Consequence] {
        guard change.authorRole == .trustee, change.affectsTrustor else { return [] }
        switch event.type {
        case "decision.explained.v1":
            return [
                .evidence(
                    .init(kind: .decisionExplained, at: try instant(change.explainTime), about: [change.decision]))
            ]
        case "decision.unexplained.v1":
            return [
                .evidence(
                    .init(
                        kind: .decisionUnexplained, at: occurredAt, about: [change.decision],
                        replacing: [.decisionExplained]))
            ]
        default: return []
        }
    }

    // MARK: Competence

    /// The trustor's rating; a changed one supersedes the first (docs/domain.md rule 15).
    private func advice(_ change: AdviceChanged) -> [Consequence] {
        guard event.type == "advice.rated.v1", event.actorRole == .trustor else { return [] }
        let kinds: Set<EvidenceKind> = [.adviceHelpful, .adviceUnhelpful]
        let kind: EvidenceKind
        switch change.rating {
        case .helpful: kind = .adviceHelpful
        case .unhelpful: kind = .adviceUnhelpful
        default: return []
        }
        return [.evidence(.init(kind: kind, at: occurredAt, about: [change.advice], replacing: kinds))]
    }

    /// One side recorded, the other countersigned; an experiment is never evidence (docs/domain.md rule 14).
    private func attainment(_ change: AttainmentChanged) throws -> [Consequence] {
        guard event.type == "attainment.countersigned.v1", change.countersigned, change.goalType != .experiment else {
            return []
        }
        return [
            .evidence(
                .init(
                    kind: .goalAttainment, at: try instant(change.reviewTime), about: [change.attainment, change.goal],
                    measure: .attainment(Int(change.level)), unless: [.goalAttainment]))
        ]
    }

    /// Once for the relationship, whoever verified it.
    private func credential(_ credential: CredentialVerified) -> [Consequence] {
        guard event.type == "credential.verified.v1" else { return [] }
        return [
            .evidence(
                .init(
                    kind: .credentialVerified, at: occurredAt, about: [credential.person],
                    unless: [.credentialVerified]))
        ]
    }

    // MARK: Empathy, and what feedback shows

    private func reflection(_ change: ReflectBackChanged) -> [Consequence] {
        guard event.type == "reflect_back.judged.v1", event.actorRole == .trustor else { return [] }
        switch change.verdict {
        case .confirmed: return one(.reflectionConfirmed, change.reflectBack)
        case .corrected: return one(.reflectionCorrected, change.reflectBack)
        default: return []
        }
    }

    /// From the trustee, what it says; from the trustor, whether it was answered. recognition.given.v1 tells others
    /// what feedback.delivered.v1 has told here. What is hidden until both have delivered is dated at its reveal
    /// (docs/domain.md rules 10, 11 and 30).
    private func feedback(_ change: FeedbackChanged) throws -> [Consequence] {
        let item = change.feedbackItem
        let delivered = try instant(change.revealTime)
        func said(_ kind: EvidenceKind) -> [Consequence] {
            [.evidence(.init(kind: kind, at: delivered, about: [item], unless: [kind]))]
        }
        switch (event.type, change.authorRole) {
        case ("feedback.delivered.v1", .trustee):
            let ofCompetence: EvidenceKind = change.complete ? .feedbackActionable : .feedbackVague
            switch change.kind {
            case .recognition: return said(.recognitionGiven)
            case .balanced: return said(.recognitionGiven) + said(ofCompetence)
            case .constructive, .criticismOnly: return said(ofCompetence)
            default: return []
            }
        case ("feedback.withdrawn.v1", _):
            return [
                .retraction(
                    of: item,
                    kinds: [.recognitionGiven, .feedbackActionable, .feedbackVague, .responseInSLA, .responseLate])
            ]
        case ("feedback.acknowledged.v1", .trustor) where change.inTime: return one(.responseInSLA, item)
        case ("feedback.unacknowledged.v1", .trustor): return one(.responseLate, item)
        default: return []
        }
    }

    /// Only the trustee's first answer to a change of context (docs/domain.md rule 12).
    private func adaptation(_ support: SupportPlanned) -> [Consequence] {
        guard event.type == "support.planned.v1", event.actorRole == .trustee, support.firstAdaptation,
            !support.contextChange.isEmpty
        else { return [] }
        return [
            .evidence(
                .init(
                    kind: .supportAdapted, at: occurredAt, about: [support.contextChange, support.supportAction],
                    unless: [.supportAdapted, .contextIgnored]))
        ]
    }

    /// Only the trustor's report, and only before an adaptation: at most one of the two for a change (docs/domain.md
    /// rule 12).
    private func neglect(of change: ContextChanged) -> [Consequence] {
        guard event.type == "context.ignored.v1", event.actorRole == .trustor else { return [] }
        return [
            .evidence(
                .init(
                    kind: .contextIgnored, at: occurredAt, about: [change.contextChange],
                    unless: [.supportAdapted, .contextIgnored]))
        ]
    }

    /// Four items are evidence; the others feed outcomes, and SELF_ONLY nothing (docs/domain.md rules 16 and 20).
    private func pulse(_ answer: PulseAnswered) -> [Consequence] {
        guard event.type == "pulse.answered.v1", event.actorRole == .trustor, answer.scope != .selfOnly else {
            return []
        }
        let kind: EvidenceKind
        switch answer.item {
        case .dependable: kind = .pulseDependable
        case .honest: kind = .pulseHonest
        case .useful: kind = .pulseUseful
        case .understood: kind = .pulseUnderstood
        default: return []
        }
        return [
            .evidence(.init(kind: kind, at: occurredAt, about: [answer.pulse], measure: .pulse(Int(answer.value))))
        ]
    }

    private func one(_ kind: EvidenceKind, _ resource: String) -> [Consequence] {
        [.evidence(.init(kind: kind, at: occurredAt, about: [resource]))]
    }

    /// The fact's own instant, where the payload carries one.
    private func instant(_ timestamp: Timestamp?) throws -> Instant {
        try timestamp.map { try Instant($0) } ?? occurredAt
    }
}
