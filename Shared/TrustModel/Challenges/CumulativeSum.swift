import Glibc

/// Page's one-sided cumulative sum of log-likelihood ratios for a stream of yes and no: it stays near 0 while the share of
/// yes is `accepted`, and climbs once it is `rejected` (docs/domain.md §4.1, §4.3; Page 1954).
public struct CumulativeSum: Hashable, Sendable {
    /// p0: the share that is still in order.
    public let accepted: Double
    /// p1: the share that is to be noticed.
    public let rejected: Double
    private let up: Double
    private let down: Double

    /// 0 < accepted < rejected < 1.
    public init(accepted: Double, rejected: Double) {
        precondition(0 < accepted && accepted < rejected && rejected < 1, "0 < accepted < rejected < 1")
        self.accepted = accepted
        self.rejected = rejected
        up = log(rejected / accepted)
        down = log((1 - rejected) / (1 - accepted))
    }

    /// S_i of S_{i-1} and x_i. Begins with 0, and begins anew with 0.
    public func next(after sum: Double, _ isBad: Bool) -> Double {
        max(0, sum + (isBad ? up : down))
    }
}

extension CumulativeSum {
    /// D1: missed, abandoned, absent, called off too late or late by more than 3 days (docs/domain.md §4.1).
    public static let inconsistency = CumulativeSum(accepted: 0.15, rejected: 0.40)
    /// D3: decisions without a reason (docs/domain.md §4.3).
    public static let opacity = CumulativeSum(accepted: 0.15, rejected: 0.45)
}

extension Thresholds {
    public static let inconsistency = Thresholds(clear: 0.5, watch: 2.5, alert: 4.0)

    /// Days whose decisions say how many there are in a week.
    public static let rateDays = 56

    /// - Parameter recentDecisions: of the last 56 days. More than 0.8 a week give more chances to be wrong by chance.
    public static func opacity(recentDecisions: Int) -> Thresholds {
        let perWeek = Double(recentDecisions) * 7 / Double(rateDays)
        return Thresholds(clear: 0.5, watch: 2.0, alert: perWeek > 0.8 ? 3.0 : 2.5)
    }
}
