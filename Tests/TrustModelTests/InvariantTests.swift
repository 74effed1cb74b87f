import Testing

@testable import TrustModel

/// docs/domain.md §3.11, I1 to I15.
@Suite struct InvariantTests {
    private func opinion(_ random: inout SplitMix64) -> Opinion {
        let scale = [0.01, 1, 30, 3_000].randomElement(using: &random)!
        return Opinion(
            positive: .random(in: 0...scale, using: &random), negative: .random(in: 0...scale, using: &random),
            baseRate: .random(in: 0.2...0.5, using: &random))
    }

    private func state(_ history: RandomLog) throws -> RelationshipState {
        try Replay.state(of: history.log, start: history.start, policy: history.policy)
    }

    @Test func i1OpinionsAddUp() {
        var random = seeded()
        for _ in 0..<5_000 {
            let opinion = opinion(&random)
            #expect(near(opinion.belief + opinion.disbelief + opinion.uncertainty, 1, 1e-12))
            #expect(opinion.belief >= 0 && opinion.disbelief >= 0 && opinion.uncertainty >= 0)
        }
    }

    @Test func i2GoodNeverHurtsBadNeverHelps() throws {
        var random = seeded()
        for _ in 0..<5_000 {
            let before = opinion(&random)
            var better = before
            var worse = before
            better.positive += .random(in: 0...3, using: &random)
            worse.negative += .random(in: 0...3, using: &random)
            #expect(better.projected >= before.projected)
            #expect(worse.projected <= before.projected)
        }
        // And as events, on a day of their own.
        var factory = EventFactory()
        for _ in 0..<3_000 {
            let history = try RandomLog(&random, count: 20, days: 50)
            let state = try state(history)
            let before = try #require(state.profile(at: day(61)))
            let (good, bad) = try (factory.make(.commitmentKept, on: 60), factory.make(.commitmentAbandoned, on: 60))
            #expect(try state.whatIf([good], at: day(61)).profile.score >= before.score)
            #expect(try state.whatIf([bad], at: day(61)).profile.score <= before.score)
        }
    }

    @Test func i3SilenceOnlyForgets() throws {
        var random = seeded()
        let scarless = EvidenceKind.allCases.filter { !($0.isBreach && $0.component == .integrity) }
        for _ in 0..<3_000 {
            let history = try RandomLog(&random, count: 25, days: 50, kinds: scarless, links: false)
            let state = try state(history)
            var previous = try #require(state.profile(at: day(50)))
            for days in [50.1, 51, 70, 150, 400, 2_000] {
                let next = try #require(state.profile(at: day(days)))
                for component in Component.allCases {
                    let (was, now) = (previous.components[component].opinion, next.components[component].opinion)
                    #expect(abs(now.projected - now.baseRate) <= abs(was.projected - was.baseRate) + 1e-15)
                    #expect(1 - now.uncertainty <= 1 - was.uncertainty + 1e-15)
                }
                previous = next
            }
        }
    }

    @Test func i4OrderAndShardingChangeNothing() throws {
        var random = seeded()
        for _ in 0..<3_000 {
            let history = try RandomLog(&random, count: 40)
            let once = try #require(try state(history).profile(at: day(200)))
            let shuffled = EvidenceLog(
                evidence: history.evidence.shuffled(using: &random), repairs: history.repairs.shuffled(using: &random),
                retractions: history.retractions.shuffled(using: &random))
            let again = try Replay.profile(
                of: shuffled, start: history.start, policy: history.policy, asOf: day(200))
            #expect(distance(once, again) <= 1e-9)
            // Two shards, the second joined to the first event by event.
            let cut = Int.random(in: 0...40, using: &random)
            var joined = EvidenceLog(
                evidence: Array(history.evidence[cut...]), repairs: history.repairs, retractions: history.retractions)
            for event in history.evidence[..<cut].shuffled(using: &random) { joined.insert(event) }
            let merged = try Replay.profile(of: joined, start: history.start, policy: history.policy, asOf: day(200))
            #expect(distance(once, merged) <= 1e-9)
        }
    }

    @Test func i5DuplicatesAreNoOps() throws {
        var random = seeded()
        for _ in 0..<3_000 {
            let history = try RandomLog(&random, count: 30)
            var state = try state(history)
            let before = state.profile(at: day(300))
            #expect(state.append(try #require(history.evidence.randomElement(using: &random))) == .duplicate)
            for repair in history.repairs { #expect(state.repair(repair) == .duplicate) }
            for retraction in history.retractions { #expect(state.retract(retraction) == .duplicate) }
            #expect(state.profile(at: day(300)) == before)
        }
    }

    @Test func i6RetractionUndoesAnAppend() throws {
        var random = seeded()
        for _ in 0..<3_000 {
            let history = try RandomLog(&random, count: 30)
            let extra = try RandomLog(&random, count: 1)
            var state = try state(history)
            let before = try #require(state.profile(at: day(310)))
            #expect(state.append(extra.evidence[0]) == .applied)
            #expect(state.retract(Retraction(evidence: extra.evidence[0].id)) == .applied)
            #expect(distance(before, try #require(state.profile(at: day(310)))) <= 1e-9)
            // A second delivery does not bring it back.
            #expect(state.append(extra.evidence[0]) == .duplicate)
            #expect(distance(before, try #require(state.profile(at: day(310)))) <= 1e-9)
        }
    }

    @Test func i7ExplanationsSumUp() throws {
        var random = seeded()
        for _ in 0..<4_000 {
            let history = try RandomLog(&random, count: .random(in: 0...60, using: &random), days: 100)
            let instants = [Double.random(in: -1..<150, using: &random), .random(in: -1..<150, using: &random)].sorted()
            let explanation = try state(history).explanation(from: day(instants[0]), to: day(instants[1]))
            #expect(near(explanation.sum, explanation.change, 1e-12))
            #expect(
                zip(explanation.lines, explanation.lines.dropFirst()).allSatisfy {
                    abs($0.contribution) >= abs($1.contribution)
                })
        }
    }

    @Test func i8WhatIfForetellsAppend() throws {
        var random = seeded()
        for _ in 0..<3_000 {
            let history = try RandomLog(&random, count: 30)
            let extra = try RandomLog(&random, count: 5, links: false)
            var state = try state(history)
            let foretold = try state.whatIf(extra.evidence, at: day(320))
            for event in extra.evidence { #expect(state.append(event) == .applied) }
            #expect(foretold.profile == state.profile(at: day(320)))
            #expect(near(foretold.explanation.sum, foretold.explanation.change, 1e-12))
        }
    }

    @Test(arguments: 3...20) func i9TheConManLoses(good: Int) throws {
        let values = try conManCycle(.commitmentAbandoned, good: good, cycles: 12)
        #expect(zip(values, values.dropFirst()).allSatisfy { $0 > $1 })
    }

    @Test func i10OneDayAddsAtMostTwo() throws {
        var random = seeded()
        for _ in 0..<3_000 {
            let kind = EvidenceKind.allCases.filter { !$0.isBreach }.randomElement(using: &random)!
            var factory = EventFactory()
            var log = EvidenceLog()
            for _ in 0..<Int.random(in: 1...40, using: &random) {
                log.insert(
                    try factory.make(
                        kind, at: day(3 + .random(in: 0..<1, using: &random)),
                        measure: RandomLog.measure(for: kind, &random)))
            }
            let state = try Replay.state(of: log, start: origin, policy: .standard)
            let weighed = state.weigh(at: day(4))
            let mass = weighed.reduce(0) { $0 + $1.mass * $1.flood }
            #expect(mass <= 2 + 1e-12)
            let opinion = try #require(state.profile(at: day(4))).components[kind.component].opinion
            #expect(opinion.positive <= 2 && opinion.negative <= 2 * Policy.standard[kind.component].negativity)
        }
    }

    /// Another person's acts, another kind and another day have buckets of their own.
    @Test func i10BucketsAreSeparate() throws {
        var factory = EventFactory()
        var log = EvidenceLog()
        for person in ["people/a", "people/b"] {
            for _ in 0..<5 { log.insert(try factory.make(.commitmentKept, at: day(3), by: person)) }
        }
        for _ in 0..<5 { log.insert(try factory.make(.commitmentKept, at: day(4), by: "people/a")) }
        for _ in 0..<5 {
            log.insert(try factory.make(.pulseDependable, at: day(4), measure: .pulse(5), by: "people/a"))
        }
        let state = try Replay.state(of: log, start: origin, policy: .standard)
        #expect(near(state.weigh(at: day(4)).reduce(0) { $0 + $1.mass * $1.flood }, 8, 1e-12))
    }

    /// However many self-reports of whatever kinds: a week adds at most 1 to a component.
    @Test func i11SelfReportsAreCappedWeekly() throws {
        var random = seeded()
        let kinds = EvidenceKind.allCases.filter { (try? $0.value(of: .none)) == 1 }
        for _ in 0..<3_000 {
            var factory = EventFactory()
            var log = EvidenceLog()
            let start = day(.random(in: -7...0, using: &random))
            let week = day(start.days(since: origin) + 14)
            for _ in 0..<Int.random(in: 1...60, using: &random) {
                let instant = day(week.days(since: origin) + .random(in: 0..<6.999, using: &random))
                log.insert(
                    try factory.make(
                        kinds.randomElement(using: &random)!, at: instant, sourceClass: .selfReport,
                        by: "people/\(Int.random(in: 0..<4, using: &random))"))
            }
            let end = day(week.days(since: origin) + 7)
            let profile = try Replay.profile(of: log, start: start, policy: .standard, asOf: end)
            for component in Component.allCases {
                let opinion = profile.components[component].opinion
                #expect(opinion.positive <= 1 && opinion.negative == 0)
                #expect(opinion.projected - 0.5 <= 1.0 / 6)
            }
        }
    }

    @Test func i12NeverCertain() throws {
        var random = seeded()
        for _ in 0..<2_000 {
            let history = try RandomLog(&random, count: .random(in: 1...300, using: &random))
            let profile = try #require(try state(history).profile(at: day(.random(in: 0..<400, using: &random))))
            for component in Component.allCases {
                let projected = profile.components[component].opinion.projected
                #expect(projected > 0 && projected < 1)
            }
            #expect(profile.score > 0 && profile.score < 1)
            #expect(profile.interval.lower > 0 && profile.interval.lower < profile.score)
            #expect(profile.interval.upper < 1 && profile.interval.upper > profile.score)
        }
    }

    @Test func i13MoreEvidenceNarrows() {
        var random = seeded()
        for _ in 0..<5_000 {
            let mean = Double.random(in: 0.01...0.99, using: &random)
            let totals = [Double.random(in: 2...500, using: &random), .random(in: 2...500, using: &random)].sorted()
            let posteriors = totals.map { BetaDistribution(alpha: mean * $0, beta: (1 - mean) * $0) }
            #expect(posteriors[1].variance <= posteriors[0].variance)
        }
    }

    /// Turning every act of competence into its opposite mirrors P at one half.
    @Test func i14CompetenceIsSymmetric() throws {
        var random = seeded()
        for _ in 0..<3_000 {
            let history = try RandomLog(
                &random, count: 20, days: 50, kinds: [.pulseUseful, .goalAttainment, .adviceHelpful], links: false)
            let events = history.evidence.filter { $0.sourceClass != .selfReport }
            let mirrored = try events.map {
                try Evidence(
                    id: $0.id, kind: $0.kind, v: 1 - $0.v, w: $0.w, sourceClass: $0.sourceClass,
                    sourceID: $0.sourceID, occurredAt: $0.occurredAt, recordedAt: $0.recordedAt)
            }
            let projected = try [events, mirrored].map {
                try Replay.profile(
                    of: EvidenceLog(evidence: $0), start: history.start, policy: .standard, asOf: day(50)
                ).components.competence.opinion.projected
            }
            #expect(near(projected[0] + projected[1], 1, 1e-12))
        }
    }

    @Test func i15NamesDoNotMatter() throws {
        var random = seeded()
        let names = ["people/0": "zoe", "people/1": "a much longer name than all the others", "people/2": "Å"]
        for _ in 0..<3_000 {
            let history = try RandomLog(&random, count: 40, days: 20)
            var renamed = history
            renamed.evidence = try history.evidence.map {
                try Evidence(
                    id: $0.id, kind: $0.kind, v: $0.v, w: $0.w, sourceClass: $0.sourceClass,
                    sourceID: try #require(names[$0.sourceID]), occurredAt: $0.occurredAt, recordedAt: $0.recordedAt,
                    supersedes: $0.supersedes)
            }
            #expect(try state(history).profile(at: day(25)) == state(renamed).profile(at: day(25)))
        }
    }
}
