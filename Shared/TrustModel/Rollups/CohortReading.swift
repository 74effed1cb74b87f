/// The numbers of one relationship that a roll-up takes in, at the end of its month.
public struct CohortReading: Sendable {
    /// Of a profile with enough evidence; others enter no mean of trust (docs/domain.md §5.1).
    public struct Trust: Sendable {
        /// T.
        public var score: Double
        /// n of docs/domain.md §3.7.
        public var effectiveSize: Double
        /// P of each component.
        public var components: PerComponent<Double>
        /// HEALTHY or STRONG.
        public var isHealthy: Bool

        /// Nil without enough evidence.
        public init?(_ profile: Profile) {
            guard profile.numberShown else { return nil }
            score = profile.score
            effectiveSize = profile.effectiveSize
            components = PerComponent { profile.components[$0].opinion.projected }
            isHealthy = [.healthy, .strong].contains(profile.band)
        }

        public init(score: Double, effectiveSize: Double, components: PerComponent<Double>, isHealthy: Bool) {
            self.score = score
            self.effectiveSize = effectiveSize
            self.components = components
            self.isHealthy = isHealthy
        }

        /// Beyond it more evidence on one pair gives it no more voice.
        public static let maximumWeight = 40.0

        /// g.
        public var weight: Double { min(effectiveSize, Self.maximumWeight) }
    }

    public var coach: UInt64
    public var trust: Trust?
    /// SI, and the practice that is weakest.
    public var sustaining: (value: Double, weakest: Practice)?
    /// By `OutcomeKind`; nil where nothing is known.
    public var outcomes: [OutcomeKind: Double] = [:]
    /// Weeks of the month under an ALERT of each challenge, and weeks together.
    public var alertWeeks: [Challenge: Double] = [:]
    public var weeks = 0.0
    /// The mean of the coachee's answers about the team in the month, 0...1; nil without any.
    public var climate: Double?
    /// Trust and results week by week; nil outside of programmes.
    public var weekly: WeeklyCourse?
    /// How long the two stayed together.
    public var course: KaplanMeier.Waiting?

    public init(coach: UInt64, trust: Trust? = nil) {
        self.coach = coach
        self.trust = trust
    }
}

/// The people that a metric is shown of: metrics of one cohort are released and audited together.
public enum Cohort: UInt8, CaseIterable, Sendable {
    /// Relationships at the end of the month.
    case active
    /// Of those, the ones with enough evidence.
    case scored
    /// Of those, the ones with a value of the outcome.
    case openness
    case engagement
    case responsiveness
    case accountability
    /// Those whose coachee answered about the team in the month.
    case climate
    /// All relationships that ever began.
    case ever
    /// People of the unit, whether or not they have a coach.
    case people

    public func contains(_ reading: CohortReading) -> Bool {
        switch self {
        case .active: reading.weeks > 0
        case .scored: reading.trust != nil
        case .openness: reading.outcomes[.openness] != nil
        case .engagement: reading.outcomes[.engagement] != nil
        case .responsiveness: reading.outcomes[.responsiveness] != nil
        case .accountability: reading.outcomes[.accountability] != nil
        case .climate: reading.climate != nil
        case .ever: reading.course != nil
        case .people: false
        }
    }
}
