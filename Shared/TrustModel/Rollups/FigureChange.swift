import Glibc

/// How a number of a group has changed from one month to a later one (docs/domain.md S51), from what is shown of both alone.
///
/// The interval of the difference is made of the intervals of its two sides, whatever their shape (the method of variance
/// estimates recovery; Zou & Donner 2008), as if they were of different people. In truth many are in both, and alike in both:
/// then it holds the truth more often than it says.
public struct FigureChange: Hashable, Sendable {
    /// After less before, on the metric's scale and as fine as its numbers.
    public let value: Double
    /// 90 %, rounded outwards; nil where either side has none.
    public let interval: Interval?

    public init(from before: CohortFigure, to after: CohortFigure, of metric: CohortMetric) {
        let scale = metric.isPercent ? 1.0 : 100
        let difference = after.value - before.value
        value = (difference * scale).rounded() / scale
        guard let earlier = before.interval, let later = after.interval else {
            interval = nil
            return
        }
        let below = hypot(after.value - later.lower, earlier.upper - before.value)
        let above = hypot(later.upper - after.value, before.value - earlier.lower)
        // What is exact up to rounding is not moved a step further.
        let rounding = 1e-9
        interval = Interval(
            lower: floor((difference - below) * scale + rounding) / scale,
            upper: ceil((difference + above) * scale - rounding) / scale)
    }
}

extension CohortMetric {
    /// Shown in whole percent; a level of 0...1 otherwise.
    public var isPercent: Bool {
        switch self {
        case .healthyShare, .insufficientShare, .alertLoad, .exposure, .durability90Days, .durability180Days: true
        default: false
        }
    }
}
