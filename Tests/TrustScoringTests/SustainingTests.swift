import Schema
import ServiceKit
import Standard
import Testing
import TrustModel

@testable import TrustScoring

/// docs/domain.md §3.13 and rule 32, from events to answers; S14's suggestions.
@Suite struct SustainingTests {
    private func index(
        _ pair: Pair, at instant: Instant? = nil, comparedTo earlier: Instant? = nil
    ) async throws -> Schema.SustainingIndex {
        try await pair.service.getSustainingIndex(
            GetSustainingIndexRequest(
                name: pair.relationship.name + "/sustainingIndex", asOf: instant?.timestamp,
                compareTo: earlier?.timestamp), pair.context())
    }

    private func level(
        _ practice: Schema.Practice, _ pair: Pair, at number: Double
    ) async throws -> Schema.SustainingIndex.Level {
        try #require(try await index(pair, at: day(number)).practices.first { $0.practice == practice })
    }

    @Test func sessionsAndFeedbackOfEitherAreContact() async throws {
        let pair = try await Pair(now: 100)
        try await pair.tell([20.0, 27, 34].map { pair.facts.held("s\($0)", start: day($0)) })
        try await pair.tell(
            [
                pair.facts.feedback("feedback.delivered.v1", .constructive, "f1", at: day(41)),
                pair.facts.feedback("feedback.delivered.v1", .recognition, "f2", at: day(48), author: .trustor),
                pair.facts.feedback("feedback.delivered.v1", .neutral, "f3", at: day(55)),
                // The receiver sees no more in it than that.
                pair.facts.feedback(
                    "feedback.delivered.v1", .constructive, "f4", at: day(62), effective: .neutral),
            ], from: "feedback")
        let level = try await level(.communication, pair, at: 70)
        #expect(level.met == 5 && level.expected == 8)
    }

    @Test func leaveOfEitherIsRemoved() async throws {
        let pair = try await Pair(now: 100)
        try await pair.tell([5.0, 12, 19, 26, 47, 54].map { pair.facts.held("s\($0)", start: day($0)) })
        #expect(try await level(.communication, pair, at: 56).met == 6)
        let leave = pair.facts.leave("l1", of: coach, from: day(28), to: day(42))
        try await pair.tell(leave)
        var level = try await level(.communication, pair, at: 56)
        #expect(level.met == 6 && level.expected == 6)
        // Somebody else's is none of theirs; a deleted one is none.
        try await pair.tell(
            pair.facts.leave("l2", of: "organizations/acme/people/other", from: day(0), to: day(56)))
        try await pair.tell(pair.facts.leave("l1", of: coach, from: day(28), to: day(42), deleted: true))
        level = try await self.level(.communication, pair, at: 56)
        #expect(level.expected == 8)
        // Of the other organisation's person with the same id.
        try await pair.tell(
            pair.facts.leave("l3", of: "organizations/other/people/coach", from: day(0), to: day(56)))
        #expect(try await self.level(.communication, pair, at: 56).expected == 8)
    }

    @Test func aPauseIsRemoved() async throws {
        let pair = try await Pair(now: 100)
        var relationship = pair.relationship
        relationship.state = .paused
        try await pair.tell(
            pair.facts.event(
                "relationship.paused.v1", .relationshipChanged(RelationshipChanged(relationship: relationship)),
                at: day(28)))
        // It lasts: 28 of the 56 days are left.
        #expect(try await level(.communication, pair, at: 56).expected == 4)
        relationship.state = .active
        try await pair.tell(
            pair.facts.event(
                "relationship.resumed.v1",
                .relationshipChanged(RelationshipChanged(relationship: relationship, pausedSince: day(28).timestamp)),
                at: day(42)))
        #expect(try await level(.communication, pair, at: 56).expected == 6)
        // It began before these 56 days.
        #expect(try await level(.communication, pair, at: 91).expected == 7)
    }

    @Test func recognitionAndGuidanceAsTheReceiverTagsThem() async throws {
        let pair = try await Pair(now: 100)
        let facts = pair.facts
        try await pair.tell(
            [
                facts.feedback("feedback.delivered.v1", .recognition, "f1", at: day(10)),
                facts.feedback("feedback.delivered.v1", .balanced, "f2", at: day(40)),
                // Without a next step, and from the coachee.
                facts.feedback("feedback.delivered.v1", .criticismOnly, "f3", at: day(12), complete: false),
                facts.feedback("feedback.delivered.v1", .constructive, "f4", at: day(12), author: .trustor),
            ], from: "feedback")
        let level = try await level(.recognizing, pair, at: 56)
        #expect(level.met == 3 && level.expected == 4)
        try await pair.tell(
            facts.feedback("feedback.tagged.v1", .recognition, "f1", at: day(11), effective: .criticismOnly),
            from: "feedback")
        #expect(try await self.level(.recognizing, pair, at: 56).met == 3)
        try await pair.tell(
            facts.feedback("feedback.tagged.v1", .recognition, "f1", at: day(11), effective: .neutral),
            from: "feedback")
        #expect(try await self.level(.recognizing, pair, at: 56).met == 2)
    }

    @Test func triggersAndTheirAnswers() async throws {
        let pair = try await Pair(now: 100)
        let facts = pair.facts
        func flexibility() async throws -> String {
            let level = try await level(.flexibility, pair, at: 56)
            return "\(level.met)/\(level.expected)"
        }
        #expect(try await level(.flexibility, pair, at: 56).flag == .noTrigger)
        try await pair.tell([
            facts.contextChange("context.changed.v1", "x1", at: day(10)),
            facts.contextChange("context.changed.v1", "x2", at: day(11)),
            facts.agreement("agreement.revised.v1", "a1", revision: 1, at: day(2)),
            facts.agreement("agreement.revised.v1", "a2", revision: 2, at: day(20)),
        ])
        try await pair.tell([facts.missedCheckIn(12, of: "g1"), facts.missedCheckIn(12, of: "g2")], from: "goals")
        #expect(try await flexibility() == "0/5")
        // Support counts once its commitment is accepted.
        try await pair.tell(facts.support("s1", for: "x1", at: day(15)), from: "goals")
        #expect(try await flexibility() == "0/5")
        try await pair.tell(
            facts.commitment("commitment.accepted.v1", "c1", at: day(16), source: facts.name("supportActions", "s1")))
        #expect(try await flexibility() == "1/5")
        // A revision answers its own goal, or the change that it names; a signature the agreement.
        try await pair.tell([facts.revision("r1", of: "g1", at: day(20))], from: "goals")
        #expect(try await flexibility() == "2/5")
        try await pair.tell([facts.revision("r2", of: "g3", for: "x2", at: day(22))], from: "goals")
        #expect(try await flexibility() == "3/5")
        try await pair.tell(facts.agreement("agreement.signed.v1", "a2", revision: 2, at: day(34)))
        #expect(try await flexibility() == "4/5")
        // Too late.
        try await pair.tell([facts.revision("r3", of: "g2", at: day(28))], from: "goals")
        #expect(try await flexibility() == "4/5")
    }

    @Test func aReflectionOfBothWithAnActionDone() async throws {
        let pair = try await Pair(now: 100)
        let facts = pair.facts
        func reflection() async throws -> Double { try await level(.reflection, pair, at: 60).value }
        #expect(try await reflection() == 0)
        try await pair.tell(facts.reflection("r1", at: day(20), trustee: false, actions: ["c1"]))
        #expect(try await reflection() == 0.5)
        try await pair.tell(facts.reflection("r2", at: day(30), actions: ["c1", "c2"]))
        #expect(try await reflection() == 0.5)
        try await pair.tell(facts.commitment("commitment.missed.v1", "c1", at: day(40)))
        #expect(try await reflection() == 0.5)
        try await pair.tell(facts.commitment("commitment.released.v1", "c2", at: day(41), owner: .trustor))
        #expect(try await reflection() == 1)
        // A relationship of 41 days owes none yet.
        #expect(try await level(.reflection, pair, at: 40).flag == .noWindow)
    }

    @Test func theWeakestIsNamedAndTheChangeAddsUp() async throws {
        let pair = try await Pair(now: 100)
        try await pair.tell((0..<14).map { pair.facts.held("s\($0)", start: day(Double(7 * $0))) })
        let answer = try await index(pair, at: day(98), comparedTo: day(60))
        #expect(answer.weakest == .recognizing)
        #expect(answer.practices.map(\.practice) == [.communication, .recognizing, .flexibility, .reflection])
        #expect(near(answer.value, SustainingIndex.mean(answer.practices.map(\.value)), 1e-12))
        #expect(near(answer.practices.reduce(0) { $0 + $1.logChange }, try #require(answer.logChange?.value), 1e-12))
        let usual = try await index(pair, at: day(98))
        #expect(usual.comparedTo == day(70).timestamp)
        let young = try await index(pair, at: day(10))
        #expect(young.comparedTo == nil && young.logChange == nil)
        #expect(young.practices.map(\.flag) == [.unspecified, .noWindow, .noTrigger, .noWindow])
    }

    @Test func theLimitsOfTheQuestion() async throws {
        let pair = try await Pair(now: 500)
        #expect(await reason { try await index(pair, at: day(501)) } == "AS_OF_TOO_FAR")
        #expect(await reason { try await index(pair, at: day(400), comparedTo: day(401)) } == "INVALID_FIELD")
        #expect(await reason { try await index(pair, at: day(400), comparedTo: day(30)) } == "INVALID_FIELD")
        #expect(await reason { try await index(pair, at: day(400), comparedTo: day(40)) } == nil)
        #expect(await reason { try await index(pair, at: day(400), comparedTo: day(-3)) } == "AS_OF_BEFORE_START")
    }

    // MARK: Suggestions

    private func suggestions(_ pair: Pair, as person: String = coach) async throws -> SuggestActionsResponse {
        try await pair.service.suggestActions(
            SuggestActionsRequest(name: pair.relationship.name), pair.context(person))
    }

    @Test func theCoachLearnsWhatWouldTellMost() async throws {
        let pair = try await Pair(now: 87)
        let events = CaseStudyEvents(pair.facts)
        try await pair.tell(events.relationships + events.feedback + events.goals)
        let answer = try await suggestions(pair)
        #expect(answer.component == .empathy)
        #expect(near(answer.score, 0.771052))
        // The context change of day 14 was adapted to, and is out of the 56 days: nothing asks for an adaptation.
        #expect(answer.actions.map(\.kind) == ["reflection.confirmed", "recognition.given"])
        #expect(answer.actions.allSatisfy { $0.change > 0 && $0.widthChange < 0 && !$0.text.isEmpty })
        #expect(answer.actions.allSatisfy { $0.reason == .mostUncertain })
        for action in answer.actions {
            let whatIf = try await pair.service.whatIf(
                WhatIfRequest(name: pair.relationship.name, events: [HypotheticalEvent(kind: action.kind)]),
                pair.context(coach))
            #expect(near(action.change, try #require(whatIf.explanation?.change), 1e-6))
            #expect(near(action.interval!.lower, whatIf.after!.interval!.lower, 1e-6))
        }
        #expect(try await pair.profile().evidenceCount == 61)
    }

    @Test func anOccasionIsNamed() async throws {
        let pair = try await Pair(now: 60)
        let facts = pair.facts
        // Much is known of all but empathy.
        for number in 0..<30 {
            try await pair.tell([
                facts.commitment(
                    "commitment.kept.v1", "c\(number)", at: day(Double(number)), claim: day(Double(number))),
                facts.decision(
                    "decision.explained.v1", "d\(number)", at: day(Double(number)), explained: day(Double(number))),
                facts.advice(.helpful, "a\(number)", at: day(Double(number))),
            ])
        }
        try await pair.tell([facts.held("s1", start: day(40)), facts.held("s2", start: day(47))])
        try await pair.tell(facts.contextChange("context.changed.v1", "x", at: day(45)))
        let answer = try await suggestions(pair)
        #expect(answer.component == .empathy)
        let reasons = Dictionary(uniqueKeysWithValues: answer.actions.map { ($0.kind, $0.reason) })
        #expect(
            reasons == [
                "reflection.confirmed": .mostUncertain, "recognition.given": .recognitionDrought,
                "support.adapted": .openContextChange,
            ])
    }

    @Test func aContactGapAndOpenFeedbackAreOccasions() async throws {
        let pair = try await Pair(now: 60)
        #expect(try await suggestions(pair).component == .reliability)
        let gap = Dictionary(uniqueKeysWithValues: try await suggestions(pair).actions.map { ($0.kind, $0.reason) })
        #expect(gap == ["commitment.kept": .mostUncertain, "session.held": .contactGap])
        try await pair.tell(
            pair.facts.feedback("feedback.delivered.v1", .constructive, "up", at: day(59), author: .trustor),
            from: "feedback")
        let answer = try await suggestions(pair)
        #expect(answer.actions.map(\.kind) == ["commitment.kept", "session.held", "response.in_sla"])
        #expect(answer.actions.map(\.reason) == [.mostUncertain, .mostUncertain, .openFeedback])
    }

    @Test func forTheCoachAloneWhileTheRelationshipIsActive() async throws {
        let pair = try await Pair(now: 60)
        #expect(await reason { try await suggestions(pair, as: coachee) } == "ROLE_FORBIDDEN")
        #expect(await reason { try await suggestions(pair, as: "organizations/acme/people/hr") } == "NOT_PARTY")
        var ended = pair.relationship
        ended.state = .ended
        ended.etag = "\"3\""
        try await pair.host.put(ended)
        #expect(await reason { try await suggestions(pair) } == "NOT_ACTIVE")
    }
}
