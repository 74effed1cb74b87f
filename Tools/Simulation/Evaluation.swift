import TrustModel

/// An ALERT, or a reminder that fell due, and when.
public struct Alarm: Hashable, Sendable {
    public enum Source: Hashable, Sendable {
        case detector(Challenge)
        /// A rule of D3, which needs no statistics.
        case rule
        /// M1.
        case contactGap
    }

    public var source: Source
    /// Weeks from the pair's start.
    public var week: Double

    public init(_ source: Source, week: Double) {
        self.source = source
        self.week = week
    }

    public init(_ challenge: Challenge, week: Double) {
        self.init(.detector(challenge), week: week)
    }
}

extension Planting.Kind {
    /// What should notice it.
    public var source: Alarm.Source {
        switch self {
        case .inconsistency: .detector(.inconsistentBehaviour)
        case .criticism: .detector(.overemphasisOnCriticism)
        case .opacity: .detector(.lackOfTransparency)
        case .silentChange: .rule
        case .lapse: .contactGap
        }
    }
}

/// How well alarms find what was planted (docs/domain.md §4.6).
public struct Evaluation: Hashable, Sendable, Codable {
    /// Weeks within which an alarm comes early.
    public static let earlyWeeks = 12.0

    public let kind: Planting.Kind
    /// Pairs with something planted that were noticed at all, and within 12 weeks.
    public private(set) var recall = Proportion(0, of: 0)
    public private(set) var earlyRecall = Proportion(0, of: 0)
    /// Of the pairs with an alarm, those with something planted that it came after.
    public private(set) var precision = Proportion(0, of: 0)
    /// Weeks from the start of what was planted to the first alarm after it, ascending.
    public private(set) var delays: [Double] = []
    public private(set) var chanceAlarms = 0
    public private(set) var healthyYears = 0.0

    public init(of kind: Planting.Kind) {
        self.kind = kind
    }

    /// - Parameters:
    ///   - weeks: how long the pair was looked at.
    ///   - alarms: of any source, within these weeks.
    public mutating func take(_ plantings: [Planting], weeks: Double, _ alarms: [Alarm]) {
        let mine = alarms.filter { $0.source == kind.source && $0.week < weeks }.map(\.week).sorted()
        guard let planting = plantings.first(where: { $0.kind == kind }) else {
            healthyYears += weeks * 7 / 365.25
            chanceAlarms += mine.count
            if !mine.isEmpty { precision.trials += 1 }
            return
        }
        // Instants are stored to the second.
        let first = mine.first { $0 >= planting.start - 0.001 }
        recall.trials += 1
        earlyRecall.trials += 1
        if !mine.isEmpty { precision.trials += 1 }
        guard let first else { return }
        recall.count += 1
        precision.count += 1
        let delay = first - planting.start
        delays.insert(delay, at: delays.firstIndex { $0 > delay } ?? delays.count)
        if delay <= Self.earlyWeeks { earlyRecall.count += 1 }
    }

    public var medianDelay: Double? { delays.isEmpty ? nil : delays[delays.count / 2] }
    public var chancePerYear: Double? { healthyYears == 0 ? nil : Double(chanceAlarms) / healthyYears }
}
