/// A binomial opinion of subjective logic: (b, d, u, a) about "the next relevant act of this kind will deserve trust"
/// (docs/domain.md §3.5; Jøsang 2016), held as the decayed mass of evidence behind it.
public struct Opinion: Hashable, Sendable {
    /// R ≥ 0, the positive mass.
    public var positive: Double
    /// S ≥ 0, the negative mass.
    public var negative: Double
    /// a in (0, 1): what is expected without evidence.
    public var baseRate: Double

    public init(positive: Double = 0, negative: Double = 0, baseRate: Double = Opinion.neutralBaseRate) {
        self.positive = positive
        self.negative = negative
        self.baseRate = baseRate
    }

    /// W, the weight of knowing nothing (Jøsang & Ismail 2002).
    public static let priorWeight = 2.0

    /// Neutral: a record from elsewhere would leak confidential relationships (docs/domain.md §3.5).
    public static let neutralBaseRate = 0.5

    /// R + S.
    public var mass: Double { positive + negative }

    /// N = R + S + W.
    public var total: Double { positive + negative + Opinion.priorWeight }

    public var belief: Double { positive / total }
    public var disbelief: Double { negative / total }
    public var uncertainty: Double { Opinion.priorWeight / total }

    /// P = b + a·u, in (0, 1).
    public var projected: Double { alpha / total }

    /// α = R + a·W of the posterior.
    public var alpha: Double { positive + baseRate * Opinion.priorWeight }

    /// β = S + (1 − a)·W of the posterior.
    public var beta: Double { negative + (1 - baseRate) * Opinion.priorWeight }

    /// Variance of the posterior, P (1 − P)/(N + 1).
    public var variance: Double { projected * (1 - projected) / (total + 1) }

    public var posterior: BetaDistribution { BetaDistribution(alpha: alpha, beta: beta) }

    /// The central 90 % of the posterior.
    public var interval: Interval { Interval(posterior) }
}

/// A central 90 % interval of what lies in 0...1.
public struct Interval: Hashable, Sendable {
    public var lower: Double
    public var upper: Double

    public init(lower: Double, upper: Double) {
        self.lower = lower
        self.upper = upper
    }

    init(_ distribution: BetaDistribution) {
        lower = distribution.quantile(0.05)
        upper = distribution.quantile(0.95)
    }
}
