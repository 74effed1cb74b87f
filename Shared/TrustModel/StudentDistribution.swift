/// Student's t distribution.
public struct StudentDistribution: Hashable, Sendable {
    /// Above 0, at most 10 000; what lies beyond is taken for that.
    public let degreesOfFreedom: Double

    public init(degreesOfFreedom: Double) {
        self.degreesOfFreedom = min(degreesOfFreedom, 10_000)
    }

    /// The t with ±t around `confidence` of the probability: t²/(ν + t²) is Beta(1/2, ν/2) (Abramowitz & Stegun 26.7.1).
    public func halfWidth(confidence: Double) -> Double {
        let share = BetaDistribution(alpha: 0.5, beta: degreesOfFreedom / 2).quantile(confidence)
        return (degreesOfFreedom * share / (1 - share)).squareRoot()
    }
}
