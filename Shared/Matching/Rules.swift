/// What counts in a match, and how much (docs/domain.md §6.1).
public enum Criterion: Int, CaseIterable, Sendable {
    case topics, goals, language, timeZone, capacity
}

/// One whole number for each criterion: what it may contribute, or what it does.
public struct Points: Hashable, Sendable {
    public var topics: Int
    public var goals: Int
    public var language: Int
    public var timeZone: Int
    public var capacity: Int

    /// What the two want to talk about and to reach weighs most, then whether they understand each other, then when they
    /// can meet; that coaches share the work decides among likes.
    public static let standard = Points(topics: 400, goals: 200, language: 200, timeZone: 150, capacity: 50)

    /// Of one criterion.
    public static let maximum = 1000

    public init(topics: Int = 0, goals: Int = 0, language: Int = 0, timeZone: Int = 0, capacity: Int = 0) {
        self.topics = topics
        self.goals = goals
        self.language = language
        self.timeZone = timeZone
        self.capacity = capacity
    }

    /// The score: exactly the sum of what the criteria contribute.
    public var total: Int { topics + goals + language + timeZone + capacity }

    public subscript(criterion: Criterion) -> Int {
        switch criterion {
        case .topics: topics
        case .goals: goals
        case .language: language
        case .timeZone: timeZone
        case .capacity: capacity
        }
    }
}

public struct Rules: Hashable, Sendable {
    /// What each criterion may contribute, 0 to `Points.maximum`.
    public var points: Points
    /// Minutes a day in which both must be able to meet; nobody is excluded whose hours are unknown.
    public var minimumOverlap: Int
    /// Nobody is matched with somebody above them in the reporting line.
    public var excludesReportingLine: Bool
    /// Draws the lots that decide between equals.
    public var seed: Int64

    public init(
        points: Points = .standard, minimumOverlap: Int = 0, excludesReportingLine: Bool = true, seed: Int64 = 0
    ) {
        self.points = points
        self.minimumOverlap = minimumOverlap
        self.excludesReportingLine = excludesReportingLine
        self.seed = seed
    }
}

/// What forbids a pair, whatever its score.
public struct Exclusions: OptionSet, Hashable, Sendable {
    public let rawValue: UInt16

    public init(rawValue: UInt16) {
        self.rawValue = rawValue
    }

    public static let samePerson = Exclusions(rawValue: 1 << 0)
    public static let reportingLine = Exclusions(rawValue: 1 << 1)
    /// One of the two excludes the other.
    public static let conflict = Exclusions(rawValue: 1 << 2)
    /// Something is open between the two in this programme.
    public static let paired = Exclusions(rawValue: 1 << 3)
    /// It ended, or one of the two declined.
    public static let pairedBefore = Exclusions(rawValue: 1 << 4)
    public static let inactiveCoachee = Exclusions(rawValue: 1 << 5)
    public static let inactiveCoach = Exclusions(rawValue: 1 << 6)
    public static let fullCoachee = Exclusions(rawValue: 1 << 7)
    public static let fullCoach = Exclusions(rawValue: 1 << 8)
    /// Both said what they speak and share nothing.
    public static let noCommonLanguage = Exclusions(rawValue: 1 << 9)
    public static let tooLittleOverlap = Exclusions(rawValue: 1 << 10)

    /// One at a time, in the order above.
    public var each: [Exclusions] {
        (0..<11).map { Exclusions(rawValue: 1 << $0) }.filter(contains)
    }
}
