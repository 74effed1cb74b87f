/// A share of trials with its 95 % interval by Wilson's score (Wilson 1927).
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
        guard let share = value else { return nil }
        let (n, z) = (Double(trials), 1.959963984540054)
        let center = (share + z * z / (2 * n)) / (1 + z * z / n)
        let half = z / (1 + z * z / n) * (share * (1 - share) / n + z * z / (4 * n * n)).squareRoot()
        return max(0, center - half)...min(1, center + half)
    }
}
