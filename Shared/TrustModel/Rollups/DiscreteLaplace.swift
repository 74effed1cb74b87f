/// Exact samples of the discrete Laplace distribution, P(k) ∝ exp(−|k|·s/t), from whole numbers alone: sums of floating-point
/// logarithms would leak the true value in their last digits (Mironov 2012; Canonne, Kamath & Steinke 2020, algorithm 2).
public enum DiscreteLaplace {
    /// - Parameters:
    ///   - t, s: positive; the scale is t/s.
    ///   - random: for releases a cryptographically secure one.
    public static func sample(
        scale t: Int64, over s: Int64, using random: inout some RandomNumberGenerator
    ) -> Int64 {
        precondition(t > 0 && s > 0, "a scale is positive")
        while true {
            let u = Int64.random(in: 0..<t, using: &random)
            guard bernoulli(exponential: u, over: t, using: &random) else { continue }
            var v: Int64 = 0
            while bernoulli(exponential: 1, over: 1, using: &random) { v += 1 }
            let (whole, overflow) = v.multipliedReportingOverflow(by: t)
            guard !overflow else { continue }
            let magnitude = (whole + u) / s
            let isNegative = Bool.random(using: &random)
            if isNegative, magnitude == 0 { continue }
            return isNegative ? -magnitude : magnitude
        }
    }

    /// True with probability exp(−n/d), for n ≤ d.
    private static func bernoulli(
        exponential n: Int64, over d: Int64, using random: inout some RandomNumberGenerator
    ) -> Bool {
        var k: Int64 = 1
        // d·k stays small: the loop goes on with probability n/(d·k).
        while Int64.random(in: 0..<(d * k), using: &random) < n { k += 1 }
        return k % 2 == 1
    }
}
