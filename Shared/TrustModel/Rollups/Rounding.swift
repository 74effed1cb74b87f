import Glibc

/// P6: no number is finer than this, and none is of one person: there is no minimum, no maximum and no list
/// (docs/domain.md §5.2).
public enum Rounding {
    /// A level of 0...1, to 0.01.
    public static func level(_ value: Double) -> Double { (value * 100).rounded() / 100 }

    /// Outwards, so that it holds at least what it says.
    public static func level(_ interval: Interval) -> Interval {
        Interval(lower: floor(interval.lower * 100) / 100, upper: ceil(interval.upper * 100) / 100)
    }

    /// A share of 0...1 as percent.
    public static func percent(_ share: Double) -> Int { Int((share * 100).rounded()) }

    /// Where each bin has nobody or at least `minimum`; nil where a bin would tell of fewer.
    public static func percents(_ counts: [Int], minimum: Int) -> [Int]? {
        let total = counts.reduce(0, +)
        guard total > 0, counts.allSatisfy({ $0 == 0 || $0 >= minimum }) else { return nil }
        return counts.map { percent(Double($0) / Double(total)) }
    }
}
