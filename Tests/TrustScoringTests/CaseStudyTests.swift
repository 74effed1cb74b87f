import RPC
import Schema
import ServiceKit
import Standard
import Testing
import TrustModel

@testable import TrustScoring

/// docs/domain.md §8.1 from the events of the other services to the answers of this one.
@Suite struct CaseStudyTests {
    private func told() async throws -> Pair {
        let pair = try await Pair(now: 87)
        let events = CaseStudyEvents(pair.facts)
        try await pair.tell(events.relationships)
        try await pair.tell(events.feedback, from: "feedback")
        try await pair.tell(events.goals, from: "goals")
        return pair
    }

    @Test func sixtyOneEventsAreEvidenceAndOneIsRepaired() async throws {
        let evidence = try await told().evidence()
        #expect(evidence.count == 61)
        let counts = Dictionary(grouping: evidence, by: \.kind).mapValues(\.count)
        #expect(
            counts == [
                "commitment.kept": 10, "commitment.missed": 1, "commitment.renegotiated": 1, "session.held": 13,
                "intent.stated": 3, "decision.explained": 2, "reflection.corrected": 1, "reflection.confirmed": 3,
                "feedback.actionable": 3, "recognition.given": 3, "support.adapted": 1, "advice.helpful": 2,
                "goal.gas": 2,
                "pulse.understood": 5, "pulse.honest": 4, "pulse.useful": 4, "pulse.dependable": 3,
            ])
        let repaired = evidence.filter { $0.repairTime != nil }
        #expect(repaired.map(\.kind) == ["commitment.missed"])
        #expect(repaired.first?.repairTime == day(36).timestamp)
        #expect(!evidence.contains { $0.superseded || $0.retracted })
        let instants = evidence.map { $0.occurredAt?.seconds ?? 0 }
        #expect(instants == instants.sorted())
    }

    struct Week: Sendable {
        var week: Int
        var components: [Double]
        var score: Double
        var interval: [Double]
        var band: Schema.Band
    }

    static let weeks = [
        Week(
            week: 0, components: [0.5982, 0.4995, 0.5000, 0.4599], score: 0.5144, interval: [0.3048, 0.7216],
            band: .insufficientEvidence),
        Week(
            week: 2, components: [0.7854, 0.5797, 0.5379, 0.6006], score: 0.6259, interval: [0.4537, 0.7849],
            band: .mixed),
        Week(
            week: 4, components: [0.8482, 0.6158, 0.6312, 0.6539], score: 0.6873, interval: [0.5396, 0.8198],
            band: .mixed),
        Week(
            week: 5, components: [0.7707, 0.6148, 0.6289, 0.6514], score: 0.6665, interval: [0.5161, 0.8032],
            band: .mixed),
        Week(
            week: 6, components: [0.7865, 0.6138, 0.6208, 0.7064], score: 0.6819, interval: [0.5412, 0.8093],
            band: .mixed),
        Week(
            week: 8, components: [0.8260, 0.7005, 0.6381, 0.7200], score: 0.7212, interval: [0.5910, 0.8367],
            band: .healthy),
        Week(
            week: 12, components: [0.8680, 0.7481, 0.7181, 0.7500], score: 0.7711, interval: [0.6549, 0.8714],
            band: .healthy),
        Week(
            week: 16, components: [0.8582, 0.7416, 0.7093, 0.7349], score: 0.7610, interval: [0.6363, 0.8687],
            band: .healthy),
        Week(
            week: 24, components: [0.8335, 0.7275, 0.6897, 0.7013], score: 0.7380, interval: [0.5955, 0.8612],
            band: .healthy),
    ]

    @Test func trajectory() async throws {
        let pair = try await told()
        for week in Self.weeks {
            let profile = try await pair.profile(at: day(Double(7 * week.week + 3)))
            #expect(profile.components.map(\.component) == [.reliability, .integrity, .competence, .empathy])
            for (component, expected) in zip(profile.components, week.components) {
                #expect(near(component.probability, expected, 5.001e-5), "week \(week.week)")
            }
            #expect(near(profile.score, week.score, 5.001e-5))
            #expect(near(profile.interval?.lower ?? 0, week.interval[0], 5.001e-5))
            #expect(near(profile.interval?.upper ?? 0, week.interval[1], 5.001e-5))
            #expect(profile.band == week.band)
            #expect(profile.numberShown == (week.week > 0))
            #expect(profile.projected == (week.week > 12))
        }
    }

    @Test func statesAtDay87() async throws {
        let profile = try await told().profile(at: day(87))
        let expected = [(14.255055, 1.320154), (5.304379, 1.122315), (4.996882, 1.354354), (4.636604, 0.878920)]
        for (component, masses) in zip(profile.components, expected) {
            #expect(near(component.positiveMass, masses.0))
            #expect(near(component.negativeMass, masses.1))
            #expect(near(component.belief + component.disbelief + component.uncertainty, 1, 1e-12))
        }
        #expect(near(profile.score, 0.771052))
        #expect(near(profile.interval?.lower ?? 0, 0.654867))
        #expect(near(profile.interval?.upper ?? 0, 0.871445))
        #expect(profile.evidenceCount == 61)
        #expect(profile.stateHash.isEmpty)
        #expect(profile.policy == "organizations/acme/policies/standard-1")
    }

    @Test func theBrokenPromiseExplained() async throws {
        let pair = try await told()
        let explanation = try await pair.service.explainChange(
            ExplainChangeRequest(name: pair.relationship.name, from: day(31).timestamp, to: day(38).timestamp),
            pair.context())
        let expected: [(Schema.Explanation.Cause, Schema.Component, String, Double)] = [
            (.event, .reliability, "commitment.missed", -0.020520), (.event, .reliability, "session.held", 0.002509),
            (.timePassed, .reliability, "", -0.001358), (.timePassed, .empathy, "", -0.000617),
            (.timePassed, .competence, "", -0.000575), (.timePassed, .integrity, "", -0.000252),
        ]
        #expect(explanation.lines.count == expected.count)
        for (line, (cause, component, kind, contribution)) in zip(explanation.lines, expected) {
            #expect(line.cause == cause)
            #expect(line.component == component)
            #expect(line.kind == kind)
            #expect(near(line.contribution, contribution, 5.001e-7))
        }
        #expect(near(explanation.change, -0.020813, 5.001e-7))
        #expect(near(explanation.lines.reduce(0) { $0 + $1.contribution }, explanation.change, 1e-12))
        #expect(explanation.lines.first?.text == "A promise was missed; the repair was accepted")
        #expect(explanation.lines.first?.occurredAt == day(34).timestamp)
        let named = try #require(explanation.lines.first?.evidence)
        let evidence = try await pair.service.getEvidence(GetEvidenceRequest(name: named), pair.context())
        #expect(evidence.references == [pair.facts.name("commitments", "c34")])
    }

    /// No fact comes in the order of time when one service is slow: the sum is the same (docs/domain.md §3.4).
    @Test func theOrderOfTheServicesMakesNoDifference() async throws {
        let one = try await told()
        let other = try await Pair(now: 87)
        let events = CaseStudyEvents(other.facts)
        _ = try await other.profile()
        for event in events.goals.reversed() { try await other.tell(event, from: "goals") }
        for event in events.feedback.reversed() {
            try await other.tell(event, from: "feedback")
            _ = try await other.profile()
        }
        try await other.tell(events.relationships)
        let (left, right) = (try await one.profile(at: day(87)), try await other.profile(at: day(87)))
        #expect(near(left.score, right.score, 1e-12))
        #expect(try await other.evidence().count == 61)
        #expect(try await other.verification().equal)
    }

    /// G-22 of docs/domain.md §3.16: one more event on day 87, for whoever of the two asks.
    @Test(arguments: [coach, coachee])
    func whatIfOneEvent(_ person: String) async throws {
        let pair = try await told()
        let cases: [(String, Int32, Double)] = [
            ("commitment.kept", 0, 0.001777), ("commitment.renegotiated", 0, -0.002054),
            ("commitment.missed", 0, -0.017064),
            ("decision.unexplained", 0, -0.028263), ("pulse.understood", 1, -0.026738),
            ("confidentiality.breach_confirmed", 0, -0.082986),
        ]
        for (kind, value, change) in cases {
            let answer = try await pair.service.whatIf(
                WhatIfRequest(
                    name: pair.relationship.name, events: [HypotheticalEvent(kind: kind, value: value)],
                    asOf: day(87).timestamp), pair.context(person))
            #expect(near(answer.explanation?.change ?? 0, change), "\(kind)")
            #expect(near((answer.after?.score ?? 0) - (answer.before?.score ?? 0), change))
            #expect(answer.after?.evidenceCount == 62)
        }
        #expect(try await pair.evidence().count == 61)
        #expect(try await pair.profile(at: day(87)).evidenceCount == 61)
    }

    @Test func replayEqualsTheRunningState() async throws {
        let pair = try await told()
        let verification = try await pair.verification()
        #expect(verification.equal)
        #expect(verification.largestDifference < 1e-9)
        #expect(verification.evidenceCount == 61)
        #expect(verification.stateHash.count == 64)
        #expect(verification.stateHash == (try await pair.stateHash()))
    }

    /// Single ratings stay with the coachee (docs/domain.md rule 19).
    @Test func theCoachSeesNoSingleRating() async throws {
        let pair = try await told()
        let list = try await pair.evidence(coach)
        #expect(list.count == 61 - 16)
        #expect(!list.contains { $0.kind.hasPrefix("pulse.") })
        let rating = try #require(try await pair.evidence().last { $0.kind.hasPrefix("pulse.") })
        #expect(
            await reason {
                try await pair.service.getEvidence(GetEvidenceRequest(name: rating.name), pair.context(coach))
            } == "NOT_FOUND")
        let request = ExplainChangeRequest(
            name: pair.relationship.name, from: day(73).timestamp, to: day(87).timestamp)
        let whole = try await pair.service.explainChange(request, pair.context())
        let folded = try await pair.service.explainChange(request, pair.context(coach))
        #expect(whole.lines.contains { $0.kind.hasPrefix("pulse.") })
        let ratings = folded.lines.filter { $0.cause == .ratings }
        #expect(Set(ratings.map(\.component)) == [.reliability, .integrity, .competence])
        #expect(ratings.allSatisfy { $0.kind.isEmpty && $0.evidence.isEmpty && $0.occurredAt == nil })
        #expect(!folded.lines.contains { $0.kind.hasPrefix("pulse.") })
        #expect(folded.change == whole.change)
        #expect(near(folded.lines.reduce(0) { $0 + $1.contribution }, folded.change, 1e-12))
        #expect(try await pair.profile(at: day(87)).score == whole.scoreTo)
    }
}
