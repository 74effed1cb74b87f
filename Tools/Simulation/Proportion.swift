import TrustModel

/// A share of trials with its 95 % interval by Wilson's score.
public struct Proportion: Hashable, Sendable, Codable {
    public var count: Int
    public var trials: Int

    public init(_ count: Int, of trials: Int) {
        self.count = count
        self.trials = trials
    }

    /// Nil without trials.
    public var value: Double? { trials == 0 ? nil : Double(count) / Double(trials) }

    /// Whether the share may be as large as `target`: its interval reaches there.
    public func holds(_ target: Double) -> Bool { interval.map { $0.upperBound >= target } ?? false }

    public var interval: ClosedRange<Double>? {
        value.map { WilsonScore.interval(of: $0, trials: trials, normal: WilsonScore.normal95) }
    }
}
