import Glibc

/// Two groups and an outcome that happens or does not: the counts of one stratum.
public struct ContingencyTable: Hashable, Sendable {
    /// Of the first group, and of the second: with the outcome, and without.
    public var first: (with: Int, without: Int) { (a, b) }
    public var second: (with: Int, without: Int) { (c, d) }
    let (a, b, c, d): (Int, Int, Int, Int)

    /// Counts of 0 and more.
    public init(first: (with: Int, without: Int), second: (with: Int, without: Int)) {
        (a, b, c, d) = (first.with, first.without, second.with, second.without)
        precondition(min(a, b, c, d) >= 0, "counts are not negative")
    }

    public var total: Int { a + b + c + d }
    public var firstCount: Int { a + b }
    public var secondCount: Int { c + d }

    public static func + (left: ContingencyTable, right: ContingencyTable) -> ContingencyTable {
        ContingencyTable(
            first: (left.a + right.a, left.b + right.b), second: (left.c + right.c, left.d + right.d))
    }

    // MARK: Impact ratio

    /// The lower rate over the higher one, 0...1; nil where a group is empty or nobody has the outcome (EEOC 1979).
    public var impactRatio: Double? {
        let (low, high) = rates
        guard firstCount > 0, secondCount > 0, high.count > 0 else { return nil }
        return Double(low.count) * Double(high.of) / (Double(low.of) * Double(high.count))
    }

    /// Below four fifths. Counted in whole numbers, since .80 itself is none (docs/domain.md §4.4, G-18).
    public var isBelowFourFifths: Bool {
        let (low, high) = rates
        guard firstCount > 0, secondCount > 0, high.count > 0 else { return false }
        return 5 * low.count * high.of < 4 * high.count * low.of
    }

    private var rates: (low: (count: Int, of: Int), high: (count: Int, of: Int)) {
        let first = (count: a, of: firstCount)
        let second = (count: c, of: secondCount)
        return a * secondCount <= c * firstCount ? (first, second) : (second, first)
    }

    /// Whether the first group has the outcome less often: -1, 0, 1.
    var direction: Int { (a * secondCount - c * firstCount).signum() }

    // MARK: Fisher's exact test

    /// Two-sided: the probability of all tables with these margins that are no likelier than this one (Fisher 1935).
    public var fisherExact: Double {
        let columns = a + c
        func logProbability(_ count: Int) -> Double {
            logChoose(firstCount, count) + logChoose(secondCount, columns - count) - logChoose(total, columns)
        }
        let observed = logProbability(a)
        let possible = max(0, columns - secondCount)...min(firstCount, columns)
        // Equal ones differ by rounding.
        return min(1, possible.map(logProbability).filter { $0 <= observed + 1e-7 }.map { exp($0) }.reduce(0, +))
    }

    private func logChoose(_ n: Int, _ k: Int) -> Double {
        logGamma(Double(n + 1)) - logGamma(Double(k + 1)) - logGamma(Double(n - k + 1))
    }
}

/// Several strata judged as one: whether the groups differ where their circumstances do not (docs/domain.md §4.4).
public struct MantelHaenszel: Hashable, Sendable {
    /// The common odds ratio (Mantel & Haenszel 1959); nil where no stratum tells.
    public let oddsRatio: Double?
    /// Cochran–Mantel–Haenszel, with continuity correction, 1 degree of freedom.
    public let chiSquare: Double
    public let pValue: Double

    /// Strata without both groups, or in which all or none have the outcome, say nothing.
    public init(_ strata: [ContingencyTable]) {
        var (numerator, denominator, difference, variance) = (0.0, 0.0, 0.0, 0.0)
        for table in strata where table.total > 1 {
            let n = Double(table.total)
            let (a, b, c, d) = (Double(table.a), Double(table.b), Double(table.c), Double(table.d))
            numerator += a * d / n
            denominator += b * c / n
            difference += a - (a + b) * (a + c) / n
            variance += (a + b) * (c + d) * (a + c) * (b + d) / (n * n * (n - 1))
        }
        oddsRatio = denominator > 0 ? numerator / denominator : nil
        let corrected = max(0, abs(difference) - 0.5)
        chiSquare = variance > 0 ? corrected * corrected / variance : 0
        pValue = variance > 0 ? erfc((chiSquare / 2).squareRoot()) : 1
    }
}
