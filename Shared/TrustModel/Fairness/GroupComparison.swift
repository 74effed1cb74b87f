/// Whether a programme treats two groups differently (docs/domain.md §4.4 b): the crude difference, the one within strata, and
/// what may be said of it.
public struct GroupComparison: Sendable {
    /// People of each group, below which nothing is said.
    public static let minimumGroup = 10
    /// Of the adjusted p-values of all tests of a run.
    public static let rate = 0.05
    public static let minimumEffect = 0.3

    public enum Verdict: Hashable, Sendable {
        /// A group has fewer than 10 people.
        case insufficient
        case none
        /// The ratio is below .80, but so few people may differ so by chance.
        case smallSample
        /// Within like circumstances the difference is gone, or turned round.
        case confounded
        case differenceLikely
    }

    /// One coachee.
    public struct Unit: Hashable, Sendable {
        /// 0 or 1.
        public var group: Int
        public var stratum: Int
        /// A measure, or 1 and 0 for an outcome that happened or not.
        public var value: Double

        public init(group: Int, stratum: Int, value: Double) {
            self.group = group
            self.stratum = stratum
            self.value = value
        }
    }

    public let isSufficient: Bool
    /// Of the crude comparison, and of that within strata.
    public let crudeP: Double
    public let stratifiedP: Double
    /// Mean of group 0 less that of group 1, crude and within strata, in the unit of the values; of an outcome, of its rates.
    public let crudeDifference: Double
    public let stratifiedDifference: Double
    /// Cohen's d of the crude comparison and of that within strata; of an outcome nil.
    public let effect: Double?
    public let stratifiedEffect: Double?
    /// Of an outcome.
    public let impactRatio: Double?
    let isBelowFourFifths: Bool
    /// Units in strata that hold both groups.
    public let comparableCount: Int
    /// Of the difference within strata: of an outcome in rates, of a measure in standard deviations; nil where no stratum holds
    /// both groups, and of a measure that does not vary.
    public let standardError: Double?

    /// An outcome: Cochran–Mantel–Haenszel within strata, Fisher's exact test for the crude table.
    public init(outcome units: [Unit]) {
        let tables = Dictionary(grouping: units, by: \.stratum).values.map(Self.table)
        let crude = Self.table(units)
        let both = tables.filter { $0.firstCount > 0 && $0.secondCount > 0 }
        isSufficient = min(crude.firstCount, crude.secondCount) >= Self.minimumGroup
        crudeP = crude.fisherExact
        let test = MantelHaenszel(both)
        stratifiedP = test.pValue
        crudeDifference = Self.rate(crude.first) - Self.rate(crude.second)
        let weights = both.map { Double($0.firstCount * $0.secondCount) / Double($0.total) }
        stratifiedDifference = Self.weighted(both.map { Self.rate($0.first) - Self.rate($0.second) }, weights)
        impactRatio = crude.impactRatio
        isBelowFourFifths = crude.isBelowFourFifths
        effect = nil
        stratifiedEffect = nil
        comparableCount = both.map(\.total).reduce(0, +)
        let variances = zip(both, weights).map { table, weight in
            weight * weight * (Self.variance(table.first) + Self.variance(table.second))
        }
        standardError = both.isEmpty ? nil : variances.reduce(0, +).squareRoot() / weights.reduce(0, +)
    }

    /// A measure: permutation of the weighted mean difference, within strata and over all.
    public init(
        measure units: [Unit], draws: Int = PermutationTest.minimumDraws, seed: UInt64 = PermutationTest.defaultSeed
    ) {
        let counts = [units.count { $0.group == 0 }, units.count { $0.group != 0 }]
        isSufficient = counts.min() ?? 0 >= Self.minimumGroup
        let sizes = Dictionary(grouping: units, by: \.stratum)
        let both = units.filter { unit in
            Set(sizes[unit.stratum, default: []].map(\.group)).count == 2
        }
        comparableCount = both.count
        let one = units.map { _ in 0 }
        let numbers = Dictionary(uniqueKeysWithValues: Set(both.map(\.stratum)).sorted().enumerated().map { ($1, $0) })
        let strata = both.map { numbers[$0.stratum] ?? 0 }
        let (values, comparable) = (units.map(\.value), both.map(\.value))
        let crude = Self.difference(values, one, 1, units.map(\.group))
        let stratified = Self.difference(comparable, strata, numbers.count, both.map(\.group))
        crudeP =
            PermutationTest(labels: units.map(\.group), strata: one, draws: draws, seed: seed) {
                abs(Self.difference(values, one, 1, $0))
            }.pValue
        stratifiedP =
            both.isEmpty
            ? 1
            : PermutationTest(labels: both.map(\.group), strata: strata, draws: draws, seed: seed) {
                abs(Self.difference(comparable, strata, numbers.count, $0))
            }.pValue
        effect = Self.deviation(units, one).map { crude / $0 }
        stratifiedEffect = Self.deviation(both, strata).map { stratified / $0 }
        let information = Dictionary(grouping: both, by: \.stratum).values.map { units in
            let first = units.count { $0.group == 0 }
            return Double(first * (units.count - first)) / Double(units.count)
        }.sorted().reduce(0, +)
        standardError = stratifiedEffect.map { _ in 1 / information.squareRoot() }
        crudeDifference = crude
        stratifiedDifference = stratified
        impactRatio = nil
        isBelowFourFifths = false
    }

    /// Within strata: of an outcome the difference of rates, of a measure in standard deviations; and where it lies with 95 %.
    public var difference: (value: Double, interval: ClosedRange<Double>)? {
        guard let standardError else { return nil }
        let value = stratifiedEffect ?? stratifiedDifference
        let half = WilsonScore.normal95 * standardError
        return (value, (value - half)...(value + half))
    }

    /// - Parameter q: the adjusted p-value of the stratified test among all of the run.
    public func verdict(adjusted q: Double) -> Verdict {
        guard isSufficient else { return .insufficient }
        let isLarge = impactRatio.map { _ in isBelowFourFifths } ?? (abs(effect ?? 0) >= Self.minimumEffect)
        let isSame = crudeDifference.sign == stratifiedDifference.sign && stratifiedDifference != 0
        let staysLarge = stratifiedEffect.map { abs($0) >= Self.minimumEffect } ?? true
        if q <= Self.rate, isLarge, isSame, staysLarge { return .differenceLikely }
        if crudeP <= Self.rate, isLarge, !isSame || stratifiedP > Self.rate { return .confounded }
        if impactRatio != nil, isBelowFourFifths, crudeP > Self.rate { return .smallSample }
        return .none
    }

    // MARK: Arithmetic

    private static func table(_ units: [Unit]) -> ContingencyTable {
        func count(_ group: Int, _ happened: Bool) -> Int {
            units.count { ($0.group == 0) == (group == 0) && ($0.value > 0.5) == happened }
        }
        return ContingencyTable(
            first: (count(0, true), count(0, false)), second: (count(1, true), count(1, false)))
    }

    private static func rate(_ counts: (with: Int, without: Int)) -> Double {
        let total = counts.with + counts.without
        return total == 0 ? 0 : Double(counts.with) / Double(total)
    }

    /// Of a rate.
    private static func variance(_ counts: (with: Int, without: Int)) -> Double {
        let share = rate(counts)
        return share * (1 - share) / Double(counts.with + counts.without)
    }

    private static func weighted(_ values: [Double], _ weights: [Double]) -> Double {
        let total = weights.reduce(0, +)
        return total == 0 ? 0 : zip(values, weights).map(*).reduce(0, +) / total
    }

    /// Mean differences of the strata, which are numbered from 0, weighted by n0 n1 / (n0 + n1).
    private static func difference(_ values: [Double], _ strata: [Int], _ count: Int, _ groups: [Int]) -> Double {
        var sums = [Double](repeating: 0, count: 2 * count)
        var counts = [Double](repeating: 0, count: 2 * count)
        for index in values.indices {
            let cell = 2 * strata[index] + (groups[index] == 0 ? 0 : 1)
            sums[cell] += values[index]
            counts[cell] += 1
        }
        var (total, weights) = (0.0, 0.0)
        for cell in stride(from: 0, to: 2 * count, by: 2) where counts[cell] > 0 && counts[cell + 1] > 0 {
            let weight = counts[cell] * counts[cell + 1] / (counts[cell] + counts[cell + 1])
            total += weight * (sums[cell] / counts[cell] - sums[cell + 1] / counts[cell + 1])
            weights += weight
        }
        return weights == 0 ? 0 : total / weights
    }

    /// The pooled standard deviation within groups and strata; nil where there is none.
    private static func deviation(_ units: [Unit], _ strata: [Int]) -> Double? {
        var cells: [[Int]: [Double]] = [:]
        for (unit, stratum) in zip(units, strata) { cells[[stratum, unit.group], default: []].append(unit.value) }
        var (squares, freedom) = (0.0, 0)
        for cell in cells.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }).map(\.value) {
            let mean = cell.reduce(0, +) / Double(cell.count)
            squares += cell.map { ($0 - mean) * ($0 - mean) }.reduce(0, +)
            freedom += cell.count - 1
        }
        guard freedom > 0, squares > 0 else { return nil }
        return (squares / Double(freedom)).squareRoot()
    }
}
