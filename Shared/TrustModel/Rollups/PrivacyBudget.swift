/// What may be told about one data set in one quarter: ε adds up, whatever is asked (docs/domain.md §5.3).
public struct PrivacyBudget: Hashable, Sendable {
    /// ε is counted in millionths: sums of them are exact.
    public static let unit: Int64 = 1_000_000
    /// ε of a quarter.
    public static let quarterly = 2 * unit

    public struct Spent: Error, Hashable, Sendable {
        /// In millionths.
        public var left: Int64
    }

    /// In millionths.
    public private(set) var spent: Int64

    public init(spent: Int64 = 0) {
        self.spent = max(0, spent)
    }

    public var left: Int64 { max(0, Self.quarterly - spent) }

    /// Before anything is computed: what was debited stays so, whether or not an answer comes of it.
    /// - Parameter cost: in millionths, positive.
    /// - Throws: `Spent` and debits nothing where the rest is smaller.
    public mutating func debit(_ cost: Int64) throws(Spent) {
        guard cost > 0, cost <= left else { throw Spent(left: left) }
        spent += cost
    }

    /// Millionths of an ε, rounded up; nil for what is no ε of 0.000001 to 2.
    public static func cost(of epsilon: Double) -> Int64? {
        guard epsilon.isFinite, epsilon > 0, epsilon <= 2 else { return nil }
        return Int64((epsilon * Double(unit)).rounded(.up))
    }
}
