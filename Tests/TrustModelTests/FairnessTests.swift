import Testing

@testable import TrustModel

@Suite("Fair treatment: published figures (docs/domain.md §3.16, §4.4)")
struct FairnessTests {
    /// UCBAdmissions: by department, men (admitted, rejected) and women.
    static let berkeley = [
        ((512, 313), (89, 19)), ((353, 207), (17, 8)), ((120, 205), (202, 391)), ((138, 279), (131, 244)),
        ((53, 138), (94, 299)), ((22, 351), (24, 317)),
    ].map { men, women in
        ContingencyTable(first: (with: men.0, without: men.1), second: (with: women.0, without: women.1))
    }

    @Test("G-18: four fifths: .75 is below, .80 itself is not, .85 is not")
    func fourFifths() {
        for (rate, isBelow) in [(45, true), (48, false), (51, false)] {
            let table = ContingencyTable(first: (60, 40), second: (rate, 100 - rate))
            #expect(table.isBelowFourFifths == isBelow)
            #expect(near(table.impactRatio ?? 0, Double(rate) / 60))
        }
        #expect(ContingencyTable(first: (0, 0), second: (3, 1)).impactRatio == nil)
        #expect(ContingencyTable(first: (0, 5), second: (0, 5)).impactRatio == nil)
    }

    @Test("G-19: of 15 p-values 4 are called at .05")
    func falseDiscovery() {
        let values = [
            0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528,
            0.7590, 1,
        ]
        let adjusted = FalseDiscovery.adjusted(values)
        #expect(adjusted.count { $0 <= 0.05 } == 4)
        #expect(near(adjusted[0], 0.0015) && near(adjusted[3], 0.035625))
        #expect(FalseDiscovery.adjusted(values.reversed()) == adjusted.reversed())
        #expect(FalseDiscovery.adjusted([]).isEmpty)
    }

    @Test("G-20: Berkeley 1973: crude ratio .681830, within departments odds 0.904697, χ² 1.426946, p .232263")
    func mantelHaenszel() throws {
        let crude = Self.berkeley.reduce(ContingencyTable(first: (0, 0), second: (0, 0)), +)
        #expect(near(crude.impactRatio ?? 0, 0.681830))
        let test = MantelHaenszel(Self.berkeley)
        #expect(near(test.oddsRatio ?? 0, 0.904697))
        #expect(near(test.chiSquare, 1.426946))
        #expect(near(test.pValue, 0.232263))
    }

    @Test("Fisher's exact test: 9/10 against 4/10 gives .0573, 18/20 against 8/20 .0022")
    func fisher() {
        #expect(near(ContingencyTable(first: (9, 1), second: (4, 6)).fisherExact, 0.0573, 6e-5))
        #expect(near(ContingencyTable(first: (18, 2), second: (8, 12)).fisherExact, 0.0022, 6e-5))
        // The lady tasting tea, all right: 2 in 70 (Fisher 1935).
        #expect(near(ContingencyTable(first: (4, 0), second: (0, 4)).fisherExact, 2.0 / 70))
    }

    // MARK: Verdicts

    private func outcome(_ tables: [ContingencyTable]) -> GroupComparison {
        GroupComparison(
            outcome: tables.enumerated().flatMap { stratum, table in
                [(0, table.first), (1, table.second)].flatMap { group, counts in
                    Array(repeating: GroupComparison.Unit(group: group, stratum: stratum, value: 1), count: counts.with)
                        + Array(
                            repeating: GroupComparison.Unit(group: group, stratum: stratum, value: 0),
                            count: counts.without)
                }
            })
    }

    @Test("Berkeley is confounded: what looks like a difference is gone within departments")
    func berkeleyIsConfounded() {
        let comparison = outcome(Self.berkeley)
        #expect(comparison.verdict(adjusted: comparison.stratifiedP) == .confounded)
        #expect(near(comparison.stratifiedP, 0.232263))
    }

    @Test("9 of 10 against 4 of 10 are too few; 18 of 20 against 8 of 20 are not; 9 people say nothing")
    func sizes() {
        let small = outcome([ContingencyTable(first: (9, 1), second: (4, 6))])
        #expect(small.verdict(adjusted: small.stratifiedP) == .smallSample)
        let larger = outcome([ContingencyTable(first: (18, 2), second: (8, 12))])
        #expect(larger.verdict(adjusted: larger.stratifiedP) == .differenceLikely)
        #expect(larger.verdict(adjusted: 0.06) == .none)
        let nine = outcome([ContingencyTable(first: (9, 0), second: (0, 20))])
        #expect(nine.verdict(adjusted: nine.stratifiedP) == .insufficient)
    }

    @Test("A measure: a shift is found, one that only the circumstances make is confounded, the same is nothing")
    func measures() {
        func units(_ shift: Double, _ byStratum: Double) -> [GroupComparison.Unit] {
            var units: [GroupComparison.Unit] = []
            for number in 0..<120 {
                let group = number % 2
                let stratum = number % 4 < 3 ? group : 1 - group
                var value = Double(number / 4 % 7) / 3
                if group == 0 { value += shift }
                value += Double(stratum) * byStratum
                units.append(.init(group: group, stratum: stratum, value: value))
            }
            return units
        }
        func verdict(_ units: [GroupComparison.Unit]) -> GroupComparison.Verdict {
            let comparison = GroupComparison(measure: units, draws: 999)
            return comparison.verdict(adjusted: comparison.stratifiedP)
        }
        #expect(verdict(units(1, 0)) == .differenceLikely)
        #expect(verdict(units(0, -3)) == .confounded)
        #expect(verdict(units(0, 0)) == .none)
        #expect(verdict(Array(units(1, 0).prefix(18))) == .insufficient)
    }

    // MARK: Permutation

    @Test("The p-value is that of all deals, and the same each time")
    func permutation() {
        // Five against five, the first five largest: 2 of 252 deals are as extreme.
        let values = (0..<10).map(Double.init)
        func test() -> Double {
            PermutationTest(
                labels: [0, 0, 0, 0, 0, 1, 1, 1, 1, 1], strata: Array(repeating: 0, count: 10)
            ) { labels in
                let sum = zip(labels, values).filter { $0.0 == 0 }.map(\.1).reduce(0, +)
                return abs(sum - 22.5)
            }.pValue
        }
        #expect(near(test(), 2.0 / 252, 0.003))
        #expect(test() == test())
    }

    @Test("Labels stay within their stratum")
    func strata() {
        _ = PermutationTest(labels: [0, 0, 1, 1, 0, 1], strata: [5, 5, 5, 5, 9, 9], draws: 200) { labels in
            #expect(labels[0..<4].reduce(0, +) == 2 && labels[4..<6].reduce(0, +) == 1)
            return 0
        }
    }

    // MARK: Favouritism

    @Test("One coachee who waits three times as long is found; even treatment is not; three coachees are too few")
    func favouritism() {
        func events(_ coachees: Int, slow: Double) -> [Favouritism.Event] {
            var events: [Favouritism.Event] = []
            for coachee in 0..<coachees {
                let factor = coachee == 2 ? slow : 1
                for number in 0..<16 {
                    let hours = Double(4 + (number * 7 + coachee * 3) % 11)
                    events.append(.init(coachee: coachee, type: number % 2, value: hours * factor))
                }
            }
            return events
        }
        guard case .uneven(2, let ratio) = Favouritism(events(6, slow: 3), draws: 999).verdict else {
            Issue.record("not found")
            return
        }
        #expect(ratio > 2 && ratio < 4)
        #expect(Favouritism(events(6, slow: 1), draws: 999).verdict == .even)
        #expect(Favouritism(events(3, slow: 3), draws: 999).verdict == .insufficient)
    }
}
