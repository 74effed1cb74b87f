/// Wilson's score interval of a share (Wilson 1927). For means of values between 0 and 1 it is wide enough, since no such
/// values vary more than 0 and 1 alone.
public enum WilsonScore {
    /// Of the standard normal distribution: 5 % lie above.
    public static let normal90 = 1.6448536269514722
    /// 2.5 % lie above.
    public static let normal95 = 1.959963984540054

    /// - Parameters:
    ///   - share: 0 to 1.
    ///   - trials: 1 and more.
    ///   - normal: the quantile of the standard normal distribution that stands for the level of confidence.
    public static func interval(of share: Double, trials: Int, normal z: Double) -> ClosedRange<Double> {
        let n = Double(trials)
        let center = (share + z * z / (2 * n)) / (1 + z * z / n)
        let half = z / (1 + z * z / n) * (share * (1 - share) / n + z * z / (4 * n * n)).squareRoot()
        return max(0, center - half)...min(1, center + half)
    }
}
