import Schema
import Testing

@testable import rapport

extension EndToEnd {
    @Suite("The case study comes out with the figures of the domain")
    struct CaseStudyTests {
        @Test("T on day 87 is 0.771052 within a millionth, for both")
        func finalScore() async throws {
            let pair = try await Shared.pair()
            let coachee = try await pair.profile(at: 87)
            #expect(abs(coachee.score - GoldenWeek.finalScore) <= 1e-6)
            let masses = coachee.components.flatMap { [$0.positiveMass, $0.negativeMass] }
            let golden = [14.255055, 1.320154, 5.304379, 1.122315, 4.996882, 1.354354, 4.636604, 0.878920]
            for (mass, expected) in zip(masses, golden) { #expect(abs(mass - expected) <= 1e-6) }
            #expect(try await pair.profile(at: 87, as: .coach).score == coachee.score)
        }

        @Test("Each week of the table to four decimals, with interval and band", arguments: GoldenWeek.all)
        func week(_ golden: GoldenWeek) async throws {
            let profile = try await Shared.pair().profile(at: golden.day)
            #expect(profile.components.map(\.component) == [.reliability, .integrity, .competence, .empathy])
            for (opinion, expected) in zip(profile.components, golden.components) {
                #expect(opinion.probability.prints(as: expected), "\(opinion.component)")
            }
            #expect(profile.score.prints(as: golden.score))
            let interval = try #require(profile.interval)
            #expect(interval.lower.prints(as: golden.interval.lower))
            #expect(interval.upper.prints(as: golden.interval.upper))
            #expect(profile.band == golden.band)
            #expect(profile.numberShown == (golden.band != .insufficientEvidence))
        }

        @Test("A day ahead is a projection, a day behind is not")
        func projection() async throws {
            let pair = try await Shared.pair()
            #expect(try await pair.profile(at: 171).projected)
            #expect(!(try await pair.profile(at: 87).projected))
        }

        @Test("Why week 5 differs from week 4: six lines, which add up")
        func brokenPromise() async throws {
            let explanation = try await Shared.pair().explanation(31, 38)
            #expect(abs(explanation.change - -0.020813) <= 1e-6)
            #expect(abs(explanation.lines.reduce(0) { $0 + $1.contribution } - explanation.change) <= 1e-9)
            let lines = explanation.lines.map { ($0.cause, $0.component, $0.kind, $0.contribution) }
            let golden: [(Explanation.Cause, Component, String, Double)] = [
                (.event, .reliability, "commitment.missed", -0.020520),
                (.event, .reliability, "session.held", 0.002509),
                (.timePassed, .reliability, "", -0.001358),
                (.timePassed, .empathy, "", -0.000617),
                (.timePassed, .competence, "", -0.000575),
                (.timePassed, .integrity, "", -0.000252),
            ]
            #expect(lines.count == golden.count)
            for (line, expected) in zip(lines, golden) {
                #expect(line.0 == expected.0 && line.1 == expected.1)
                #expect(line.0 == .timePassed || line.2 == expected.2)
                #expect(abs(line.3 - expected.3) <= 1e-6)
            }
        }

        @Test("Exactly 61 pieces of evidence, each of its kind on its day, one of them repaired on day 36")
        func evidence() async throws {
            let pair = try await Shared.pair()
            let evidence = try await pair.evidence()
            #expect(evidence.count == 61)
            let found = evidence.map { "\(($0.occurredAt ?? .init()).seconds) \($0.kind)" }.sorted()
            let told = Story.caseStudy.evidence.map { "\(pair.day($0.day).seconds) \($0.kind)" }.sorted()
            #expect(found == told)
            let repaired = evidence.filter { $0.repairTime != nil }
            #expect(repaired.map(\.kind) == ["commitment.missed"])
            #expect(repaired.first?.repairTime == pair.day(36))
        }

        @Test("The coach sees no single rating: neither as evidence nor as a line, and the sum is the same")
        func ratingsStayPrivate() async throws {
            let pair = try await Shared.pair()
            let kinds = try await pair.evidence(as: .coach).map(\.kind)
            #expect(kinds.count == 45)
            #expect(!kinds.contains { $0.hasPrefix("pulse.") })

            let (coachee, coach) = try await (pair.explanation(80, 87), pair.explanation(80, 87, as: .coach))
            #expect(coachee.lines.filter { $0.kind.hasPrefix("pulse.") }.count == 3)
            #expect(!coach.lines.contains { $0.kind.hasPrefix("pulse.") })
            let ratings = coach.lines.filter { $0.cause == .ratings }
            #expect(Set(ratings.map(\.component)) == [.reliability, .integrity, .competence])
            for line in ratings { #expect(line.evidence.isEmpty && line.occurredAt == nil) }
            #expect(abs(coach.change - coachee.change) <= 1e-12)
            #expect(abs(coach.lines.reduce(0) { $0 + $1.contribution } - coach.change) <= 1e-9)
        }

        @Test(
            "What-if says what the domain computes, and writes nothing",
            arguments: [
                ("commitment.kept", 0.001777), ("commitment.renegotiated", -0.002054), ("commitment.missed", -0.017064),
                ("decision.unexplained", -0.028263), ("pulse.understood=1", -0.026738),
                ("confidentiality.breach_confirmed", -0.082986),
            ])
        func whatIf(_ event: String, _ change: Double) async throws {
            let pair = try await Shared.pair()
            let hypothesis = try #require(HypotheticalEvent(argument: event))
            let response = try await pair.trust.whatIf(
                WhatIfRequest(name: pair.name, events: [hypothesis], asOf: pair.day(87)),
                options: pair.options(.coachee))
            let (before, after) = (try #require(response.before), try #require(response.after))
            #expect(abs(after.score - before.score - change) <= 1e-6)
            #expect(try await pair.profile(at: 87).score == before.score)
        }

        @Test("Folding the whole log anew gives the running state")
        func replay() async throws {
            let pair = try await Shared.pair()
            let replay = try await pair.trust.verifyReplay(
                VerifyReplayRequest(name: pair.name), options: pair.options(.coachee))
            #expect(replay.equal)
            #expect(replay.largestDifference < 1e-9)
            #expect(replay.evidenceCount == 61)
        }

        @Test(
            "The other pairs read as they were meant",
            arguments: [
                ("strong", 87, Band.strong), ("new", 87, .insufficientEvidence), ("mentoring", 87, .mixed),
            ])
        func contrastPairs(_ story: String, _ day: Int, _ band: Band) async throws {
            let suite = try await Shared.suite.running()
            let pair = try suite.client()
            let told = try #require(Story.all.first { $0.id == story })
            let token = try await TokenMint(home: suite.home).token(person: told.trustor.name)
            let profile = try await pair.trust.getProfileAt(
                GetProfileAtRequest(
                    name: "\(try suite.file.relationship(story))/trustProfile", asOf: pair.day(day)),
                options: .init(metadata: ["authorization": "Bearer \(token)"], timeout: .seconds(20)))
            #expect(profile.band == band)
            #expect(profile.evidenceCount == Int64(told.evidence.count))
        }
    }
}
