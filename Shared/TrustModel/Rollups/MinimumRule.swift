/// Why a cell, or one number of it, is not shown (docs/domain.md §5.2 P8). None of them tells how many there are.
public enum Suppression: UInt8, CaseIterable, Sendable {
    case tooFewCoachees
    case tooFewCoaches
    case dominantCoach
    /// It would tell what a smaller group beside it hides.
    case complementary
    /// With other numbers, of this release or of earlier ones, it would tell of fewer than 5 people.
    case derivable
    /// It is not defined for this cell.
    case notDefined
    /// Of associations: fewer than 30.
    case tooFewRelationships
}

/// P1: the smallest group that may be shown. An organisation may raise it, never lower it (docs/domain.md §5.2).
public struct MinimumRule: Hashable, Sendable {
    public static let coachees = 5
    public static let coaches = 3
    /// Of the mass, that one coach may have.
    public static let dominance = 0.5
    /// Coachees behind counts of texts or themes, such as what the weakest practice is.
    public static let themes = 10

    public let coachees: Int
    public let coaches: Int

    /// What lies below the minimum is the minimum.
    public init(coachees: Int = Self.coachees, coaches: Int = Self.coaches) {
        self.coachees = max(coachees, Self.coachees)
        self.coaches = max(coaches, Self.coaches)
    }

    public var themes: Int { max(coachees, Self.themes) }

    /// Nil when the group may be shown. Where no member has a coach, coachees alone are asked for.
    public func suppression(of members: some Sequence<CohortMember>) -> Suppression? {
        var people: Set<UInt64> = []
        var masses: [UInt64: Double] = [:]
        for member in members {
            people.insert(member.person)
            if let coach = member.coach { masses[coach, default: 0] += member.mass }
        }
        if people.count < coachees { return .tooFewCoachees }
        guard !masses.isEmpty else { return nil }
        if masses.count < coaches { return .tooFewCoaches }
        let total = masses.values.sorted().reduce(0, +)
        return (masses.values.max() ?? 0) > Self.dominance * total ? .dominantCoach : nil
    }
}
