import Schema
import ServiceKit
import Testing
import TrustModel

@testable import TrustScoring

/// What later events do to earlier evidence (docs/domain.md rules 6, 8, 9, 15, 18, 21, 24 and 29).
@Suite struct IngestionTests {
    /// What stands at the end, by kind.
    private func standing(_ pair: Pair) async throws -> [Schema.Evidence] {
        try await pair.evidence().filter { !$0.superseded && !$0.retracted }
    }

    @Test func theSameEventIsTakenOnce() async throws {
        let pair = try await Pair(now: 40)
        let event = pair.facts.commitment("commitment.kept.v1", "c", at: day(6), claim: day(6))
        try await pair.tell([event, event])
        try await pair.tell(event)
        #expect(try await pair.evidence().count == 1)
        #expect(try await pair.profile().evidenceCount == 1)
    }

    @Test func theIdComesFromTheEventAndTheKind() async throws {
        let pair = try await Pair(now: 40)
        try await pair.tell(pair.facts.feedback("feedback.delivered.v1", .balanced, "f", at: day(6)), from: "feedback")
        let evidence = try await pair.evidence()
        #expect(Set(evidence.map(\.kind)) == ["recognition.given", "feedback.actionable"])
        #expect(Set(evidence.map(\.name)).count == 2)
        #expect(evidence.allSatisfy { $0.references == [pair.facts.name("feedbackItems", "f")] })
    }

    @Test func floodsAreCountedByPerson() async throws {
        let pair = try await Pair(now: 40)
        try await pair.tell(pair.facts.held("s", start: day(7)))
        try await pair.tell(pair.facts.pulse(.honest, 4, at: day(9)), from: "feedback")
        #expect(try await pair.evidence().map(\.source) == [coach, coachee])
        let promises = (0..<5).map {
            pair.facts.commitment("commitment.kept.v1", "c\($0)", at: day(10), claim: day(10))
        }
        try await pair.tell(promises)
        // Five promises kept on one day weigh two at most, beside half a session.
        #expect(near(try await pair.profile(at: day(10)).components[0].positiveMass, 2 + 0.5 * 0.977_160, 1e-5))
    }

    @Test func aMissedPromiseThatIsAbandonedIsOneEvidence() async throws {
        let pair = try await Pair(now: 60)
        try await pair.tell(pair.facts.commitment("commitment.missed.v1", "c", at: day(34)))
        try await pair.tell(pair.facts.commitment("commitment.abandoned.v1", "c", at: day(41)))
        let evidence = try await pair.evidence()
        #expect(evidence.map(\.kind) == ["commitment.missed", "commitment.abandoned"])
        #expect(evidence.map(\.superseded) == [true, false])
        #expect(evidence[1].supersedes == evidence[0].name)
        #expect(evidence[1].breach)
        #expect(try await pair.profile(at: day(40)).evidenceCount == 1)
        #expect(near(try await pair.profile(at: day(41)).components[0].negativeMass, 1.5 * 1.5, 1e-9))
    }

    @Test func aPromiseKeptLateSupersedesTheMissAndInheritsItsRepair() async throws {
        let missed = { (pair: Pair) in pair.facts.commitment("commitment.missed.v1", "c", at: day(34)) }
        let late = { (pair: Pair) in
            pair.facts.commitment("commitment.kept_late.v1", "c", at: day(37), claim: day(35), daysLate: 2)
        }
        let repaired = { (pair: Pair) in
            pair.facts.breach(
                "breach.repaired.v1", .commitment, "b", subject: pair.facts.name("commitments", "c"), at: day(36),
                by: .trustor)
        }
        // The confirmation may come before or after the repair.
        var scores: [Double] = []
        for order in [[missed, repaired, late], [missed, late, repaired]] {
            let pair = try await Pair(now: 60)
            for event in order { try await pair.tell(event(pair)) }
            #expect(try await standing(pair).map(\.kind) == ["commitment.kept_late"])
            let profile = try await pair.profile(at: day(36))
            #expect(profile.evidenceCount == 1)
            #expect(profile.components[0].negativeMass < 0.4 * 1.5 * 0.66)
            scores.append(profile.score)
        }
        #expect(scores[0] == scores[1])
    }

    @Test func aLateConfirmationMakesTheClaimWhole() async throws {
        let pair = try await Pair(now: 40)
        try await pair.tell(pair.facts.commitment("commitment.kept_unconfirmed.v1", "c", at: day(13), claim: day(6)))
        #expect(near(try await pair.profile(at: day(6)).components[0].positiveMass, 0.5, 1e-9))
        try await pair.tell(pair.facts.commitment("commitment.kept.v1", "c", at: day(20), claim: day(6)))
        #expect(near(try await pair.profile(at: day(6)).components[0].positiveMass, 1, 1e-9))
        #expect(try await standing(pair).map(\.sourceClass) == [.system])
    }

    @Test func aDisputedPromiseIsTakenBackAndMayStillBeMissed() async throws {
        let pair = try await Pair(now: 40)
        try await pair.tell(pair.facts.commitment("commitment.kept_unconfirmed.v1", "c", at: day(13), claim: day(6)))
        try await pair.tell(pair.facts.commitment("commitment.disputed.v1", "c", at: day(14)))
        #expect(try await standing(pair).isEmpty)
        #expect(try await pair.profile().evidenceCount == 0)
        try await pair.tell(pair.facts.commitment("commitment.missed.v1", "c", at: day(15)))
        #expect(try await standing(pair).map(\.kind) == ["commitment.missed"])
    }

    @Test func aRenegotiatedPromiseThatIsKeptIsTwoFacts() async throws {
        let pair = try await Pair(now: 80)
        try await pair.tell(
            pair.facts.commitment("commitment.renegotiated.v1", "c", at: day(62), renegotiated: day(62)))
        try await pair.tell(pair.facts.commitment("commitment.kept.v1", "c", at: day(69), claim: day(69)))
        #expect(try await standing(pair).map(\.kind) == ["commitment.renegotiated", "commitment.kept"])
    }

    @Test func aTrivialPromiseWeighsAQuarter() async throws {
        let pair = try await Pair(now: 40)
        try await pair.tell(pair.facts.commitment("commitment.kept.v1", "c", at: day(6), claim: day(6), trivial: true))
        #expect(try await pair.evidence().map(\.weight) == [0.25])
    }

    @Test func theCoacheesWordReplacesTheCoachsOwn() async throws {
        let pair = try await Pair(now: 40)
        try await pair.tell(
            pair.facts.session("session.self_attested.v1", "s", start: day(7), at: day(14), trustee: .held))
        #expect(near(try await pair.profile(at: day(7)).components[0].positiveMass, 0.125, 1e-9))
        try await pair.tell(pair.facts.held("s", start: day(7)))
        #expect(near(try await pair.profile(at: day(7)).components[0].positiveMass, 0.5, 1e-9))
        #expect(try await standing(pair).map(\.sourceClass) == [.system])
    }

    @Test func aDisputedSessionCountsForNothingUntilBothAgree() async throws {
        let pair = try await Pair(now: 40)
        try await pair.tell(pair.facts.intent("s", start: day(7), stated: day(1)))
        try await pair.tell(
            pair.facts.session("session.self_attested.v1", "s", start: day(7), at: day(14), trustee: .held))
        try await pair.tell(pair.facts.held("s", start: day(7)))
        try await pair.tell(pair.facts.session("session.disputed.v1", "s", start: day(7), at: day(15), by: .trustor))
        #expect(try await standing(pair).map(\.kind) == ["intent.stated"])
        try await pair.tell(pair.facts.held("s", start: day(7)))
        #expect(try await standing(pair).map(\.kind) == ["intent.stated", "session.held"])
    }

    @Test func aDisputedCancellationIsTakenBackAndAnEarlierChangeOfTheTimeStays() async throws {
        let pair = try await Pair(now: 40)
        try await pair.tell(
            pair.facts.session(
                "session.rescheduled.v1", "s", start: day(9), at: day(6.5), by: .trustee, former: day(7), late: true))
        try await pair.tell(
            pair.facts.session(
                "session.cancelled.v1", "s", start: day(9), at: day(8.5), by: .trustee, late: true, cancelled: day(8.5))
        )
        #expect(try await standing(pair).map(\.kind) == ["session.cancelled_late", "session.cancelled_late"])
        try await pair.tell(
            pair.facts.session("session.disputed.v1", "s", start: day(9), at: day(10), cancelled: day(8.5)))
        #expect(try await standing(pair).map(\.occurredAt) == [day(6.5).timestamp])
        try await pair.tell(pair.facts.held("s", start: day(9)))
        #expect(try await standing(pair).map(\.kind) == ["session.cancelled_late", "session.held"])
    }

    @Test func theCoacheeMayChangeTheirWordOnASession() async throws {
        let pair = try await Pair(now: 40)
        try await pair.tell(pair.facts.session("session.held.v1", "s", start: day(7), trustor: .held))
        try await pair.tell(
            pair.facts.session("session.no_show.v1", "s", start: day(7), at: day(8), trustor: .trusteeNoShow))
        #expect(try await standing(pair).map(\.kind) == ["session.trustee_no_show"])
        try await pair.tell(
            pair.facts.session("session.no_show.v1", "s", start: day(7), at: day(8), trustor: .trustorNoShow))
        #expect(try await standing(pair).isEmpty)
    }

    @Test func oneIntentForASession() async throws {
        let pair = try await Pair(now: 40)
        try await pair.tell(pair.facts.intent("s", start: day(7), stated: day(0)))
        try await pair.tell(pair.facts.intent("s", start: day(7), stated: day(2)))
        #expect(try await pair.evidence().map(\.occurredAt) == [day(0).timestamp])
    }

    @Test func aChangedRatingSupersedesTheFirst() async throws {
        let pair = try await Pair(now: 40)
        try await pair.tell(pair.facts.advice(.helpful, "a", at: day(28)))
        try await pair.tell(pair.facts.advice(.unhelpful, "a", at: day(30)))
        #expect(try await standing(pair).map(\.kind) == ["advice.unhelpful"])
        #expect(try await pair.profile(at: day(29)).components[2].positiveMass > 0)
        #expect(try await pair.profile(at: day(30)).components[2].positiveMass == 0)
    }

    @Test func notKnowingWhySupersedesTheExplanation() async throws {
        let pair = try await Pair(now: 40)
        try await pair.tell(pair.facts.decision("decision.explained.v1", "d", at: day(14), explained: day(14)))
        try await pair.tell(pair.facts.decision("decision.unexplained.v1", "d", at: day(18)))
        #expect(try await standing(pair).map(\.kind) == ["decision.unexplained"])
    }

    @Test func aConfirmedBreachIsRepairedByItsCase() async throws {
        let pair = try await Pair(now: 40)
        let confirmed = pair.facts.breach("breach.confirmed.v1", .confidentiality, "b", subject: "", at: day(10))
        try await pair.tell(confirmed)
        let before = try await pair.profile(at: day(12))
        try await pair.tell(
            pair.facts.breach("breach.repaired.v1", .confidentiality, "b", subject: "", at: day(12), by: .trustor))
        let after = try await pair.profile(at: day(12))
        #expect(near(after.components[1].negativeMass, before.components[1].negativeMass * 0.9, 1e-12))
        #expect(try await pair.evidence().first?.repairTime == day(12).timestamp)
    }

    @Test func withdrawnFeedbackIsTakenBack() async throws {
        let pair = try await Pair(now: 40)
        try await pair.tell(pair.facts.feedback("feedback.delivered.v1", .balanced, "f", at: day(14)), from: "feedback")
        try await pair.tell(
            pair.facts.feedback("feedback.withdrawn.v1", .balanced, "f", at: day(14.5)), from: "feedback")
        #expect(try await pair.evidence().map(\.retracted) == [true, true])
        #expect(try await pair.profile(at: day(14)).evidenceCount == 0)
    }

    /// No service of ours writes these; should one come, those behind it are taken all the same.
    @Test func malformedEventsHoldUpNothing() async throws {
        let pair = try await Pair(now: 40)
        var nameless = pair.facts.held("s1", start: day(7))
        nameless.id = "no uuid"
        try await pair.tell([
            nameless, pair.facts.pulse(.honest, 9, at: day(8)), pair.facts.attainment(3, "t", review: day(8)),
            pair.facts.held("s2", start: Instant(microseconds: 0)), pair.facts.held("s3", start: day(14)),
        ])
        #expect(try await pair.evidence().map(\.references) == [[pair.facts.name("sessions", "s3")]])
        #expect(try await pair.profile().evidenceCount == 1)
    }

    @Test func anotherOrganisationsEvidenceIsElsewhere() async throws {
        let pair = try await Pair(now: 40)
        var other = try await pair.host.relationship(
            trustor: "organizations/other/people/coachee", trustee: "organizations/other/people/coach")
        // Even under the same id.
        other.name = pair.relationship.name.replacing("organizations/acme", with: "organizations/other")
        other.startTime = day(-1).timestamp
        try await pair.host.put(other)
        try await pair.tell(pair.facts.held("s", start: day(7)))
        try await pair.tell(Facts(relationship: other.name).reflection(.confirmed, "r", at: day(7)))
        #expect(try await pair.evidence().map(\.kind) == ["session.held"])
        let theirs = try await pair.service.listEvidence(
            ListEvidenceRequest(parent: other.name), pair.context("organizations/other/people/coachee"))
        #expect(theirs.evidence.map(\.kind) == ["reflection.confirmed"])
        #expect(
            await reason {
                try await pair.service.listEvidence(ListEvidenceRequest(parent: other.name), pair.context())
            } == "NOT_PARTY")
    }
}

/// What later events do to what came with the whole suite.
@Suite struct FurtherIngestionTests {
    private func standing(_ pair: Pair) async throws -> [String] {
        try await pair.evidence().filter { !$0.superseded && !$0.retracted }.map(\.kind)
    }

    /// At most one of support.adapted and context.ignored for a change (docs/domain.md rule 12).
    @Test func aChangeIsAdaptedToOrIgnored() async throws {
        let pair = try await Pair(now: 60)
        try await pair.tell(pair.facts.contextChange("context.ignored.v1", "x1", at: day(30)))
        try await pair.tell(pair.facts.support("s1", for: "x1", at: day(31)), from: "goals")
        #expect(try await standing(pair) == ["context.ignored"])
        try await pair.tell(pair.facts.support("s2", for: "x2", at: day(32)), from: "goals")
        try await pair.tell(pair.facts.contextChange("context.ignored.v1", "x2", at: day(40)))
        #expect(try await standing(pair) == ["context.ignored", "support.adapted"])
    }

    @Test func aCredentialCountsOnceForARelationship() async throws {
        let pair = try await Pair(now: 60)
        for number in [3.0, 9] {
            try await pair.tell(
                pair.facts.event(
                    "credential.verified.v1", .credentialVerified(CredentialVerified(person: coach)), at: day(number)))
        }
        #expect(try await pair.evidence().map(\.occurredAt) == [day(3).timestamp])
    }

    /// "I don't know why" counts from the answer on; the day before, the explanation stands (docs/domain.md rule 29).
    @Test func aDeniedExplanationCountsFromTheAnswer() async throws {
        let pair = try await Pair(now: 60)
        try await pair.tell(pair.facts.decision("decision.explained.v1", "d", at: day(14), explained: day(14)))
        var denied = pair.facts.decision("decision.unexplained.v1", "d", at: day(18), explained: day(14))
        if case .decisionChanged(var change) = denied.payload {
            change.knowWhyDenied = true
            denied.payload = .decisionChanged(change)
        }
        try await pair.tell(denied)
        #expect(try await pair.profile(at: day(17)).components[1].positiveMass > 0.7)
        let after = try await pair.profile(at: day(18)).components[1]
        #expect(after.positiveMass == 0 && near(after.negativeMass, 1.5, 1e-9))
    }
}
