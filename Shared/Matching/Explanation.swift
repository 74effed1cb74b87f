/// Why two people suit each other, criterion by criterion: what it adds, of how much, and what that rests on.
public struct Contribution: Hashable, Sendable {
    public var criterion: Criterion
    public var points: Int
    /// What the rules let it add.
    public var possible: Int
    /// The coachee's topics or goals that the coach offers too; languages that both speak.
    public var shared: [String] = []
    /// Minutes a day.
    public var overlap = 0
    public var freePlaces = 0
    /// One of the two did not say: it adds nothing.
    public var isUnknown = false
}

/// What became of a pair in a run.
public enum Outcome: Sendable {
    case matched
    case excluded
    /// The coachee got a coach whom they would rather have.
    case coacheeHasBetter
    /// The coach's places went to coachees whom the coach would rather have.
    case coachHasBetter
}

extension Pool {
    /// All criteria, in their order. Their points add up to the score.
    public func explain(_ coachee: Int, _ coach: Int) -> [Contribution] {
        let points = judge(coachee, coach).points
        return Criterion.allCases.map { criterion in
            var line = Contribution(
                criterion: criterion, points: points[criterion], possible: rules.points[criterion])
            let (mine, theirs) = (coachees[coachee], coaches[coach])
            switch criterion {
            case .topics: line.describe(mine.topics, theirs.topics, Tags.normalized)
            case .goals: line.describe(mine.goals, theirs.goals, Tags.normalized)
            case .language: line.describe(mine.languages, theirs.languages, Tags.language)
            case .timeZone:
                if let hours = mine.hours, let others = theirs.hours {
                    line.overlap = hours.overlap(others)
                } else {
                    line.isUnknown = true
                }
            case .capacity: line.freePlaces = theirs.free
            }
            return line
        }
    }

    /// Since the assignment is stable, who was not matched with somebody allowed lost to somebody better on one side.
    /// - Parameter matched: the coach that the coachee was matched with; nil for nobody.
    public func outcome(_ coachee: Int, _ coach: Int, matched: Int?) -> Outcome {
        guard matched != coach else { return .matched }
        guard judge(coachee, coach).exclusions.isEmpty else { return .excluded }
        guard let matched, rank(of: matched, for: coachee) < rank(of: coach, for: coachee) else {
            return .coachHasBetter
        }
        return .coacheeHasBetter
    }
}

extension Contribution {
    fileprivate mutating func describe(_ mine: [String], _ theirs: [String], _ form: (String) -> String) {
        isUnknown = mine.isEmpty || theirs.isEmpty
        let known = Set(theirs.map(form))
        var seen: Set<String> = []
        shared = mine.filter { known.contains(form($0)) && seen.insert(form($0)).inserted }
    }
}
