import Schema
import ServiceKit
import Standard
import Testing
import TrustModel

@testable import TrustScoring

/// docs/domain.md §4, from events to what the pair reads and does.
@Suite struct AlertTests {
    private func alerts(_ pair: Pair, _ person: String = coachee) async throws -> [Alert] {
        try await pair.service.listAlerts(
            ListAlertsRequest(parent: pair.relationship.name, pageSize: 100), pair.context(person)
        ).alerts
    }

    private func missed(_ pair: Pair, _ days: [Double]) -> [Event] {
        days.map { pair.facts.commitment("commitment.missed.v1", "c\($0)", at: day($0)) }
    }

    private func criticism(_ pair: Pair, _ days: [Double]) -> [Event] {
        days.map { pair.facts.feedback("feedback.delivered.v1", .criticismOnly, "f\($0)", at: day($0)) }
    }

    private func acknowledge(_ alert: Alert, _ pair: Pair, _ person: String = coachee) async throws -> Alert {
        try await pair.service.acknowledgeAlert(AcknowledgeAlertRequest(name: alert.name), pair.context(person))
    }

    // MARK: D1

    @Test func aWatchIsTheCoachsAloneAndAnAlertIsForBoth() async throws {
        let pair = try await Pair(now: 40)
        // ln(.40/.15) = .98 each: 2.94 after three, 4.9 after five.
        try await pair.tell(missed(pair, [1, 2, 3]))
        #expect(try await alerts(pair).isEmpty)
        let watch = try #require(try await alerts(pair, coach).first)
        #expect(watch.level == .watch && watch.state == .open && watch.challenge == .inconsistentBehaviour)
        #expect(near(watch.statistic, 2.942487759) && watch.threshold == 2.5 && watch.question.hasSuffix("?"))
        #expect(watch.suggestedConversation.isEmpty && watch.facts.count == 3)
        #expect(
            await reason {
                try await pair.service.getAlert(GetAlertRequest(name: watch.name), pair.context(coachee))
            } == "NOT_FOUND")
        try await pair.tell(missed(pair, [4, 5]))
        for person in [coach, coachee] {
            let all = try await alerts(pair, person)
            let alert = try #require(all.first)
            #expect(all.count == 1 && alert.level == .alert && alert.facts.count == 5)
            #expect(near(alert.statistic, 4.904146265) && alert.threshold == 4)
            #expect(!alert.suggestedConversation.isEmpty)
            #expect(try Instant(#require(alert.createTime)) == day(5))
        }
    }

    @Test func itNamesTheEvidenceThatItRestsOn() async throws {
        let pair = try await Pair(now: 40)
        try await pair.tell([pair.facts.held("s0", start: day(0.5))] + missed(pair, [1, 2, 3, 4, 5]))
        let alert = try #require(try await alerts(pair).first)
        let evidence = try await pair.evidence().filter { $0.kind == "commitment.missed" }
        #expect(alert.facts == evidence.map(\.name).reversed())
    }

    @Test func whatIsLateAndOutOfOrderGivesTheSameSums() async throws {
        var facts: [(Double, Bool)] = []
        for number in 1...30 { facts.append((Double(number), [3, 7, 8, 14, 15, 22, 29].contains(number))) }
        func sums(_ order: [(Double, Bool)]) async throws -> [Double] {
            let pair = try await Pair(now: 60)
            for (at, isBad) in order {
                try await pair.tell(
                    isBad
                        ? pair.facts.commitment("commitment.missed.v1", "c\(at)", at: day(at))
                        : pair.facts.commitment("commitment.kept.v1", "c\(at)", at: day(at), claim: day(at)))
            }
            let name = try ResourceName(pair.relationship.name, "organizations", "relationships")
            return try await pair.host.runtime.database.read { snapshot in
                try (1...31).map {
                    try ConductStore(name).sum(of: .inconsistentBehaviour, upTo: day(Double($0)), in: snapshot)
                }
            }
        }
        let ordered = try await sums(facts)
        var expected: [Double] = []
        for (_, isBad) in facts { expected.append(CumulativeSum.inconsistency.next(after: expected.last ?? 0, isBad)) }
        #expect(zip(ordered, expected).allSatisfy { near($0, $1, 1e-12) })
        var shuffled = facts
        for index in stride(from: 0, to: facts.count - 3, by: 2) { shuffled.swapAt(index, index + 3) }
        #expect(try await sums(shuffled) == ordered)
        #expect(try await sums(facts.reversed()) == ordered)
    }

    @Test func aPromiseKeptLateTakesTheMissBack() async throws {
        let pair = try await Pair(now: 40)
        try await pair.tell(missed(pair, [1, 2, 3, 4]))
        try await pair.tell(
            pair.facts.commitment("commitment.kept_late.v1", "c4.0", at: day(6), claim: day(5), daysLate: 2))
        let name = try ResourceName(pair.relationship.name, "organizations", "relationships")
        let sum = try await pair.host.runtime.database.read {
            try ConductStore(name).sum(of: .inconsistentBehaviour, upTo: day(40), in: $0)
        }
        #expect(near(sum, 3 * 0.980829253 - 0.348306694))
        // Later than 3 days it stays what it was.
        try await pair.tell(
            pair.facts.commitment("commitment.kept_late.v1", "c3.0", at: day(9), claim: day(8), daysLate: 5))
        let now = try await pair.host.runtime.database.read {
            try ConductStore(name).sum(of: .inconsistentBehaviour, upTo: day(40), in: $0)
        }
        #expect(near(now, 2 * 0.980829253 - 0.348306694 + 0.980829253))
    }

    @Test func anEventThatComesTwiceCountsOnce() async throws {
        let pair = try await Pair(now: 40)
        let events = missed(pair, [1, 2, 3, 4, 5])
        try await pair.tell(events)
        let first = try await alerts(pair)
        try await pair.tell(events)
        #expect(try await alerts(pair) == first)
    }

    @Test func theSumFallsAndTheAlertIsResolved() async throws {
        let pair = try await Pair(now: 60)
        try await pair.tell(missed(pair, [1, 2, 3, 4, 5]))
        try await pair.tell((6...20).map { pair.facts.held("s\($0)", start: day(Double($0))) })
        let alert = try #require(try await alerts(pair).first)
        #expect(alert.state == .resolved && alert.resolution == .cleared)
        // 4.904 - 13 × .348 is the first not above .5.
        #expect(try Instant(#require(alert.closeTime)) == day(18))
    }

    // MARK: What the pair does

    @Test func acknowledgedThenPlannedThenResolvedAfterTheCoolDown() async throws {
        let pair = try await Pair(now: 6)
        try await pair.tell(missed(pair, [1, 2, 3, 4, 5]))
        var alert = try #require(try await alerts(pair).first)
        #expect(
            await reason {
                try await pair.service.planAlert(PlanAlertRequest(name: alert.name, plan: "Talk"), pair.context(coach))
            } == "WRONG_STATE")
        alert = try await acknowledge(alert, pair, coach)
        #expect(alert.state == .acknowledged && alert.acknowledgedBy == coach)
        alert = try await pair.service.planAlert(
            PlanAlertRequest(name: alert.name, plan: "Fewer promises, each with a date."), pair.context())
        #expect(alert.state == .planSet && alert.planTime != nil)
        // The sum is 0, but what was agreed has not had its time.
        pair.set(now: 40)
        try await pair.tell([pair.facts.held("s1", start: day(12))])
        #expect(try await alerts(pair).first?.state == .planSet)
        try await pair.tell([pair.facts.held("s2", start: day(34))])
        #expect(try await alerts(pair).first?.state == .resolved)
    }

    @Test func afterAnAcknowledgementItBeginsAnew() async throws {
        let pair = try await Pair(now: 6)
        try await pair.tell(missed(pair, [1, 2, 3, 4, 5]))
        _ = try await acknowledge(try #require(try await alerts(pair).first), pair)
        pair.set(now: 50)
        try await pair.tell(missed(pair, [10, 11, 12, 13, 14]))
        #expect(try await alerts(pair).count == 1, "within 28 days of the first")
        try await pair.tell(missed(pair, [40]))
        let all = try await alerts(pair)
        #expect(all.map(\.state) == [.resolved, .open])
        #expect(all.first?.resolution == .recurred)
    }

    @Test func whoMayDismiss() async throws {
        let pair = try await Pair(now: 6)
        try await pair.tell(missed(pair, [1, 2, 3]))
        let watch = try #require(try await alerts(pair, coach).first)
        #expect(
            await reason {
                try await pair.service.dismissAlert(
                    DismissAlertRequest(name: watch.name, reason: .agreed), pair.context(coachee))
            } == "NOT_FOUND")
        let dismissed = try await pair.service.dismissAlert(
            DismissAlertRequest(name: watch.name, reason: .circumstances), pair.context(coach))
        #expect(dismissed.state == .dismissed)

        pair.set(now: 60)
        try await pair.tell(missed(pair, [40, 41, 42, 43, 44]))
        let alert = try #require(try await alerts(pair).first)
        func dismiss(_ reason: Alert.Dismissal, note: String = "", by person: String) async throws -> Alert {
            try await pair.service.dismissAlert(
                DismissAlertRequest(name: alert.name, reason: reason, note: note), pair.context(person))
        }
        #expect(await reason { try await dismiss(.agreed, by: coach) } == "ROLE_FORBIDDEN")
        #expect(await reason { try await dismiss(.otherReason, by: coachee) } != nil)
        #expect(await reason { try await dismiss(.unspecified, by: coachee) } != nil)
        #expect(try await dismiss(.otherReason, note: "We spoke.", by: coachee).dismissal == .otherReason)
        #expect(await reason { try await dismiss(.agreed, by: coachee) } == "WRONG_STATE")
    }

    @Test func nobodyButThePair() async throws {
        let pair = try await Pair(now: 6)
        try await pair.tell(missed(pair, [1, 2, 3, 4, 5]))
        let alert = try #require(try await alerts(pair).first)
        for context in [
            pair.context("organizations/acme/people/admin", roles: ["programme_admin"]),
            pair.context("organizations/other/people/coach"),
        ] {
            #expect(
                await reason { try await pair.service.getAlert(GetAlertRequest(name: alert.name), context) }
                    == "NOT_PARTY")
        }
        #expect(
            await reason {
                try await pair.service.getAlert(
                    GetAlertRequest(name: alert.name), pair.context(coachee, purpose: "programme_admin"))
            } == "PURPOSE_MISSING")
    }

    @Test func anAlertIsNoEvidence() async throws {
        let pair = try await Pair(now: 40)
        try await pair.tell(missed(pair, [1, 2, 3, 4, 5]))
        let before = try await pair.stateHash()
        _ = try await acknowledge(try #require(try await alerts(pair).first), pair)
        #expect(try await pair.stateHash() == before)
        #expect(try await pair.evidence().count == 5)
    }

    // MARK: Time

    @Test func aWatchIsDeletedAfter90Days() async throws {
        let pair = try await Pair(now: 6)
        try await pair.tell(missed(pair, [1, 2, 3]))
        #expect(try await alerts(pair, coach).count == 1)
        pair.set(now: 92)
        try await pair.host.advance()
        #expect(try await alerts(pair, coach).count == 1)
        pair.set(now: 94)
        try await pair.host.advance()
        #expect(try await alerts(pair, coach).isEmpty)
    }

    // MARK: D2

    @Test func criticismAloneIsNoticed() async throws {
        let pair = try await Pair(now: 90)
        try await pair.tell(criticism(pair, [1, 8, 15, 22]), from: "feedback")
        #expect(try await alerts(pair, coach).map(\.level) == [.watch])
        try await pair.tell(criticism(pair, [29, 36]), from: "feedback")
        let alert = try #require(try await alerts(pair).first)
        #expect(alert.challenge == .overemphasisOnCriticism && near(alert.statistic, 127.0 / 128, 1e-12))
        #expect(alert.facts.first == pair.facts.name("feedbackItems", "f36.0") && alert.facts.count == 6)
    }

    @Test func theReceiversTagCountsAndWhatIsWithdrawnDoesNot() async throws {
        let pair = try await Pair(now: 90)
        try await pair.tell(criticism(pair, [1, 8, 15]), from: "feedback")
        try await pair.tell(
            pair.facts.feedback("feedback.tagged.v1", .criticismOnly, "f15.0", at: day(16), effective: .constructive),
            from: "feedback")
        try await pair.tell(criticism(pair, [22]), from: "feedback")
        #expect(try await alerts(pair, coach).isEmpty)
        try await pair.tell(criticism(pair, [29, 36, 43]), from: "feedback")
        #expect(try await alerts(pair, coach).map(\.level) == [.alert], "6 of 7: π = .965")
    }

    @Test func emptyPraiseDoesNotClear() async throws {
        for (concrete, state) in [(false, Alert.State.open), (true, .resolved)] {
            let pair = try await Pair(now: 90)
            try await pair.tell(criticism(pair, [1, 2, 3, 4, 5, 6]), from: "feedback")
            try await pair.tell(
                (7...66).map {
                    pair.facts.feedback(
                        "feedback.delivered.v1", .recognition, "r\($0)", at: day(Double($0)), concrete: concrete)
                }, from: "feedback")
            #expect(try await alerts(pair).map(\.state) == [state])
        }
    }

    @Test func theCoacheesFeedbackIsNoneOfIt() async throws {
        let pair = try await Pair(now: 90)
        try await pair.tell(
            (1...8).map {
                pair.facts.feedback(
                    "feedback.delivered.v1", .criticismOnly, "f\($0)", at: day(Double($0)), author: .trustor)
            }, from: "feedback")
        #expect(try await alerts(pair, coach).isEmpty)
    }

    // MARK: D3

    @Test func unexplainedDecisionsAddUp() async throws {
        let pair = try await Pair(now: 90)
        try await pair.tell(
            [3.0, 10, 17].map { pair.facts.decision("decision.unexplained.v1", "d\($0)", at: day($0)) })
        // 3 ln 3 = 3.296: three in 13 weeks are few decisions, so 2.5 is enough.
        let alert = try #require(try await alerts(pair).first)
        #expect(alert.challenge == .lackOfTransparency && alert.threshold == 2.5)
        #expect(near(alert.statistic, 3.295836866))
    }

    @Test("S28: a broken rule is an alert at once") func aBrokenRuleIsAnAlertAtOnce() async throws {
        let pair = try await Pair(now: 90)
        func broken(_ rule: TransparencyRule, _ subject: String, at number: Double) -> Event {
            pair.facts.event(
                "transparency.broken.v1", .transparencyBroken(TransparencyBroken(rule: rule, subject: subject)),
                at: day(number), by: .trustee)
        }
        try await pair.tell(broken(.changedInSilence, pair.facts.name("notes", "n1"), at: 1))
        var alert = try #require(try await alerts(pair).first)
        #expect(alert.level == .alert && alert.rules == [.changedInSilence] && alert.statistic == 0)
        // The second within 28 days is not lost: the standing alert takes it in.
        try await pair.tell(broken(.endedWithoutReason, pair.facts.name("goals", "g1"), at: 5))
        let all = try await alerts(pair)
        alert = try #require(all.first)
        #expect(all.count == 1 && alert.rules == [.changedInSilence, .endedWithoutReason])
        #expect(alert.facts == [pair.facts.name("goals", "g1"), pair.facts.name("notes", "n1")])
    }

    // MARK: How things stand

    private func detectors(_ pair: Pair, _ person: String = coachee) async throws -> [Detector] {
        try await pair.service.listDetectors(
            ListDetectorsRequest(parent: pair.relationship.name), pair.context(person)
        ).detectors
    }

    @Test func tooLittleIsNotAssessableAndNeverOK() async throws {
        let pair = try await Pair(now: 40)
        #expect(try await detectors(pair).map(\.status) == [.notAssessable, .notAssessable, .notAssessable])
        #expect(try await detectors(pair).map(\.gap) == [.tooFewFacts, .tooFewFacts, .tooFewFacts])
        try await pair.tell((1...6).map { pair.facts.held("s\($0)", start: day(Double($0))) })
        #expect(try await detectors(pair).map(\.status) == [.ok, .notAssessable, .notAssessable])
        try await pair.tell(pair.facts.leave("l1", of: coach, from: day(20), to: day(39)))
        #expect(try await detectors(pair).map(\.gap) == [.onLeave, .onLeave, .onLeave])
    }

    @Test func theCoacheeReadsNoWatch() async throws {
        let pair = try await Pair(now: 40)
        try await pair.tell((1...6).map { pair.facts.held("s\($0)", start: day(Double($0) / 10)) })
        try await pair.tell(missed(pair, [1, 2, 3]))
        #expect(try await detectors(pair, coach).map(\.status).first == .watched)
        #expect(try await detectors(pair, coachee).map(\.status).first == .ok)
        #expect(try await detectors(pair, coachee).map(\.alert).first == "")
    }
}
