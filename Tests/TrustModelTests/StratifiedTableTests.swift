import Testing

@testable import TrustModel

@Suite("What explains a difference, without a cell that tells of few (docs/domain.md §4.4 b, §5.2 P6)")
struct StratifiedTableTests {
    /// People of both groups in each stratum, each with a value of its own.
    private func units(_ sizes: [(Int, Int)]) -> [GroupComparison.Unit] {
        sizes.enumerated().flatMap { stratum, size in
            [size.0, size.1].enumerated().flatMap { group, count in
                (0..<count).map { .init(group: group, stratum: stratum, value: Double($0 % 2)) }
            }
        }
    }

    @Test("Strata of five and more stand alone, the largest first")
    func largeStrata() {
        let rows = StratifiedTable(units([(5, 9), (20, 10)])).rows
        #expect(rows.map(\.strata) == [[1], [0]])
        #expect(rows.map(\.counts) == [[20, 10], [5, 9]])
        #expect(rows[0].means == [0.5, 0.5])
    }

    @Test("Small ones are joined; while that is too little, so is the smallest of the others: there is no remainder")
    func smallStrata() {
        #expect(StratifiedTable(units([(20, 20), (3, 4), (2, 9)])).rows.map(\.strata) == [[0], [1, 2]])
        let joined = StratifiedTable(units([(20, 20), (6, 6), (1, 0)])).rows
        #expect(joined.map(\.strata) == [[0], [1, 2]] && joined[1].counts == [7, 6])
        #expect(StratifiedTable(units([(4, 30), (0, 9)])).rows.isEmpty, "four people of one group are told of nowhere")
        #expect(StratifiedTable([]).rows.isEmpty)
    }

    @Test("The interval of a difference: wide with few, and it holds the difference")
    func interval() throws {
        let few = GroupComparison(
            outcome: units([(10, 10)]).enumerated().map { number, unit in
                .init(group: unit.group, stratum: 0, value: number < 14 ? 1 : 0)
            })
        let difference = try #require(few.difference)
        #expect(near(difference.value, 0.6) && difference.interval.contains(0.6))
        // sqrt(0 + .4 * .6 / 10) * 1.959964
        #expect(near(difference.interval.upperBound - difference.value, 0.303636, 1e-5))
        let measure = GroupComparison(
            measure: (0..<40).map { .init(group: $0 % 2, stratum: 0, value: Double($0 % 4)) }, draws: 99)
        let effect = try #require(measure.difference)
        // 1.959964 / sqrt(20 * 20 / 40)
        #expect(near(effect.interval.upperBound - effect.value, 0.619795, 1e-5))
        #expect(GroupComparison(outcome: units([(10, 0), (0, 10)])).difference == nil, "nothing is comparable")
    }
}
