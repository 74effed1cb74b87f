import Glibc

/// Seeded randomness: the same seed gives the same numbers on every machine and in every order of use of its children.
///
/// SplitMix64 (Steele, Lea & Flood 2014); not for secrets.
public struct Dice: RandomNumberGenerator, Sendable {
    private var state: UInt64

    public init(seed: UInt64) {
        state = seed
    }

    /// Dice of its own for one thing: what one relationship draws never depends on how much another has drawn.
    public func child(_ number: UInt64) -> Dice {
        var child = Dice(seed: state ^ (number &+ 1) &* 0xD1B5_4A32_D192_ED03)
        _ = child.next()
        return child
    }

    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// Uniform in (0, 1).
    public mutating func uniform() -> Double {
        (Double(next() >> 11) + 0.5) * 0x1p-53
    }

    public mutating func uniform(_ range: ClosedRange<Double>) -> Double {
        range.lowerBound + uniform() * (range.upperBound - range.lowerBound)
    }

    public mutating func happens(_ probability: Double) -> Bool { uniform() < probability }

    public mutating func whole(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &self) }

    /// Standard normal, by Box and Muller.
    public mutating func normal() -> Double {
        (-2 * log(uniform())).squareRoot() * cos(2 * .pi * uniform())
    }

    public mutating func exponential(rate: Double) -> Double { -log(uniform()) / rate }

    /// By Knuth's product of uniforms; for means up to some tens.
    public mutating func poisson(_ mean: Double) -> Int {
        let limit = exp(-mean)
        var (count, product) = (0, uniform())
        while product > limit {
            count += 1
            product *= uniform()
        }
        return count
    }

    /// Gamma with scale 1 and shape at least 1 (Marsaglia & Tsang 2000).
    mutating func gamma(_ shape: Double) -> Double {
        let d = shape - 1 / 3
        let c = 1 / (9 * d).squareRoot()
        while true {
            let x = normal()
            let v = 1 + c * x
            guard v > 0 else { continue }
            let cube = v * v * v
            if log(uniform()) < 0.5 * x * x + d - d * cube + d * log(cube) { return d * cube }
        }
    }

    /// Beta with both parameters at least 1.
    public mutating func beta(_ alpha: Double, _ beta: Double) -> Double {
        let x = gamma(alpha)
        return x / (x + gamma(beta))
    }

    /// Failures before the first success: mean (1 - p)/p.
    public mutating func geometric(_ probability: Double) -> Int {
        Int(log(uniform()) / log(1 - probability))
    }

    /// An index, each as likely as its weight.
    public mutating func choice(_ weights: [Double]) -> Int {
        var rest = uniform() * weights.reduce(0, +)
        for (index, weight) in weights.enumerated() {
            rest -= weight
            if rest < 0 { return index }
        }
        return weights.count - 1
    }
}
