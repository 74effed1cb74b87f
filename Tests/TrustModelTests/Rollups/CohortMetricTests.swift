import Testing

@testable import TrustModel

/// R1 to R11 (docs/domain.md §5.1).
@Suite struct CohortMetricTests {
    private func reading(
        coach: UInt64, _ score: Double, size: Double = 40, healthy: Bool = true
    ) -> CohortReading {
        CohortReading(
            coach: coach,
            trust: .init(
                score: score, effectiveSize: size, components: PerComponent(repeating: score), isHealthy: healthy))
    }

    @Test func r1WeighsByWhatIsKnownUpToForty() throws {
        let readings = [
            reading(coach: 1, 0.9, size: 400), reading(coach: 2, 0.5, size: 20), reading(coach: 3, 0.6, size: 20),
        ]
        let figure = try #require(CohortFigure(.trustLevel, of: readings))
        // (40·0.9 + 20·0.5 + 20·0.6)/80 = 0.725
        #expect(near(figure.value, 0.73) && figure.interval != nil)
    }

    @Test func r1sIntervalIsTheSameEveryTimeAndInAnyOrder() throws {
        var random = seeded()
        let readings = (0..<60).map {
            ClusterBootstrap.Reading(
                cluster: UInt64($0 % 12), value: .random(in: 0.3...0.9, using: &random),
                weight: .random(in: 1...40, using: &random))
        }
        let one = try #require(ClusterBootstrap(readings))
        #expect(ClusterBootstrap(readings.shuffled(using: &random)) == one)
        #expect(one.interval.lower < one.mean && one.mean < one.interval.upper)
        #expect(ClusterBootstrap([]) == nil)
    }

    /// Ten pairs of one coach are little more than one: coaches are drawn, not pairs.
    @Test func clustersWidenTheInterval() throws {
        var random = seeded()
        let coaches = (0..<20).map { _ in Double.random(in: 0.3...0.9, using: &random) }
        let byCoach = (0..<200).map { ClusterBootstrap.Reading(cluster: UInt64($0 % 20), value: coaches[$0 % 20]) }
        let single = byCoach.enumerated().map { ClusterBootstrap.Reading(cluster: UInt64($0), value: $1.value) }
        func width(_ readings: [ClusterBootstrap.Reading]) throws -> Double {
            let interval = try #require(ClusterBootstrap(readings)).interval
            return interval.upper - interval.lower
        }
        #expect(try width(byCoach) > 2 * width(single))
    }

    /// 90 % of the intervals hold the truth, within three standard errors of 400 runs, less what 20 clusters cost.
    @Test func theIntervalHoldsTheTruthAsOftenAsItSays() throws {
        var random = seeded()
        var held = 0
        for _ in 0..<400 {
            var readings: [ClusterBootstrap.Reading] = []
            for coach in 0..<20 {
                let level = 0.6 + (Double.random(in: 0..<1, using: &random) - 0.5) * 0.3
                for _ in 0..<5 {
                    let noise = (Double.random(in: 0..<1, using: &random) - 0.5) * 0.2
                    readings.append(.init(cluster: UInt64(coach), value: level + noise))
                }
            }
            let interval = try #require(ClusterBootstrap(readings, draws: 400)).interval
            if interval.lower <= 0.6, 0.6 <= interval.upper { held += 1 }
        }
        let share = Double(held) / 400
        print("cluster bootstrap: \(share) of 90 % intervals hold the mean")
        #expect(share > 0.80 && share < 0.97)
    }

    @Test func r2IsAShareWithWilsonsInterval() throws {
        // 8 of 10 at 90 %: (0.541, 0.931).
        let interval = Interval(wilson: 8, of: 10)
        #expect(near(interval.lower, 0.541, 1e-3) && near(interval.upper, 0.931, 1e-3))
        #expect(Interval(wilson: 0, of: 5).lower == 0 && Interval(wilson: 5, of: 5).upper == 1)
        let readings = (0..<10).map { reading(coach: UInt64($0), 0.7, healthy: $0 < 8) }
        let figure = try #require(CohortFigure(.healthyShare, of: readings))
        #expect(figure.value == 80 && figure.interval == Interval(lower: 54, upper: 93))
    }

    @Test func pairsWithTooLittleEvidenceAreCountedAndEnterNoMean() throws {
        let readings = (0..<8).map { $0 < 6 ? reading(coach: UInt64($0), 0.5) : CohortReading(coach: UInt64($0)) }
        #expect(CohortFigure(.insufficientShare, of: readings)?.value == 25)
        #expect(readings.filter { Cohort.scored.contains($0) }.count == 6)
        #expect(
            CohortReading.Trust(try Replay.profile(of: EvidenceLog(), start: day(0), policy: .standard, asOf: day(1)))
                == nil)
    }

    @Test func r3NamesAComponentOnlyWhereItsIntervalLiesApart() {
        func figures(_ lowest: Interval) -> [Component: CohortFigure] {
            var figures: [Component: CohortFigure] = [:]
            for component in Component.allCases {
                figures[component] = CohortFigure(value: 0.8, interval: Interval(lower: 0.75, upper: 0.85))
            }
            figures[.integrity] = CohortFigure(value: 0.6, interval: lowest)
            return figures
        }
        #expect(CohortDetail.weakestComponent(figures(Interval(lower: 0.5, upper: 0.7))) == .integrity)
        #expect(CohortDetail.weakestComponent(figures(Interval(lower: 0.5, upper: 0.75))) == nil, "they touch")
        #expect(CohortDetail.weakestComponent([.integrity: CohortFigure(value: 0.1)]) == nil)
    }

    @Test func r4TellsWhereTheWeakestPracticeLiesFromTenCoacheesOn() throws {
        let readings = (0..<12).map { number in
            var reading = CohortReading(coach: UInt64(number))
            reading.sustaining = (0.6, number < 6 ? .reflection : .recognition)
            return reading
        }
        let shares = try #require(CohortDetail.weakestPractices(readings, people: 12, rule: MinimumRule()))
        #expect(shares.map(\.percent) == [0, 50, 0, 50])
        #expect(CohortDetail.weakestPractices(readings, people: 9, rule: MinimumRule()) == nil)
        let narrow = Array(readings.prefix(10))
        #expect(CohortDetail.weakestPractices(narrow, people: 10, rule: MinimumRule()) == nil, "4 of one practice")
        #expect(CohortFigure(.sustainingLevel, of: readings)?.value == 0.6)
    }

    @Test func r5IsTheMeanOfThoseOfWhomSomethingIsKnown() throws {
        let readings = (0..<6).map { number in
            var reading = CohortReading(coach: UInt64(number))
            reading.outcomes[.openness] = number < 5 ? 0.4 + Double(number) / 10 : nil
            return reading
        }
        let known = readings.filter { Cohort.openness.contains($0) }
        #expect(known.count == 5)
        #expect(CohortFigure(.opennessLevel, of: known)?.value == 0.6)
    }

    @Test func r6IsWeeksUnderAnAlertPerHundredWeeks() {
        let readings = (0..<10).map { number in
            var reading = CohortReading(coach: UInt64(number))
            reading.weeks = 4
            if number == 0 { reading.alertWeeks = [.inconsistentBehaviour: 3, .lackOfTransparency: 1] }
            return reading
        }
        #expect(CohortFigure(.alertLoad, of: readings)?.value == 10)
        let loads = CohortDetail.alertLoads(readings, people: 10, rule: MinimumRule())
        #expect(loads?.map(\.percent) == [8, 0, 3])
        #expect(CohortDetail.alertLoads(readings, people: 9, rule: MinimumRule()) == nil)
    }

    @Test func r10AndWhatIsUndefined() {
        #expect(CohortFigure(share: 7, of: 20)?.value == 35)
        #expect(CohortFigure(share: 0, of: 0) == nil)
        #expect(CohortFigure(.trustLevel, of: []) == nil)
        #expect(CohortFigure(.trustLevel, of: [CohortReading(coach: 1)]) == nil)
    }

    @Test func r11CountsAnEndBeforeThePlannedOne() {
        func course(_ end: Double?, planned: Double?, at now: Double) -> KaplanMeier.Waiting {
            CohortDetail.course(
                start: day(0), end: end.map(day), plannedEnd: planned.map(day), at: day(now))
        }
        #expect(course(40, planned: 180, at: 200) == .init(duration: days(40), isAnswered: true))
        #expect(course(180, planned: 180, at: 200) == .init(duration: days(180), isAnswered: false))
        #expect(course(nil, planned: 180, at: 100) == .init(duration: days(100), isAnswered: false))
        #expect(course(40, planned: nil, at: 30) == .init(duration: days(30), isAnswered: false), "not yet")
        // One of four ends at day 40; the others go on beyond day 90, none to day 180.
        let readings = [40.0, 100, 120, 150].enumerated().map { number, length in
            var reading = CohortReading(coach: UInt64(number))
            reading.course = .init(duration: days(length), isAnswered: number == 0)
            return reading
        }
        #expect(CohortFigure(.durability90Days, of: readings)?.value == 75)
        #expect(CohortFigure(.durability180Days, of: readings) == nil, "nobody was observed for so long")
    }

    private func days(_ count: Double) -> Int64 { Int64(count * 86_400e6) }

    // MARK: R9

    /// Teams whose climate follows trust by `slope`, with team levels of their own.
    private func panel(
        teams: Int, periods: Int, slope: Double, _ random: inout SplitMix64
    ) -> [RippleAssociation.Reading] {
        (0..<teams).flatMap { team -> [RippleAssociation.Reading] in
            let level = Double.random(in: 0.2...0.6, using: &random)
            var climate = level
            return (0..<periods).map { period in
                let trust = Double.random(in: 0.4...0.9, using: &random)
                defer {
                    climate = level + slope * trust + 0.02 * Double.random(in: -1...1, using: &random)
                }
                return .init(team: "t\(team)", period: period, trust: trust, climate: climate)
            }
        }
    }

    @Test func r9FindsWhatWasPlantedAndSpansZeroWhereNothingWas() throws {
        var random = seeded()
        let planted = try #require(RippleAssociation(panel(teams: 20, periods: 8, slope: 0.5, &random)))
        #expect(near(planted.slope, 0.5, 0.05) && planted.interval.lower > 0.4)
        #expect(planted.teamCount == 20 && planted.periodCount == 8)
        var spans = 0
        for _ in 0..<40 {
            let null = try #require(RippleAssociation(panel(teams: 20, periods: 8, slope: 0, &random), draws: 200))
            if null.interval.lower <= 0, 0 <= null.interval.upper { spans += 1 }
        }
        #expect(spans >= 28, "\(spans) of 40 null organisations")
    }

    @Test("S47: R9 needs eight teams of four periods in a row") func r9NeedsEightTeamsOfFourPeriodsInARow() {
        var random = seeded()
        #expect(RippleAssociation(panel(teams: 7, periods: 8, slope: 0.5, &random)) == nil)
        #expect(RippleAssociation(panel(teams: 8, periods: 3, slope: 0.5, &random)) == nil)
        #expect(RippleAssociation(panel(teams: 8, periods: 4, slope: 0.5, &random)) != nil)
        let gaps = panel(teams: 8, periods: 7, slope: 0.5, &random).filter { $0.period != 3 }
        #expect(RippleAssociation(gaps) == nil, "three in a row and three in a row are not four")
        #expect(RippleAssociation.caution.contains("association, not causation"))
        #expect(RippleAssociation.caution.contains("published evidence is mixed"))
    }
}
