import Schema
import ServiceKit
import Standard
import Testing
import TrustModel

@testable import TrustScoring

/// docs/domain.md §3.12 and rule 31, from events to answers.
@Suite struct OutcomesTests {
    private func outcomes(
        _ pair: Pair, at instant: Instant? = nil, weeks: Int32 = 0, as person: String = coachee
    ) async throws -> Outcomes {
        try await pair.service.getOutcomes(
            GetOutcomesRequest(
                name: pair.relationship.name + "/outcomes", asOf: instant?.timestamp, weekCount: weeks),
            pair.context(person))
    }

    private func outcome(_ kind: Schema.OutcomeKind, _ outcomes: Outcomes) throws -> Outcome {
        try #require(outcomes.outcomes.first { $0.kind == kind })
    }

    private func part(_ part: Schema.OutcomePart, _ outcomes: Outcomes) throws -> Outcome.Part {
        try #require(outcomes.outcomes.flatMap(\.parts).first { $0.part == part })
    }

    /// G-26: raised 1,1,0,1,1,1,0,1 weekly, each in another of the ways that count; safety 4, 4, 5.
    @Test func opennessOfG26() async throws {
        let pair = try await Pair(now: 49)
        let facts = pair.facts
        for number in 0..<8 {
            let start = day(Double(7 * number))
            try await pair.tell(facts.held("s\(number)", start: start, raised: [3, 7].contains(number)))
        }
        try await pair.tell([
            facts.agendaItem("a0", for: "s0", at: day(-0.5), concern: true),
            // No concern, and a concern of the coach, are none.
            facts.agendaItem("a2", for: "s2", at: day(13), concern: false),
            facts.agendaItem("b2", for: "s2", at: day(13), concern: true, by: .trustee),
            facts.agendaItem("a5", for: "s5", at: day(30), concern: true),
        ])
        try await pair.tell(
            [
                facts.obstacle("o1", at: day(3)), facts.obstacle("o4", at: day(25)),
                // Of the coach.
                facts.obstacle("o6", at: day(41), by: .trustee),
            ], from: "goals")
        for (number, value) in [(14.0, Int32(4)), (28, 4), (42, 5)] {
            try await pair.tell(facts.pulse(.safeToRaise, value, at: day(number)), from: "feedback")
        }
        try await pair.tell(facts.pulse(.safeToRaise, 1, at: day(43), scope: .selfOnly), from: "feedback")
        let answer = try await outcomes(pair, at: day(49))
        // a5, raised on day 30, lies in the windows of session 5 alone (28 < 30 ≤ 36).
        #expect(near(try #require(try part(.raised, answer).value?.value), 0.681536))
        #expect(near(try #require(try part(.safety, answer).value?.value), 0.688408))
        let openness = try outcome(.openness, answer)
        #expect(near(try #require(openness.value?.value), 0.684972))
        #expect(openness.itemCount == 11)
        #expect(openness.change != nil)
        #expect(near(openness.lines.reduce(0) { $0 + $1.contribution }, openness.change?.value ?? 0, 1e-9))
    }

    @Test("S08: raising something in one session of five after four of five shows within four sessions")
    func silence() async throws {
        let pair = try await Pair(now: 120)
        for number in 0..<16 {
            let raised = number < 10 ? number % 5 != 0 : number % 5 == 0
            try await pair.tell(pair.facts.held("s\(number)", start: day(Double(7 * number)), raised: raised))
        }
        let before = try outcome(.openness, try await outcomes(pair, at: day(7 * 9 + 1)))
        let after = try outcome(.openness, try await outcomes(pair, at: day(7 * 13 + 1)))
        #expect(try #require(after.value?.value) < #require(before.value?.value) - 0.1)
        #expect(try #require(after.change?.value) < -0.1)
    }

    @Test("S09: the formality ratio is the share of sessions that told the state of things alone")
    func formality() async throws {
        let pair = try await Pair(now: 60)
        for (number, depth) in [Session.Depth.status, .growth, .status].enumerated() {
            try await pair.tell(pair.facts.depth("s\(number)", depth, start: day(Double(7 * number))))
        }
        #expect(try await outcomes(pair, at: day(20)).companions?.formalityRatio == nil)
        try await pair.tell(pair.facts.depth("s3", .status, start: day(21)))
        #expect(try await outcomes(pair, at: day(22)).companions?.formalityRatio?.value == 0.75)
    }

    /// Single ratings stay with the coachee (docs/domain.md rule 19).
    @Test func theCoachSeesRatingsOfSafetyAsOneLine() async throws {
        let pair = try await Pair(now: 60)
        for number in 0..<6 {
            try await pair.tell(pair.facts.held("s\(number)", start: day(Double(7 * number))))
            try await pair.tell(
                pair.facts.pulse(.safeToRaise, Int32(1 + number % 5), at: day(Double(7 * number) + 1)), from: "feedback"
            )
        }
        let whole = try outcome(.openness, try await outcomes(pair, at: day(50)))
        let folded = try outcome(.openness, try await outcomes(pair, at: day(50), as: coach))
        #expect(whole.lines.count { $0.part == .safety && !$0.reference.isEmpty } > 1)
        let ratings = folded.lines.filter { $0.part == .safety }
        #expect(ratings.map(\.cause) == [.pulses])
        #expect(ratings.allSatisfy { $0.reference.isEmpty && $0.occurredAt == nil })
        #expect(whole.change == folded.change && whole.value == folded.value)
    }

    /// A coachee who does not come lowers engagement and leaves T alone (S16).
    @Test func anAbsenceOfTheCoacheeLowersEngagementAlone() async throws {
        let pair = try await Pair(now: 60)
        for number in 0..<4 {
            let id = "s\(number)"
            try await pair.tell(pair.facts.agendaItem("a\(number)", for: id, at: day(Double(7 * number) - 1)))
            try await pair.tell(pair.facts.held(id, start: day(Double(7 * number))))
        }
        try await pair.tell((0..<3).map { pair.facts.checkIn(Double(7 * $0), at: day(Double(7 * $0))) }, from: "goals")
        let (before, score) = (try await outcomes(pair, at: day(30)), try await pair.profile(at: day(30)).score)
        let engaged = try outcome(.engagement, before)
        #expect(engaged.parts.map(\.itemCount) == [4, 4, 3])
        try await pair.tell(
            pair.facts.session("session.no_show.v1", "s4", start: day(28), at: day(29), trustor: .trustorNoShow))
        let after = try await outcomes(pair, at: day(30))
        #expect(try outcome(.engagement, after).value!.value < engaged.value!.value)
        #expect(try await pair.profile(at: day(30)).score == score)
        // The coach's absence says nothing about the coachee.
        try await pair.tell(
            pair.facts.session("session.no_show.v1", "s5", start: day(29), at: day(29), trustor: .trusteeNoShow))
        #expect(
            try outcome(.engagement, try await outcomes(pair, at: day(30))).value == outcome(.engagement, after).value)
    }

    /// A missed slot stays missed, whatever is entered later; proposing a goal and revising one together count (docs/domain.md
    /// rules 31 and 50).
    @Test func checkInsAndAPartInSettingGoals() async throws {
        let pair = try await Pair(now: 60)
        let facts = pair.facts
        try await pair.tell(
            [
                facts.checkIn(7, at: day(7)), facts.missedCheckIn(14), facts.checkIn(14, at: day(16), onTime: false),
                facts.checkIn(21, at: day(21)), facts.checkIn(21, at: day(21.2)),
            ], from: "goals")
        var checkedIn = try part(.checkedIn, try await outcomes(pair, at: day(30)))
        #expect(checkedIn.itemCount == 3)
        try await pair.tell(
            [
                facts.goal("goal.proposed.v1", "g1", at: day(1), state: .proposed),
                facts.goal("goal.proposed.v1", "g1", at: day(2), state: .proposed),
                facts.goal("goal.proposed.v1", "g2", at: day(2), state: .proposed, by: .trustee),
                facts.revision("r1", of: "g2", at: day(25)),
            ], from: "goals")
        checkedIn = try part(.checkedIn, try await outcomes(pair, at: day(30)))
        #expect(checkedIn.itemCount == 5)
    }

    /// Feedback to the coachee alone; recognition needs no action; a withdrawn item was none (docs/domain.md rule 31).
    @Test func responsivenessCountsFeedbackToTheCoachee() async throws {
        let pair = try await Pair(now: 60)
        let facts = pair.facts
        var told: [Event] = []
        for (number, kind) in [FeedbackItem.Kind.constructive, .balanced, .recognition, .neutral].enumerated() {
            let id = "f\(number)"
            told.append(facts.feedback("feedback.delivered.v1", kind, id, at: day(Double(number))))
            told.append(
                facts.feedback("feedback.acknowledged.v1", kind, id, at: day(Double(number) + 1), inTime: true))
        }
        told.append(facts.feedback("feedback.acted_on.v1", .constructive, "f0", at: day(10)))
        told.append(facts.feedback("feedback.delivered.v1", .constructive, "f9", at: day(5)))
        told.append(facts.feedback("feedback.withdrawn.v1", .constructive, "f9", at: day(5.5)))
        told.append(facts.feedback("feedback.delivered.v1", .constructive, "up", at: day(2), author: .trustor))
        told.append(facts.feedback("feedback.acknowledged.v1", .constructive, "up", at: day(4), author: .trustor))
        try await pair.tell(told, from: "feedback")
        let answer = try await outcomes(pair, at: day(40))
        #expect(try part(.acknowledged, answer).itemCount == 4)
        #expect(try part(.acknowledged, answer).value?.value == 1)
        #expect(try part(.acted, answer).itemCount == 2)
        #expect(near(try #require(try part(.acted, answer).value?.value), 0.5, 1e-12))
        // Two items are fewer than 3: acknowledgements stand alone.
        #expect(try part(.acted, answer).weight == 0)
        let companions = try #require(answer.companions)
        #expect(companions.trustorAcknowledgeMedian == ProtobufDuration(seconds: 86_400))
        #expect(companions.trusteeAcknowledgeMedian == ProtobufDuration(seconds: 172_800))
        #expect(companions.trusteeActMedian == nil)
        // Three of the coach's that say something and one of the coachee's: fewer than 6.
        #expect(companions.contactCount == 4 && companions.reciprocity == nil)
    }

    /// What is hidden is undated until its reveal, for waiting times as well (docs/domain.md rule 30).
    @Test func waitingBeginsWithTheReveal() async throws {
        let pair = try await Pair(now: 60)
        try await pair.tell(
            [
                pair.facts.feedback("feedback.delivered.v1", .balanced, "f", at: day(8), revealed: day(10)),
                pair.facts.feedback("feedback.acknowledged.v1", .balanced, "f", at: day(11), inTime: true),
            ], from: "feedback")
        #expect(try part(.acknowledged, try await outcomes(pair, at: day(9))).itemCount == 0)
        let companions = try await outcomes(pair, at: day(20)).companions
        #expect(companions?.trustorAcknowledgeMedian == ProtobufDuration(seconds: 86_400))
    }

    @Test func accountabilityIsTheCoacheesOwnPromises() async throws {
        let pair = try await Pair(now: 60)
        func own(_ type: String, _ id: String, at number: Double, claim: Double? = nil, late: Int32 = 0) -> Event {
            pair.facts.commitment(
                type, id, at: day(number), owner: .trustor, claim: claim.map { day($0) }, renegotiated: day(number),
                daysLate: late)
        }
        try await pair.tell([
            own("commitment.kept.v1", "c1", at: 12, claim: 10), own("commitment.renegotiated.v1", "c2", at: 10),
            own("commitment.kept_unconfirmed.v1", "c2", at: 17, claim: 10),
            own("commitment.missed.v1", "c3", at: 10), own("commitment.kept_late.v1", "c3", at: 13, claim: 11, late: 2),
            own("commitment.missed.v1", "c4", at: 10), own("commitment.abandoned.v1", "c4", at: 17),
            // Neither released, nor lapsed, nor disputed and void, nor the coach's.
            own("commitment.released.v1", "c5", at: 10), own("commitment.lapsed.v1", "c6", at: 10),
            own("commitment.kept_unconfirmed.v1", "c7", at: 10, claim: 10), own("commitment.disputed.v1", "c7", at: 11),
            own("commitment.voided.v1", "c7", at: 41),
            pair.facts.commitment("commitment.missed.v1", "coach", at: day(10)),
        ])
        let on10 = try outcome(.accountability, try await outcomes(pair, at: day(10)))
        #expect(on10.itemCount == 5)
        #expect(near(on10.value!.value, (1 + 0.7 + 1 + 1) / 7, 1e-12))
        let on11 = try outcome(.accountability, try await outcomes(pair, at: day(11)))
        #expect(on11.itemCount == 5)
        #expect(on11.value!.value > on10.value!.value)
        #expect(try outcome(.accountability, try await outcomes(pair, at: day(60))).itemCount == 5)
    }

    @Test func companionsOfRhythmAndWord() async throws {
        let pair = try await Pair(now: 80)
        for number in 0..<9 {
            try await pair.tell(pair.facts.held("s\(number)", start: day(Double(7 * number)), attention: 5))
        }
        try await pair.tell([
            pair.facts.commitment("commitment.kept.v1", "c1", at: day(6), claim: day(6)),
            pair.facts.commitment("commitment.missed.v1", "c2", at: day(7)),
            pair.facts.commitment("commitment.missed.v1", "c3", at: day(7)),
            pair.facts.commitment("commitment.kept_late.v1", "c3", at: day(9), claim: day(8), daysLate: 1),
        ])
        let companions = try #require(try await outcomes(pair).companions)
        #expect(near(companions.cadenceBurstiness!.value, -1, 1e-12))
        #expect(near(companions.sayDoRatio!.value, 1.0 / 3, 1e-12))
        #expect(companions.attention!.value > 0.8)
        #expect(try await outcomes(pair, at: day(20)).companions?.attention == nil)
        #expect(try await outcomes(pair, at: day(20)).companions?.cadenceBurstiness == nil)
    }

    /// S02, S37 and S50: one axis of time for trust, outcomes, goals, ambition and obstacles.
    @Test func weekByWeek() async throws {
        let pair = try await Pair(now: 87)
        let events = CaseStudyEvents(pair.facts)
        try await pair.tell(events.relationships)
        try await pair.tell(events.feedback, from: "feedback")
        try await pair.tell(events.goals, from: "goals")
        let facts = pair.facts
        try await pair.tell(
            [
                facts.goal("goal.proposed.v1", "g1", at: day(13), state: .proposed, ambition: 3),
                facts.goal("goal.proposed.v1", "g2", at: day(14), state: .proposed, ambition: 5),
                facts.goal("goal.retired.v1", "g1", at: day(50), state: .retired, ambition: 3),
                facts.obstacle("o1", at: day(5)), facts.obstacle("o2", at: day(26)), facts.obstacle("o3", at: day(27)),
            ], from: "goals")
        for number in [10.0, 24, 38, 52] {
            try await pair.tell(facts.pulse(.motivated, 5, at: day(number)), from: "feedback")
        }
        let answer = try await outcomes(pair, at: day(87), weeks: 13)
        #expect(answer.weeks.count == 13)
        #expect(answer.weeks.map(\.asOf) == (0..<13).map { day(Double(3 + 7 * $0)).timestamp })
        for week in [0, 4, 12] {
            #expect(near(answer.weeks[week].score, try await pair.profile(at: day(Double(7 * week + 3))).score, 1e-12))
        }
        #expect(answer.weeks.first?.numberShown == false && answer.weeks.last?.numberShown == true)
        #expect(near(answer.weeks[12].score, 0.771052))
        #expect(answer.weeks[1].ambition == nil)
        #expect(answer.weeks[2].ambition?.value == 4)
        #expect(answer.weeks[12].ambition?.value == 5)
        #expect(answer.weeks[4].obstaclesPerWeek == 0.75)
        #expect(answer.weeks[5].goalAttainment == nil)
        #expect(answer.weeks[6].goalAttainment?.value == 0)
        #expect(answer.weeks[7].motivated != nil && answer.weeks[6].motivated == nil)
        let seen = try await outcomes(pair, at: day(87), weeks: 13, as: coach)
        #expect(seen.weeks.allSatisfy { $0.motivated == nil })
        #expect(seen.weeks.map(\.score) == answer.weeks.map(\.score))
        // Not before the relationship began.
        #expect(try await outcomes(pair, at: day(10), weeks: 104).weeks.count == 2)
    }

    @Test func theLimitsOfTheQuestion() async throws {
        let pair = try await Pair(now: 60)
        #expect(await reason { try await outcomes(pair, at: day(61)) } == "AS_OF_TOO_FAR")
        #expect(await reason { try await outcomes(pair, at: day(-2)) } == "AS_OF_BEFORE_START")
        #expect(await reason { try await outcomes(pair, weeks: 105) } == "INVALID_FIELD")
        #expect(await reason { try await outcomes(pair, weeks: -1) } == "INVALID_FIELD")
        #expect(
            await reason {
                try await pair.service.getOutcomes(GetOutcomesRequest(name: pair.relationship.name), pair.context())
            } == "BAD_NAME")
        let empty = try await outcomes(pair)
        #expect(empty.outcomes.map(\.kind) == [.openness, .engagement, .responsiveness, .accountability])
        #expect(empty.outcomes.allSatisfy { $0.value == nil && $0.interval == nil && $0.itemCount == 0 })
    }

    /// The inputs go with their source and come anew (docs/domain.md rule 24).
    @Test func aSourceThatBeginsAnew() async throws {
        let pair = try await Pair(now: 60)
        let pulse = pair.facts.pulse(.safeToRaise, 4, at: day(3))
        try await pair.tell(pulse, from: "feedback")
        try await pair.tell(pulse, from: "feedback")
        #expect(try part(.safety, try await outcomes(pair)).itemCount == 1)
        try await pair.host.runtime.database.write { try pair.service.forget("feedback", in: $0) }
        #expect(try part(.safety, try await outcomes(pair)).itemCount == 0)
        try await pair.tell(pulse, from: "feedback")
        #expect(try part(.safety, try await outcomes(pair)).itemCount == 1)
    }
}
