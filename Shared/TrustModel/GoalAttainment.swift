/// Goal attainment scaling (Kiresuk & Sherman 1968; docs/domain.md §3.15).
public enum GoalAttainment {
    /// One goal's outcome.
    public struct Score: Hashable, Sendable {
        /// x in −2...2: 0 is the expected outcome.
        public var level: Int
        /// Relative weight, 0 < w ≤ 1 000 000.
        public var weight: Double

        public init(level: Int, weight: Double = 1) {
            self.level = level
            self.weight = weight
        }
    }

    /// ρ, the expected correlation between goals.
    public static let correlation = 0.3

    /// A person has at most this many goals in one T-score.
    public static let maximumGoals = 100

    /// T = 50 + 10 Σ w x / √((1 − ρ) Σ w² + ρ (Σ w)²); nil without goals, beyond `maximumGoals`, or with a level or
    /// weight out of range. Show the number of goals beside it.
    public static func tScore(_ scores: [Score]) -> Double? {
        guard (1...maximumGoals).contains(scores.count),
            scores.allSatisfy({ (-2...2).contains($0.level) && $0.weight > 0 && $0.weight <= 1e6 })
        else { return nil }
        let weighted = scores.reduce(0) { $0 + $1.weight * Double($1.level) }
        let squares = scores.reduce(0) { $0 + $1.weight * $1.weight }
        let sum = scores.reduce(0) { $0 + $1.weight }
        return 50 + 10 * weighted / ((1 - correlation) * squares + correlation * sum * sum).squareRoot()
    }
}
