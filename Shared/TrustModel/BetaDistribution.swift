import Glibc

/// The Beta distribution. Swift's ecosystem has no maintained library with its quantile, so it is here: the incomplete
/// beta function by its continued fraction (DLMF 8.17.22), evaluated with Lentz's method, and its inverse by Halley's
/// method inside a shrinking bracket, from the start of Abramowitz & Stegun 26.5.22. Accurate to 1e-10 absolute for
/// 0.05 ≤ α, β and α + β ≤ 20 000.
public struct BetaDistribution: Hashable, Sendable {
    public let alpha: Double
    public let beta: Double
    /// ln B(α, β).
    private let logBeta: Double

    /// Both parameters are positive and finite.
    public init(alpha: Double, beta: Double) {
        precondition(alpha > 0 && beta > 0 && alpha.isFinite && beta.isFinite, "Beta needs positive finite parameters")
        self.alpha = alpha
        self.beta = beta
        logBeta = logGamma(alpha) + logGamma(beta) - logGamma(alpha + beta)
    }

    public var mean: Double { alpha / (alpha + beta) }

    public var variance: Double {
        let sum = alpha + beta
        return alpha * beta / (sum * sum * (sum + 1))
    }

    /// I_x(α, β), the probability of at most `x`.
    public func cumulative(_ x: Double) -> Double {
        guard x > 0 else { return 0 }
        guard x < 1 else { return 1 }
        let front = exp(alpha * log(x) + beta * log1p(-x) - logBeta)
        // The fraction converges quickly on this side of the mean; the other side is its mirror image.
        if x < (alpha + 1) / (alpha + beta + 2) {
            return front * BetaDistribution.fraction(x, alpha, beta) / alpha
        }
        return 1 - front * BetaDistribution.fraction(1 - x, beta, alpha) / beta
    }

    /// The x with I_x(α, β) = `probability`; 0 and 1 outside (0, 1).
    public func quantile(_ probability: Double) -> Double {
        guard probability > 0 else { return 0 }
        guard probability < 1 else { return 1 }
        var lower = 0.0
        var upper = 1.0
        var x = min(max(start(probability), 1e-300), 1 - 0x1p-53)
        for _ in 0..<200 {
            let error = cumulative(x) - probability
            if error == 0 { return x }
            if error < 0 { lower = x } else { upper = x }
            let density = exp((alpha - 1) * log(x) + (beta - 1) * log1p(-x) - logBeta)
            let newton = error / density
            let curvature = (alpha - 1) / x - (beta - 1) / (1 - x)
            let step = newton / max(0.5, 1 - 0.5 * newton * curvature)
            // Convergence is cubic: after so small a step the error is below rounding.
            if abs(step) <= 1e-9 * x { return min(max(x - step, lower), upper) }
            let halley = x - step
            let next = halley > lower && halley < upper ? halley : 0.5 * (lower + upper)
            if next == x { return x }
            x = next
        }
        return x
    }

    private func start(_ probability: Double) -> Double {
        guard alpha > 1, beta > 1 else {
            // Near zero I_x ≈ x^α/(α B), near one its mirror image.
            let low = exp((log(probability) + log(alpha) + logBeta) / alpha)
            if low < 0.1 * mean { return low }
            let high = exp((log1p(-probability) + log(beta) + logBeta) / beta)
            return high < 0.1 * (1 - mean) ? 1 - high : mean
        }
        let normal = BetaDistribution.upperNormalQuantile(probability)
        let lambda = (normal * normal - 3) / 6
        let h = 2 / (1 / (2 * alpha - 1) + 1 / (2 * beta - 1))
        let w =
            normal * (h + lambda).squareRoot() / h
            - (1 / (2 * beta - 1) - 1 / (2 * alpha - 1)) * (lambda + 5 / 6 - 2 / (3 * h))
        let x = alpha / (alpha + beta * exp(2 * w))
        return x.isFinite ? x : mean
    }

    /// The y that a standard normal variable exceeds with `probability`, to 3e-3 (Abramowitz & Stegun 26.2.22).
    private static func upperNormalQuantile(_ probability: Double) -> Double {
        let tail = min(probability, 1 - probability)
        let t = (-2 * log(tail)).squareRoot()
        let y = t - (2.30753 + 0.27061 * t) / (1 + 0.99229 * t + 0.04481 * t * t)
        return probability < 0.5 ? y : -y
    }

    /// The continued fraction 1/(1 + d1/(1 + d2/(1 + …))) of DLMF 8.17.22.
    private static func fraction(_ x: Double, _ a: Double, _ b: Double) -> Double {
        let tiny = 1e-300
        func nonzero(_ value: Double) -> Double { abs(value) < tiny ? tiny : value }
        var numerator = 1.0
        var inverse = 1 / nonzero(1 - (a + b) * x / (a + 1))
        var value = inverse
        for step in 1...10_000 {
            let m = Double(step)
            let even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
            inverse = 1 / nonzero(1 + even * inverse)
            numerator = nonzero(1 + even / numerator)
            value *= inverse * numerator
            let odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
            inverse = 1 / nonzero(1 + odd * inverse)
            numerator = nonzero(1 + odd / numerator)
            let factor = inverse * numerator
            value *= factor
            if abs(factor - 1) <= .ulpOfOne { break }
        }
        return value
    }
}

/// ln Γ(x) by the reentrant function: plain `lgamma` writes a global.
func logGamma(_ x: Double) -> Double {
    var sign: Int32 = 0
    return lgamma_r(x, &sign)
}
