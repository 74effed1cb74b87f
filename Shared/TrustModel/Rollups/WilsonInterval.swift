import Glibc

extension Interval {
    /// The 95 % quantile of the normal distribution.
    static let normalQuantile = 1.644_853_626_951_472_6

    /// Wilson's 90 % interval of a share (Wilson 1927; Brown, Cai & DasGupta 2001).
    /// - Parameter count: at least 1.
    public init(wilson successes: Int, of count: Int) {
        precondition(count > 0 && (0...count).contains(successes), "a share of at least one")
        let n = Double(count)
        let p = Double(successes) / n
        let z2 = Self.normalQuantile * Self.normalQuantile
        let centre = (p + z2 / (2 * n)) / (1 + z2 / n)
        let half = Self.normalQuantile / (1 + z2 / n) * (p * (1 - p) / n + z2 / (4 * n * n)).squareRoot()
        self.init(lower: max(0, centre - half), upper: min(1, centre + half))
    }
}
