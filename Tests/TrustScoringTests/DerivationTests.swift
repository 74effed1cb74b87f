import Schema
import Testing
import TrustModel

@testable import TrustScoring

/// docs/domain.md §3.2 and the instants of docs/domain.md rule 4, a row a test.
@Suite struct DerivationTests {
    private let facts = Facts(relationship: "organizations/acme/relationships/r1")

    /// The kinds that an event gives and their instants; empty for what is no evidence.
    private func evidence(_ event: Event) throws -> [EvidenceKind: Instant] {
        try drafts(event).reduce(into: [:]) { $0[$1.kind] = $1.at }
    }

    private func drafts(_ event: Event) throws -> [Consequence.Draft] {
        try Derivation.consequences(of: event).compactMap {
            if case .evidence(let draft) = $0 { draft } else { nil }
        }
    }

    @Test func aPromiseIsKeptWhenItWasClaimedNotWhenItWasConfirmed() throws {
        let event = facts.commitment("commitment.kept.v1", "c", at: day(9), claim: day(6))
        #expect(try evidence(event) == [.commitmentKept: day(6)])
        #expect(try evidence(facts.commitment("commitment.claimed.v1", "c", at: day(6), claim: day(6))).isEmpty)
    }

    @Test func anUnconfirmedClaimCountsHalf() throws {
        let event = facts.commitment("commitment.kept_unconfirmed.v1", "c", at: day(13), claim: day(6))
        #expect(try evidence(event) == [.commitmentKept: day(6)])
        #expect(try drafts(event).first?.sourceClass == .unconfirmed)
    }

    @Test func aPromiseKeptLateCountsItsDays() throws {
        let event = facts.commitment("commitment.kept_late.v1", "c", at: day(9), claim: day(8), daysLate: 3)
        #expect(try evidence(event) == [.commitmentKeptLate: day(8)])
        #expect(try drafts(event).first?.measure == .daysLate(3))
    }

    @Test func missesAndAbandonmentsAreDatedWhenTheyFallDue() throws {
        #expect(
            try evidence(facts.commitment("commitment.missed.v1", "c", at: day(34))) == [.commitmentMissed: day(34)])
        #expect(
            try evidence(facts.commitment("commitment.abandoned.v1", "c", at: day(41))) == [
                .commitmentAbandoned: day(41)
            ])
    }

    @Test func aRenegotiationIsDatedWhenItWasAskedFor() throws {
        let event = facts.commitment("commitment.renegotiated.v1", "c", at: day(63), renegotiated: day(62))
        #expect(try evidence(event) == [.commitmentRenegotiated: day(62)])
    }

    @Test(arguments: [
        "commitment.kept.v1", "commitment.kept_late.v1", "commitment.kept_unconfirmed.v1", "commitment.missed.v1",
        "commitment.abandoned.v1", "commitment.renegotiated.v1",
    ])
    func theCoacheesPromisesAreNoEvidence(_ type: String) throws {
        #expect(try evidence(facts.commitment(type, "c", at: day(6), owner: .trustor, claim: day(6))).isEmpty)
    }

    @Test(arguments: ["proposed", "accepted", "lapsed", "released", "declined"])
    func promisesUnderWayAreNoEvidence(_ state: String) throws {
        #expect(try evidence(facts.commitment("commitment.\(state).v1", "c", at: day(6))).isEmpty)
    }

    @Test func aSessionIsDatedAtItsStart() throws {
        let event = facts.session(
            "session.held.v1", "s", start: day(7), at: day(8), trustor: .held)
        #expect(try evidence(event) == [.sessionHeld: day(7)])
        let absence = facts.session("session.no_show.v1", "s", start: day(7), at: day(8), trustor: .trusteeNoShow)
        #expect(try evidence(absence) == [.sessionTrusteeNoShow: day(7)])
    }

    @Test func theCoachsWordAloneIsASelfReport() throws {
        let event = facts.session("session.self_attested.v1", "s", start: day(7), at: day(14), trustee: .held)
        #expect(try evidence(event) == [.sessionHeld: day(7)])
        #expect(try drafts(event).first?.sourceClass == .selfReport)
        #expect(try evidence(facts.session("session.held.v1", "s", start: day(7), trustee: .held)).isEmpty)
    }

    @Test func theCoacheesAbsenceIsNoEvidence() throws {
        let event = facts.session("session.no_show.v1", "s", start: day(7), trustor: .trustorNoShow)
        #expect(try evidence(event).isEmpty)
    }

    @Test func anIntentIsDatedWhenStatedAndOneDayAhead() throws {
        #expect(try evidence(facts.intent("s", start: day(7), stated: day(0))) == [.intentStated: day(0)])
        #expect(try evidence(facts.intent("s", start: day(7), stated: day(6))) == [.intentStated: day(6)])
        #expect(try evidence(facts.intent("s", start: day(7), stated: day(6.01))).isEmpty)
    }

    @Test func aSessionCancelledByTheCoachOnTheSameDay() throws {
        func cancelled(_ instant: Instant, _ role: Role) throws -> [EvidenceKind: Instant] {
            try evidence(facts.session("session.cancelled.v1", "s", start: day(7), at: instant, by: role))
        }
        #expect(try cancelled(day(6.5), .trustee) == [.sessionCancelledLate: day(6.5)])
        #expect(try cancelled(day(6), .trustee).isEmpty)
        #expect(try cancelled(day(6.5), .trustor).isEmpty)
    }

    @Test func aDecisionIsExplainedWhenItsReasonBecameVisible() throws {
        let event = facts.decision("decision.explained.v1", "d", at: day(14), explained: day(15))
        #expect(try evidence(event) == [.decisionExplained: day(15)])
        #expect(
            try evidence(facts.decision("decision.unexplained.v1", "d", at: day(16))) == [.decisionUnexplained: day(16)]
        )
        #expect(try evidence(facts.decision("decision.recorded.v1", "d", at: day(14), explained: day(14))).isEmpty)
        #expect(try evidence(facts.decision("decision.revised.v1", "d", at: day(17), explained: day(17))).isEmpty)
    }

    @Test func onlyDecisionsOfTheCoachThatAffectTheCoachee() throws {
        for type in ["decision.explained.v1", "decision.unexplained.v1"] {
            #expect(try evidence(facts.decision(type, "d", at: day(14), author: .trustor)).isEmpty)
            #expect(try evidence(facts.decision(type, "d", at: day(14), affectsTrustor: false)).isEmpty)
        }
    }

    /// The case of a missed promise says nothing twice.
    @Test func onlyAFindingMakesABreach() throws {
        func confirmed(_ kind: BreachCase.Kind) throws -> [EvidenceKind: Instant] {
            try evidence(
                facts.breach("breach.confirmed.v1", kind, "b", subject: facts.name("commitments", "c"), at: day(35)))
        }
        #expect(try confirmed(.commitment).isEmpty)
        #expect(try confirmed(.attendance).isEmpty)
        #expect(try confirmed(.confidentiality) == [.confidentialityBreachConfirmed: day(35)])
        #expect(try confirmed(.recordAltered) == [.recordAlteredAfterSignoff: day(35)])
        let acknowledged = facts.breach("breach.acknowledged.v1", .confidentiality, "b", subject: "", at: day(35))
        #expect(try evidence(acknowledged).isEmpty)
    }

    @Test func onlyTheCoacheeAcceptsARepair() throws {
        let subject = facts.name("commitments", "c")
        func consequences(_ role: Role) throws -> [Consequence] {
            try Derivation.consequences(
                of: facts.breach("breach.repaired.v1", .commitment, "b", subject: subject, at: day(36), by: role))
        }
        #expect(try consequences(.trustor) == [.repair(of: subject, at: day(36))])
        #expect(try consequences(.trustee).isEmpty)
    }

    @Test func theCoacheesJudgements() throws {
        #expect(try evidence(facts.reflection(.confirmed, "r", at: day(7))) == [.reflectionConfirmed: day(7)])
        #expect(try evidence(facts.reflection(.corrected, "r", at: day(7))) == [.reflectionCorrected: day(7)])
        #expect(try evidence(facts.reflection(.confirmed, "r", at: day(7), by: .trustee)).isEmpty)
        #expect(try evidence(facts.advice(.helpful, "a", at: day(7))) == [.adviceHelpful: day(7)])
        #expect(try evidence(facts.advice(.unhelpful, "a", at: day(7))) == [.adviceUnhelpful: day(7)])
        #expect(try evidence(facts.advice(.helpful, "a", at: day(7), by: .trustee)).isEmpty)
    }

    @Test(arguments: [
        (FeedbackItem.Kind.recognition, true, [EvidenceKind.recognitionGiven]),
        (.recognition, false, [.recognitionGiven]),
        (.balanced, true, [.recognitionGiven, .feedbackActionable]),
        (.balanced, false, [.recognitionGiven, .feedbackVague]),
        (.constructive, true, [.feedbackActionable]), (.constructive, false, [.feedbackVague]),
        (.criticismOnly, true, [.feedbackActionable]), (.criticismOnly, false, [.feedbackVague]), (.neutral, true, []),
    ])
    func feedbackByItsKind(_ kind: FeedbackItem.Kind, _ complete: Bool, _ expected: [EvidenceKind]) throws {
        let event = facts.feedback("feedback.delivered.v1", kind, "f", at: day(14), complete: complete)
        #expect(Set(try evidence(event).keys) == Set(expected))
        #expect(try evidence(event).values.allSatisfy { $0 == day(14) })
    }

    @Test func theCoacheesFeedbackAndTheAnnouncementOfRecognitionAreNoEvidence() throws {
        #expect(
            try evidence(facts.feedback("feedback.delivered.v1", .constructive, "f", at: day(14), author: .trustor))
                .isEmpty)
        #expect(try evidence(facts.feedback("recognition.given.v1", .recognition, "f", at: day(14))).isEmpty)
        #expect(try evidence(facts.feedback("feedback.tagged.v1", .recognition, "f", at: day(14))).isEmpty)
    }

    @Test func onlyAnswersToTheCoacheesFeedbackAreResponses() throws {
        func answer(_ type: String, _ author: Role, inTime: Bool) throws -> [EvidenceKind: Instant] {
            try evidence(facts.feedback(type, .constructive, "f", at: day(20), author: author, inTime: inTime))
        }
        #expect(try answer("feedback.acknowledged.v1", .trustor, inTime: true) == [.responseInSLA: day(20)])
        #expect(try answer("feedback.acknowledged.v1", .trustor, inTime: false).isEmpty)
        #expect(try answer("feedback.unacknowledged.v1", .trustor, inTime: false) == [.responseLate: day(20)])
        #expect(try answer("feedback.acknowledged.v1", .trustee, inTime: true).isEmpty)
        #expect(try answer("feedback.unacknowledged.v1", .trustee, inTime: false).isEmpty)
    }

    @Test func anAttainmentIsDatedAtItsReview() throws {
        let event = facts.attainment(1, "t", review: day(84))
        #expect(try evidence(event) == [.goalAttainment: day(84)])
        #expect(try drafts(event).first?.measure == .attainment(1))
        #expect(try evidence(facts.attainment(1, "t", review: day(84), of: .experiment)).isEmpty)
        #expect(try evidence(facts.attainment(1, "t", review: day(84), countersigned: false)).isEmpty)
    }

    @Test func onlyTheCoachsFirstAnswerToAChangeAdapts() throws {
        #expect(try evidence(facts.support("a", for: "x", at: day(21))) == [.supportAdapted: day(21)])
        #expect(try evidence(facts.support("a", for: "x", at: day(21), first: false)).isEmpty)
        #expect(try evidence(facts.support("a", for: "", at: day(21))).isEmpty)
        #expect(try evidence(facts.support("a", for: "x", at: day(21), by: .trustor)).isEmpty)
    }

    @Test func fourPulseItemsAreEvidence() throws {
        let kinds = try Pulse.Item.allCases.flatMap { try evidence(facts.pulse($0, 4, at: day(2))).keys }
        #expect(Set(kinds) == [.pulseDependable, .pulseHonest, .pulseUseful, .pulseUnderstood])
        #expect(try drafts(facts.pulse(.honest, 4, at: day(2))).first?.measure == .pulse(4))
        #expect(try evidence(facts.pulse(.honest, 4, at: day(2), scope: .selfOnly)).isEmpty)
        #expect(try evidence(facts.pulse(.honest, 4, at: day(2), by: .trustee)).isEmpty)
    }

    @Test func whatIsNotAboutTrustIsNothing() throws {
        #expect(try Derivation.consequences(of: Event(id: "x", type: "relationship.activated.v1")).isEmpty)
        let goal = facts.event("goal.activated.v1", .goalChanged(GoalChanged(goal: "g", state: .active)), at: day(1))
        #expect(try Derivation.consequences(of: goal).isEmpty)
    }
}

/// What came with the whole suite: docs/domain.md rules 12, 27, 29 and 30.
@Suite struct FurtherDerivationTests {
    private let facts = Facts(relationship: "organizations/acme/relationships/r1")

    private func evidence(_ event: Event) throws -> [EvidenceKind: Instant] {
        try Derivation.consequences(of: event).reduce(into: [:]) {
            if case .evidence(let draft) = $1 { $0[draft.kind] = draft.at }
        }
    }

    private func retracted(_ event: Event) throws -> Set<EvidenceKind> {
        try Derivation.consequences(of: event).reduce(into: []) {
            if case .retraction(_, let kinds, _) = $1 { $0.formUnion(kinds) }
        }
    }

    @Test func anIgnoredChangeIsTheTrustorsReport() throws {
        let report = facts.contextChange("context.ignored.v1", "x", at: day(30))
        #expect(try evidence(report) == [.contextIgnored: day(30)])
        #expect(try evidence(facts.contextChange("context.ignored.v1", "x", at: day(30), by: .trustee)).isEmpty)
        #expect(try evidence(facts.contextChange("context.changed.v1", "x", at: day(14))).isEmpty)
    }

    @Test func aDisclosedConflictIsTheTrusteesAct() throws {
        func disclosed(by role: Role) -> Event {
            facts.event(
                "conflict.disclosed.v1",
                .conflictDisclosed(ConflictDisclosed(disclosure: facts.name("disclosures", "d"))), at: day(3), by: role)
        }
        #expect(try evidence(disclosed(by: .trustee)) == [.conflictDisclosed: day(3)])
        #expect(try evidence(disclosed(by: .trustor)).isEmpty)
    }

    @Test func aVerifiedCredentialWhoeverVerifiedIt() throws {
        let verified = facts.event(
            "credential.verified.v1", .credentialVerified(CredentialVerified(person: coach)), at: day(3))
        #expect(try evidence(verified) == [.credentialVerified: day(3)])
    }

    /// The notice is that of the start that was given up, not of the new one.
    @Test func aRescheduledSession() throws {
        func moved(_ instant: Instant, by role: Role = .trustee, late: Bool = false) -> Event {
            facts.session(
                "session.rescheduled.v1", "s", start: day(14), at: instant, by: role, former: day(7), late: late)
        }
        #expect(try evidence(moved(day(6))) == [.sessionRescheduledByTrustee: day(6)])
        #expect(try evidence(moved(day(6.5))) == [.sessionCancelledLate: day(6.5)])
        #expect(try evidence(moved(day(6), late: true)) == [.sessionCancelledLate: day(6)])
        #expect(try evidence(moved(day(6.5), by: .trustor)).isEmpty)
    }

    @Test func aVoidPromiseWasNoFact() throws {
        let void = facts.commitment("commitment.voided.v1", "c", at: day(40))
        #expect(
            try retracted(void) == [.commitmentKept, .commitmentKeptLate, .commitmentMissed, .commitmentAbandoned])
    }

    /// The hidden item is undated until it can be read (docs/domain.md rule 30).
    @Test func blindFeedbackIsDatedAtItsReveal() throws {
        let delivered = facts.feedback("feedback.delivered.v1", .balanced, "f", at: day(14), revealed: day(21))
        #expect(try evidence(delivered) == [.recognitionGiven: day(21), .feedbackActionable: day(21)])
    }

    @Test func withdrawnFeedbackTakesItsAnswerWithIt() throws {
        let withdrawn = facts.feedback("feedback.withdrawn.v1", .constructive, "f", at: day(14), author: .trustor)
        #expect(try retracted(withdrawn).isSuperset(of: [.responseInSLA, .responseLate]))
    }
}
