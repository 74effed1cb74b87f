import Schema
import ServiceKit
import Testing

@testable import Relationships

/// Sessions, decisions and conversation as imported history (docs/domain.md rules 4, 7, 8, 15 and 18).
@Suite struct MeetingHistoryTests {
    @Test func aSessionIsHeldFromItsStartByTheCoacheesWord() async throws {
        let pair = try await Pair.active(importing: true)
        let session = try await pair.session(on: day(7), at: day(0))
        try await pair.attest(session, by: pair.coach, at: day(7))
        #expect(try await pair.events("session.held").isEmpty, "the coach's word alone is not enough")
        try await pair.attest(session, by: pair.coachee, at: day(8))
        try await pair.reach(day(40))
        #expect(
            try await pair.events("session.") == [
                Fact("session.scheduled.v1", day(0)), Fact("session.held.v1", day(7)),
            ])
        guard case .sessionChanged(let payload) = try await pair.lastEvent("session.held.v1")?.payload else {
            throw Refusal.notFound("payload")
        }
        #expect(payload.trustorAttested == .held && payload.trusteeAttested == .held)
    }

    @Test func theCoachAloneCountsAfterSevenDaysUntilTheCoacheeSpeaks() async throws {
        let pair = try await Pair.active(importing: true)
        let session = try await pair.session(on: day(7), at: day(0))
        try await pair.attest(session, by: pair.coach, at: day(7))
        try await pair.reach(day(14))
        #expect(try await pair.events("session.self_attested").isEmpty)
        try await pair.reach(day(14).next)
        try await pair.attest(session, by: pair.coachee, at: day(30))
        #expect(
            try await pair.events("session.").dropFirst() == [
                Fact("session.self_attested.v1", day(7)), Fact("session.held.v1", day(7)),
            ])
    }

    @Test func aCoachWhoAttestsLateSpeaksAloneAtOnce() async throws {
        let pair = try await Pair.active(importing: true)
        let session = try await pair.session(on: day(7), at: day(0))
        try await pair.attest(session, by: pair.coach, at: day(20))
        try await pair.reach(day(20).next)
        #expect(try await pair.events("session.self_attested") == [Fact("session.self_attested.v1", day(7))])
    }

    @Test func aCoachWhoMissedTheSessionHasACase() async throws {
        let pair = try await Pair.active(importing: true)
        let session = try await pair.session(on: day(7), at: day(0))
        let attested = try await pair.attest(session, .trusteeNoShow, by: pair.coachee, at: day(7, hours: 1))
        #expect(attested.state == .noShow)
        #expect(try await pair.events("session.no_show") == [Fact("session.no_show.v1", day(7))])
        let breachCase = try #require(try await pair.breachCases().first)
        #expect(breachCase.kind == .attendance && breachCase.subject == session && breachCase.state == .confirmed)
        #expect(try await pair.events("breach.") == [Fact("breach.confirmed.v1", day(7, hours: 1))])
    }

    @Test func aCoacheeWhoMissedTheSessionHasNoCase() async throws {
        let pair = try await Pair.active(importing: true)
        let session = try await pair.session(on: day(7), at: day(0))
        try await pair.attest(session, .trustorNoShow, by: pair.coachee, at: day(8))
        #expect(try await pair.events("session.no_show") == [Fact("session.no_show.v1", day(7))])
        #expect(try await pair.breachCases().isEmpty)
    }

    @Test func aContradictionDisputesUntilOneComesRound() async throws {
        let pair = try await Pair.active(importing: true)
        let session = try await pair.session(on: day(7), at: day(0))
        try await pair.attest(session, .trusteeNoShow, by: pair.coachee, at: day(7))
        #expect(try await pair.attest(session, by: pair.coach, at: day(8)).state == .disputed)
        #expect(try await pair.breachCases().map(\.state) == [.notConfirmed])
        let breachCase = try #require(try await pair.breachCases().first).name
        #expect(await refusal { try await pair.acknowledge(breachCase, at: day(8)) } == "BREACH_NOT_CONFIRMED")
        #expect(try await pair.attest(session, .trusteeNoShow, by: pair.coach, at: day(9)).state == .noShow)
        #expect(try await pair.breachCases().map(\.state) == [.confirmed], "the same case again")
        #expect(
            try await pair.events("session.").dropFirst() == [
                Fact("session.no_show.v1", day(7)), Fact("session.disputed.v1", day(8)),
                Fact("session.no_show.v1", day(7)),
            ])
        try await pair.reach(day(200))
        #expect(try await pair.events("breach.unrepaired") == [Fact("breach.unrepaired.v1", day(99))])
    }

    @Test func whatTheCoachHasAcknowledgedIsNotDisputed() async throws {
        let pair = try await Pair.active(importing: true)
        let session = try await pair.session(on: day(7), at: day(0))
        try await pair.attest(session, .trusteeNoShow, by: pair.coachee, at: day(7))
        _ = try await pair.acknowledge(try #require(try await pair.breachCases().first).name, at: day(8))
        #expect(await refusal { try await pair.attest(session, by: pair.coach, at: day(9)) } == "WRONG_STATE")
    }

    @Test func theFirstIntentIsDatedWhenStated() async throws {
        let pair = try await Pair.active(importing: true)
        let first = try await pair.session(on: day(7), at: day(0))
        for (text, instant) in [("listen", day(0)), ("listen more", day(1))] {
            _ = try await pair.service.stateIntent(
                StateIntentRequest(name: first, intent: text, occurredAt: pair.at(instant)), pair.by(pair.coach))
        }
        _ = try await pair.session(on: day(14), intent: "goals", at: day(2))
        #expect(
            try await pair.events("session.intent") == [
                Fact("session.intent_stated.v1", day(0)), Fact("session.intent_stated.v1", day(2)),
            ])
        #expect(
            await refusal {
                try await pair.session(on: day(21), intent: "mine", by: pair.coachee, at: day(2))
            } == "ROLE_FORBIDDEN")
    }

    // MARK: Decisions

    func decide(
        _ pair: Pair, by author: String, affects: [String], why: String = "", decided: Instant? = nil,
        at instant: Instant
    ) async throws -> String {
        try await pair.service.recordDecision(
            RecordDecisionRequest(
                parent: pair.name,
                decision: Decision(what: "territory", why: why, affects: affects, decideTime: decided?.timestamp),
                occurredAt: pair.at(instant)), pair.by(author)
        ).name
    }

    func explain(_ pair: Pair, _ decision: String, by author: String, at instant: Instant) async throws {
        _ = try await pair.service.explainDecision(
            ExplainDecisionRequest(name: decision, why: "fairness", occurredAt: pair.at(instant)), pair.by(author))
    }

    @Test func aReasonAtOnceExplainsAtOnce() async throws {
        let pair = try await Pair.active(importing: true)
        _ = try await decide(pair, by: pair.coach, affects: [pair.coachee], why: "fairness", at: day(14))
        try await pair.reach(day(30))
        #expect(
            try await pair.events("decision.") == [
                Fact("decision.recorded.v1", day(14)), Fact("decision.explained.v1", day(14)),
            ])
        guard case .decisionChanged(let payload) = try await pair.lastEvent("decision.explained.v1")?.payload else {
            throw Refusal.notFound("payload")
        }
        #expect(payload.authorRole == .trustee && payload.affectsTrustor)
    }

    @Test func aReasonAfterFortyEightHoursComesInTimeAndLaterTooLate() async throws {
        let pair = try await Pair.active(importing: true)
        let inTime = try await decide(pair, by: pair.coach, affects: [pair.coachee], at: day(14))
        try await explain(pair, inTime, by: pair.coach, at: day(16))
        let late = try await decide(pair, by: pair.coach, affects: [pair.coachee], at: day(20))
        try await explain(pair, late, by: pair.coach, at: day(22).next)
        #expect(
            try await pair.events("decision.") == [
                Fact("decision.recorded.v1", day(14)), Fact("decision.explained.v1", day(16)),
                Fact("decision.recorded.v1", day(20)), Fact("decision.unexplained.v1", day(22)),
                Fact("decision.revised.v1", day(22).next),
            ])
    }

    @Test(arguments: ["", "fairness"])
    func aDecisionRecordedLateWasUnexplained(why: String) async throws {
        let pair = try await Pair.active(importing: true)
        _ = try await decide(pair, by: pair.coach, affects: [pair.coachee], why: why, decided: day(10), at: day(14))
        try await pair.reach(day(14).next)
        #expect(
            try await pair.events("decision.") == [
                Fact("decision.recorded.v1", day(14)), Fact("decision.unexplained.v1", day(12)),
            ])
    }

    @Test func onlyTheCoachOwesTheCoacheeReasons() async throws {
        let pair = try await Pair.active(importing: true)
        _ = try await decide(pair, by: pair.coachee, affects: [pair.coachee, pair.coach], at: day(14))
        _ = try await decide(pair, by: pair.coach, affects: [pair.coach], at: day(14))
        try await pair.reach(day(30))
        #expect(try await pair.events("decision.unexplained").isEmpty)
    }

    // MARK: Conversation

    @Test func adviceWaitsUntilTheCoacheeWasHeard() async throws {
        let pair = try await Pair.active(importing: true)
        let session = try await pair.session(on: day(7), template: .listenFirst, at: day(0))
        let advice = AddAdviceRequest(
            parent: pair.name, advice: Advice(session: session, text: "ask about pain"), occurredAt: day(7).timestamp)
        #expect(await refusal { try await pair.service.addAdvice(advice, pair.by(pair.coach)) } == "LISTEN_FIRST")
        let heard = try await pair.service.recordReflectBack(
            RecordReflectBackRequest(
                parent: pair.name, reflectBack: ReflectBack(session: session, heard: "the split hurt"),
                occurredAt: day(7).timestamp), pair.by(pair.coach))
        #expect(await refusal { try await pair.service.addAdvice(advice, pair.by(pair.coach)) } == "LISTEN_FIRST")
        _ = try await pair.service.judgeReflectBack(
            JudgeReflectBackRequest(name: heard.name, verdict: .confirmed, occurredAt: day(7).timestamp),
            pair.by(pair.coachee))
        let added = try await pair.service.addAdvice(advice, pair.by(pair.coach))
        _ = try await pair.service.teachBack(
            TeachBackRequest(name: added.name, teachBack: "three pains", occurredAt: day(7).timestamp),
            pair.by(pair.coachee))
        for (rating, instant) in [(Advice.Rating.helpful, day(28)), (.helpful, day(29)), (.unhelpful, day(30))] {
            _ = try await pair.service.rateAdvice(
                RateAdviceRequest(name: added.name, rating: rating, occurredAt: instant.timestamp),
                pair.by(pair.coachee))
        }
        #expect(try await pair.events("reflect_back.") == [Fact("reflect_back.judged.v1", day(7))])
        #expect(
            try await pair.events("advice.") == [
                Fact("advice.added.v1", day(7)), Fact("advice.rated.v1", day(28)), Fact("advice.rated.v1", day(30)),
            ])
    }

    @Test func conversationRefersToSessionsOfItsOwn() async throws {
        let pair = try await Pair.active(importing: true)
        for (session, reason) in [
            ("", "INVALID_FIELD"), ("organizations/acme/relationships/else/sessions/1", "INVALID_FIELD"),
            ("\(pair.name)/sessions/0193aaaa-0000-7000-8000-00000000000b", "NOT_FOUND"),
            ("\(pair.name)/commitments/0193aaaa-0000-7000-8000-00000000000b", "BAD_NAME"),
        ] {
            #expect(
                await refusal {
                    try await pair.service.addAdvice(
                        AddAdviceRequest(
                            parent: pair.name, advice: Advice(session: session, text: "x"),
                            occurredAt: day(7).timestamp), pair.by(pair.coach))
                } == reason)
        }
    }

    @Test func aContextChangeIsTold() async throws {
        let pair = try await Pair.active(importing: true)
        _ = try await pair.service.recordContextChange(
            RecordContextChangeRequest(
                parent: pair.name, contextChange: ContextChange(type: .market, effect: "recall", external: true),
                occurredAt: day(14).timestamp), pair.by(pair.coachee))
        guard case .contextChanged(let payload) = try await pair.lastEvent("context.changed.v1")?.payload else {
            throw Refusal.notFound("payload")
        }
        #expect(payload.external && payload.type == .market && payload.effectiveTime == day(14).timestamp)
    }
}
