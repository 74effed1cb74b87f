/// What a roll-up says of a group (docs/domain.md §5.1). The numbers are those of the contract.
public enum CohortMetric: Int32, CaseIterable, Sendable {
    /// R1.
    case trustLevel = 1
    /// R2.
    case healthyShare
    case insufficientShare
    /// R3.
    case reliabilityLevel
    case integrityLevel
    case competenceLevel
    case empathyLevel
    /// R4.
    case sustainingLevel
    /// R5.
    case opennessLevel
    case engagementLevel
    case responsivenessLevel
    case accountabilityLevel
    /// R6.
    case alertLoad
    /// R7.
    case leadersReliability
    case leadersIntegrity
    case leadersCompetence
    case leadersEmpathy
    /// R8.
    case teamClimate
    /// R10.
    case exposure
    /// R11.
    case durability90Days
    case durability180Days

    public var cohort: Cohort {
        switch self {
        case .trustLevel, .healthyShare, .reliabilityLevel, .integrityLevel, .competenceLevel, .empathyLevel,
            .leadersReliability, .leadersIntegrity, .leadersCompetence, .leadersEmpathy:
            .scored
        case .insufficientShare, .sustainingLevel, .alertLoad: .active
        case .opennessLevel: .openness
        case .engagementLevel: .engagement
        case .responsivenessLevel: .responsiveness
        case .accountabilityLevel: .accountability
        case .teamClimate: .climate
        case .exposure: .people
        case .durability90Days, .durability180Days: .ever
        }
    }

    /// R7 is R3 of those whose coach is a leader.
    public var isOfLeaders: Bool {
        (Self.leadersReliability.rawValue...Self.leadersEmpathy.rawValue).contains(rawValue)
    }

    var component: Component? {
        switch self {
        case .reliabilityLevel, .leadersReliability: .reliability
        case .integrityLevel, .leadersIntegrity: .integrity
        case .competenceLevel, .leadersCompetence: .competence
        case .empathyLevel, .leadersEmpathy: .empathy
        default: nil
        }
    }

    var outcome: OutcomeKind? {
        switch self {
        case .opennessLevel: .openness
        case .engagementLevel: .engagement
        case .responsivenessLevel: .responsiveness
        case .accountabilityLevel: .accountability
        default: nil
        }
    }
}

/// One number as it is shown: a level of 0...1 to 0.01, or a share in percent.
public struct CohortFigure: Hashable, Sendable {
    public var value: Double
    /// 90 %, in the unit of the value.
    public var interval: Interval?

    public init(value: Double, interval: Interval? = nil) {
        self.value = value
        self.interval = interval
    }

    /// Of the relationships of a cell that are in the metric's cohort.
    /// - Returns: nil where the metric is not defined for them.
    public init?(_ metric: CohortMetric, of readings: [CohortReading]) {
        guard !readings.isEmpty else { return nil }
        switch metric {
        case .trustLevel: self.init(level: readings.compactMap { Self.reading($0, \.score) })
        case .healthyShare:
            let scored = readings.compactMap(\.trust)
            guard !scored.isEmpty else { return nil }
            let healthy = scored.count(where: \.isHealthy)
            let interval = Interval(wilson: healthy, of: scored.count)
            self.init(
                value: Double(Rounding.percent(Double(healthy) / Double(scored.count))),
                interval: Interval(
                    lower: Double(Rounding.percent(interval.lower)), upper: Double(Rounding.percent(interval.upper))))
        case .insufficientShare:
            self.init(share: readings.count { $0.trust == nil }, of: readings.count)
        case .sustainingLevel:
            self.init(
                level: readings.compactMap { reading in
                    reading.sustaining.map { .init(cluster: reading.coach, value: $0.value) }
                })
        case .alertLoad: self.init(load: readings) { $0.alertWeeks.values.sorted().reduce(0, +) }
        case .teamClimate:
            self.init(
                level: readings.compactMap { reading in
                    reading.climate.map { .init(cluster: reading.coach, value: $0) }
                })
        case .durability90Days: self.init(durability: 90, of: readings)
        case .durability180Days: self.init(durability: 180, of: readings)
        case .exposure: return nil
        default:
            if let component = metric.component {
                self.init(level: readings.compactMap { Self.reading($0) { $0.components[component] } })
            } else if let outcome = metric.outcome {
                self.init(
                    level: readings.compactMap { reading in
                        reading.outcomes[outcome].map { .init(cluster: reading.coach, value: $0) }
                    })
            } else {
                return nil
            }
        }
    }

    /// R10, and other shares: `count` of `total`, at least one.
    public init?(share count: Int, of total: Int) {
        guard total > 0 else { return nil }
        self.init(value: Double(Rounding.percent(Double(count) / Double(total))))
    }

    private static func reading(
        _ reading: CohortReading, _ value: (CohortReading.Trust) -> Double
    ) -> ClusterBootstrap.Reading? {
        reading.trust.map { .init(cluster: reading.coach, value: value($0), weight: $0.weight) }
    }

    private init?(level readings: [ClusterBootstrap.Reading]) {
        guard let bootstrap = ClusterBootstrap(readings) else { return nil }
        self.init(value: Rounding.level(bootstrap.mean), interval: Rounding.level(bootstrap.interval))
    }

    /// Weeks under an ALERT per 100 weeks together.
    fileprivate init?(load readings: [CohortReading], _ weeks: (CohortReading) -> Double) {
        let together = readings.map(\.weeks).reduce(0, +)
        guard together > 0 else { return nil }
        self.init(value: Double(Rounding.percent(readings.map(weeks).reduce(0, +) / together)))
    }

    /// Nil where nobody has been observed for so long.
    private init?(durability days: Int, of readings: [CohortReading]) {
        let courses = readings.compactMap(\.course)
        let horizon = Int64(days) * Instant.microsecondsPerDay
        guard let longest = courses.map(\.duration).max(), longest >= horizon,
            let ended = KaplanMeier(courses).answered(within: horizon)
        else { return nil }
        self.init(value: Double(Rounding.percent(1 - ended)))
    }
}

/// What is shown beside the numbers of a cell.
public enum CohortDetail {
    /// R3: the lowest component, where its interval ends below where each other's begins.
    public static func weakestComponent(_ figures: [Component: CohortFigure]) -> Component? {
        guard figures.count == Component.allCases.count,
            let lowest = figures.min(by: { ($0.value.value, $0.key.rawValue) < ($1.value.value, $1.key.rawValue) }),
            let upper = lowest.value.interval?.upper
        else { return nil }
        let others = figures.filter { $0.key != lowest.key }
        return others.allSatisfy { $0.value.interval.map { $0.lower > upper } ?? false } ? lowest.key : nil
    }

    /// R4: where the weakest practice lies, in percent; nil below the minimum for themes, and where a share would tell of
    /// fewer than 5 pairs.
    public static func weakestPractices(
        _ readings: [CohortReading], people: Int, rule: MinimumRule
    ) -> [(practice: Practice, percent: Int)]? {
        guard people >= rule.themes else { return nil }
        let counts = Practice.allCases.map { practice in readings.count { $0.sustaining?.weakest == practice } }
        return Rounding.percents(counts, minimum: rule.coachees).map { Array(zip(Practice.allCases, $0)) }
    }

    /// R6 by detector; nil below the minimum for themes.
    public static func alertLoads(
        _ readings: [CohortReading], people: Int, rule: MinimumRule
    ) -> [(challenge: Challenge, percent: Int)]? {
        guard people >= rule.themes else { return nil }
        return Challenge.ofPairs.compactMap { challenge in
            CohortFigure(load: readings) { $0.alertWeeks[challenge] ?? 0 }.map { (challenge, Int($0.value)) }
        }
    }

    /// R11: how long two people stayed together. An end before the planned one is an event; the planned end, and a
    /// relationship that goes on, are none.
    public static func course(
        start: Instant, end: Instant?, plannedEnd: Instant?, at instant: Instant
    ) -> KaplanMeier.Waiting {
        let planned = plannedEnd ?? Instant(microseconds: .max)
        let last = min(instant, planned)
        let ended = end.flatMap { $0 < last ? $0 : nil }
        return KaplanMeier.Waiting(
            duration: (ended ?? last).microseconds - start.microseconds, isAnswered: ended != nil)
    }
}
