/// Trust and results of one relationship week by week, as associations look at them (docs/domain.md §3.12): does a change of
/// trust go before a change of the result?
public struct WeeklyCourse: Sendable {
    /// Weeks that are looked back on.
    public static let weekCount = 26
    /// Weeks in which the result may follow.
    public static let lag = 4
    /// Differences below it are rounding.
    private static let resolution = 1e-9

    /// T at the end of each week, oldest first, the last at the end of the month; nil where there is too little evidence, and
    /// where the two are not together.
    public var trust: [Double?]
    /// The same of each result; nil where nothing is known.
    public var results: [AssociatedResult: [Double?]]

    public init(trust: [Double?], results: [AssociatedResult: [Double?]]) {
        self.trust = trust
        self.results = results
    }

    /// The instants that a course has values of.
    public static func instants(until end: Instant) -> [Instant] {
        (0...weekCount).reversed().map { end.advanced(byDays: -7 * $0) }
    }

    /// Of each week whose values are known: how trust changed in it, and how the result in the four weeks after it.
    public func changes(of result: AssociatedResult) -> [(trust: Double, result: Double)] {
        guard let values = results[result], values.count == trust.count, trust.count > Self.lag + 1 else { return [] }
        return (1..<(trust.count - Self.lag)).compactMap { week in
            guard let before = trust[week - 1], let after = trust[week], let from = values[week],
                let to = values[week + Self.lag]
            else { return nil }
            return (Self.rounded(after - before), Self.rounded(to - from))
        }
    }

    private static func rounded(_ change: Double) -> Double { (change / resolution).rounded() * resolution }
}

/// What is looked at beside trust. The numbers are those of the contract.
public enum AssociatedResult: Int32, CaseIterable, Sendable {
    case openness = 1
    case engagement
    case responsiveness
    case accountability
    /// Mean of each goal's latest countersigned level, -2...2.
    case goalAttainment

    public var outcome: OutcomeKind? {
        switch self {
        case .openness: .openness
        case .engagement: .engagement
        case .responsiveness: .responsiveness
        case .accountability: .accountability
        case .goalAttainment: nil
        }
    }
}
