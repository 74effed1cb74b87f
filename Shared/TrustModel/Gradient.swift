import Glibc

/// Exact attribution of a change of P between two opinions: the path integral of ∂P along the straight line between
/// them, in closed form (Aumann & Shapley 1974; docs/domain.md §3.8). P₁ − P₀ = ΔR·positive + ΔS·negative + Δa·baseRate.
struct Gradient {
    /// G_R > 0 times ΔR.
    var positive: Double
    /// −G_S < 0 times ΔS.
    var negative: Double
    /// G_a > 0 times Δa.
    var baseRate: Double

    init(from before: Opinion, to after: Opinion) {
        let total = before.total
        let growth = (after.positive - before.positive + after.negative - before.negative) / total
        // L = ∫ 1/N, I = ∫ A/N² over the path.
        let inverse = Gradient.logarithmicMean(growth) / total
        let integral =
            (after.alpha - before.alpha) * Gradient.secondMoment(growth) / (total * total)
            + before.alpha / (total * total * (1 + growth))
        positive = inverse - integral
        negative = -integral
        baseRate = Opinion.priorWeight * inverse
    }

    /// Below this growth the closed forms lose digits to cancellation, and 8 terms of the series are exact to rounding.
    private static let seriesLimit = 0.01

    /// ln(1 + x)/x = Σ (−x)^k/(k + 1), for x > −1.
    private static func logarithmicMean(_ x: Double) -> Double {
        abs(x) >= seriesLimit ? log1p(x) / x : series(x) { 1 / ($0 + 1) }
    }

    /// (ln(1 + x)/x − 1/(1 + x))/x = Σ (−x)^k (k + 1)/(k + 2), for x > −1.
    private static func secondMoment(_ x: Double) -> Double {
        abs(x) >= seriesLimit ? (log1p(x) / x - 1 / (1 + x)) / x : series(x) { ($0 + 1) / ($0 + 2) }
    }

    private static func series(_ x: Double, _ coefficient: (Double) -> Double) -> Double {
        stride(from: 8.0, through: 0, by: -1).reduce(0) { $0 * -x + coefficient($1) }
    }
}
