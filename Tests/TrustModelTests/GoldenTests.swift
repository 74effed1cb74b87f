import Testing

@testable import TrustModel

/// docs/domain.md §3.16, the examples that concern the model.
@Suite struct GoldenTests {
    @Test func g01AndG02ReputationAndOpinion() {
        let opinion = Opinion(positive: 7, negative: 1)
        #expect(opinion.posterior == BetaDistribution(alpha: 8, beta: 2))
        #expect(near(opinion.posterior.mean, 0.8, 1e-15))
        #expect(near((opinion.positive - opinion.negative) / opinion.total, 0.6, 1e-15))
        #expect(near(opinion.interval.lower, 0.570864))
        #expect(near(opinion.interval.upper, 0.958977))
        #expect(near(opinion.belief, 0.7, 1e-15))
        #expect(near(opinion.disbelief, 0.1, 1e-15))
        #expect(near(opinion.uncertainty, 0.2, 1e-15))
        #expect(near(opinion.projected, 0.8, 1e-15))
    }

    @Test func g12NoEvidence() throws {
        let profile = try Replay.profile(of: EvidenceLog(), start: origin, policy: .standard, asOf: day(30))
        #expect(profile.score == 0.5)
        #expect(near(profile.interval.lower, 0.261922))
        #expect(near(profile.interval.upper, 0.738078))
        #expect(profile.band == .insufficientEvidence)
        #expect(!profile.numberShown)
        #expect(profile.components.reliability.observedRate == nil)
    }

    /// Eight kept and two missed by five coaches' people on one day: no bucket holds more than 2.
    private func eightKeptTwoMissed() throws -> RelationshipState {
        var factory = EventFactory()
        var log = EvidenceLog()
        for number in 0..<8 { log.insert(try factory.make(.commitmentKept, at: origin, by: "people/\(number)")) }
        for _ in 0..<2 { log.insert(try factory.make(.commitmentMissed, at: origin)) }
        return try Replay.state(of: log, start: origin, policy: .standard)
    }

    @Test func g13EightKeptTwoMissed() throws {
        let profile = try #require(try eightKeptTwoMissed().profile(at: origin))
        let reliability = profile.components.reliability
        #expect(reliability.opinion.positive == 8)
        #expect(reliability.opinion.negative == 3)
        #expect(near(reliability.opinion.projected, 0.692308))
        #expect(near(reliability.opinion.belief, 0.615385))
        #expect(near(reliability.opinion.disbelief, 0.230769))
        #expect(near(reliability.opinion.uncertainty, 0.153846))
        #expect(near(reliability.opinion.interval.lower, 0.472673))
        #expect(near(reliability.opinion.interval.upper, 0.877149))
        #expect(near(reliability.observedRate ?? 0, 0.8, 1e-12))
    }

    @Test(arguments: [
        (45.0, 0.680787, 0.204537), (90, 0.666667, 0.266667), (180, 0.631579, 0.421053), (365, 0.556489, 0.751448),
    ])
    func g14Silence(_ days: Double, _ projected: Double, _ uncertainty: Double) throws {
        let profile = try #require(try eightKeptTwoMissed().profile(at: day(days)))
        #expect(near(profile.components.reliability.opinion.projected, projected))
        #expect(near(profile.components.reliability.opinion.uncertainty, uncertainty))
    }

    @Test func g15Marginals() {
        let (step, opinion) = (1e-6, Opinion(positive: 7, negative: 1))
        let more = Opinion(positive: 7 + step, negative: 1)
        let worse = Opinion(positive: 7, negative: 1 + step)
        #expect(near((more.projected - opinion.projected) / step, 0.02, 1e-7))
        #expect(near((worse.projected - opinion.projected) / step, -0.08, 1e-7))
        // At one point the gradient of the explanation is the derivative.
        let gradient = Gradient(from: opinion, to: opinion)
        #expect(near(gradient.positive, 0.02, 1e-15))
        #expect(near(gradient.negative, -0.08, 1e-15))
    }

    @Test(arguments: [
        (Component.reliability, -0.101852, 17), (.integrity, -0.130952, 22), (.competence, -0.070513, 11),
        (.empathy, -0.086478, 14),
    ])
    func g15OneNegativeAgainstPositives(_ component: Component, _ change: Double, _ recovery: Int) {
        let before = Opinion(positive: 10)
        var after = Opinion(positive: 10, negative: Policy.standard[component].negativity)
        #expect(near(Opinion(positive: 11).projected - before.projected, 0.006410))
        #expect(near(after.projected - before.projected, change))
        var positives = 0
        // A recovery to the very value counts: G-15's 11 for COM is exact equality.
        while after.projected < before.projected - 1e-12 {
            after.positive += 1
            positives += 1
        }
        #expect(positives == recovery)
    }

    @Test func g16TScoresOfTwoEqualGoals() throws {
        let table = [25.0, 31, 38, 44, 50, 56, 62, 69, 75]
        for (sum, expected) in zip(-4...4, table) {
            let first = max(-2, min(2, sum))
            let score = try #require(GoalAttainment.tScore([.init(level: first), .init(level: sum - first)]))
            #expect(score.rounded() == expected)
        }
        #expect(near(try #require(GoalAttainment.tScore([.init(level: 1), .init(level: 1)])), 62.403473))
    }

    @Test func g17WeightedTScores() throws {
        let scores = zip([-2, 0, -1, 2, 0, 1], [3.0, 5, 1, 4, 2, 6]).map(GoalAttainment.Score.init)
        #expect(near(try #require(GoalAttainment.tScore(scores)), 55, 1e-12))
        let three = zip([1, 0, -1], [3.0, 2, 1]).map(GoalAttainment.Score.init)
        #expect(near(try #require(GoalAttainment.tScore(three)), 54.406526))
    }

    @Test func tScoresOutOfRangeAreRefused() {
        #expect(GoalAttainment.tScore([]) == nil)
        #expect(GoalAttainment.tScore([.init(level: 3)]) == nil)
        #expect(GoalAttainment.tScore([.init(level: 0, weight: 0)]) == nil)
        #expect(GoalAttainment.tScore([.init(level: 0, weight: .nan)]) == nil)
        let many = [GoalAttainment.Score](repeating: .init(level: 1), count: GoalAttainment.maximumGoals)
        #expect(GoalAttainment.tScore(many) != nil)
        #expect(GoalAttainment.tScore(many + [.init(level: 1)]) == nil)
    }

    private func profile(_ masses: [(Double, Double)], hasUnrepairedBreach: Bool = false) -> Profile {
        let components = masses.map {
            ComponentProfile(opinion: Opinion(positive: $0.0, negative: $0.1), observedRate: nil)
        }
        return Profile(
            asOf: origin, policy: .standard,
            components: PerComponent(
                reliability: components[0], integrity: components[1], competence: components[2],
                empathy: components[3]), hasUnrepairedBreach: hasUnrepairedBreach, evidenceCount: 0)
    }

    @Test func g24ScoreAndInterval() {
        let profile = profile([(12, 3), (8, 2.5), (6, 2), (9, 1.5)])
        #expect(near(profile.score, 0.746176))
        #expect(near(profile.variance, 0.00349202, 5e-9))
        #expect(near(profile.effectiveSize, 53.237, 5e-4))
        #expect(near(profile.interval.lower, 0.643833))
        #expect(near(profile.interval.upper, 0.837915))
    }

    @Test func bands() {
        #expect(profile([(12, 3), (8, 2.5), (6, 2), (9, 1.5)]).band == .healthy)
        #expect(profile([(40, 1), (40, 1), (40, 1), (40, 1)]).band == .strong)
        #expect(profile([(6, 3), (6, 3), (6, 3), (6, 3)]).band == .mixed)
        #expect(profile([(2, 9), (2, 9), (2, 9), (2, 9)]).band == .atRisk)
        // One component below one half, from a mass of 3 on.
        #expect(profile([(40, 1), (40, 1), (40, 1), (1, 2)]).band == .fragile)
        #expect(profile([(40, 1), (40, 1), (40, 1), (1, 1.9)]).band != .fragile)
        #expect(profile([(40, 1), (40, 1), (40, 1), (40, 1)], hasUnrepairedBreach: true).band == .fragile)
        // At risk comes before fragile, too little evidence before both.
        #expect(profile([(2, 9), (2, 9), (2, 9), (2, 9)], hasUnrepairedBreach: true).band == .atRisk)
        #expect(profile([(40, 1), (40, 1), (40, 1), (0.5, 0.4)]).band == .insufficientEvidence)
        #expect(profile([(2, 0), (2, 0), (2, 0), (1.9, 0)]).band == .insufficientEvidence)
        #expect(profile([(2, 0), (2, 0), (2, 0), (2, 0)]).band != .insufficientEvidence)
    }

    /// An unrepaired breach makes fragile for 180 days; a repaired one does not.
    @Test func aBreachIsFragileFor180Days() throws {
        var factory = EventFactory()
        var log = try CaseStudy().log
        let noShow = try factory.make(.sessionTrusteeNoShow, at: day(87), by: "people/coach")
        let breach = try Evidence.make(
            .sessionTrusteeNoShow, id: EventID(high: 9, low: 9), sourceID: noShow.sourceID, occurredAt: day(87),
            recordedAt: day(87))
        log.insert(breach)
        func band(_ instant: Instant) throws -> Band {
            try Replay.profile(of: log, start: origin, policy: .standard, asOf: instant).band
        }
        #expect(try band(day(86.9)) == .healthy)
        #expect(try band(day(87)) == .fragile)
        #expect(try band(Instant(microseconds: day(87 + 180).microseconds - 1)) == .fragile)
        #expect(try band(day(87 + 180)) != .fragile)
        log.accept(Repair(evidence: breach.id, acceptedAt: day(90)))
        #expect(try band(day(89.9)) == .fragile)
        #expect(try band(day(90)) != .fragile)
    }

    /// θ promises kept weekly, then one breach, and so on: without escalation the cheat would gain from cycle to cycle.
    @Test func g25TheConMansCycle() throws {
        let projected = try conManCycle(.sessionTrusteeNoShow, good: 5, cycles: 8)
        let expected = [0.6184, 0.5887, 0.5541, 0.5224, 0.4948, 0.4712, 0.4510, 0.4338]
        for (value, golden) in zip(projected, expected) { #expect(near(value, golden, 5.001e-5)) }
    }
}

/// P(REL) at the end of each cycle of `good` weekly kept promises and one breach.
func conManCycle(_ breach: EvidenceKind, good: Int, cycles: Int) throws -> [Double] {
    var factory = EventFactory()
    var incremental = try Incremental(start: origin, policy: .standard)
    var values: [Double] = []
    var week = 0
    for _ in 0..<cycles {
        for _ in 0..<good {
            try incremental.take(.evidence(try factory.make(.commitmentKept, on: Double(7 * week))))
            week += 1
        }
        try incremental.take(.evidence(try factory.make(breach, on: Double(7 * week))))
        values.append(
            try #require(incremental.state.profile(at: day(Double(7 * week)))).components[breach.component].opinion
                .projected)
        week += 1
    }
    return values
}
