/// The coachees and coaches of one programme, made ready to judge any pair of them. What a pair is worth is computed when
/// it is asked for and never stored.
public struct Pool: Sendable {
    /// Of each side: places in a preference list are held in 16 bits.
    public static let maximumSide = 10_000

    /// In the order that decides between equals: by the day of enrolment, then by lot.
    public let coachees: [Participant]
    /// In the order that decides between equals: by lot.
    public let coaches: [Participant]
    public let rules: Rules

    private let topics: (coachees: Tags, coaches: Tags)
    private let goals: (coachees: Tags, coaches: Tags)
    private let languages: (coachees: Tags, coaches: Tags)
    /// Of a coachee, by coach: exclusions that name the two.
    private let named: [[Int: Exclusions]]
    private let coacheeExclusions: [Exclusions]
    private let coachExclusions: [Exclusions]
    /// Of a coachee, by coach: where it names the coach, from 0.
    private let wishesOfCoachees: [[Int: Int]]
    private let wishesOfCoaches: [[Int: Int]]

    /// - Parameters: in any order, at most `maximumSide` of each, with different ids on each side.
    public init(coachees: [Participant], coaches: [Participant], rules: Rules) {
        precondition(max(coachees.count, coaches.count) <= Pool.maximumSide)
        let lots = Lots(seed: rules.seed)
        let (coachees, coaches) =
            (lots.sorted(coachees, earliestFirst: true), lots.sorted(coaches, earliestFirst: false))
        self.coachees = coachees
        self.coaches = coaches
        self.rules = rules
        func tags(_ tags: (Participant) -> [String]) -> (coachees: Tags, coaches: Tags) {
            var vocabulary: [String: UInt32] = [:]
            return (Tags(coachees.map(tags), &vocabulary), Tags(coaches.map(tags), &vocabulary))
        }
        topics = tags { $0.topics.map(Tags.normalized) }
        goals = tags { $0.goals.map(Tags.normalized) }
        languages = tags { $0.languages.map(Tags.language) }
        coacheeExclusions = coachees.map { $0.exclusions(inactive: .inactiveCoachee, full: .fullCoachee) }
        coachExclusions = coaches.map { $0.exclusions(inactive: .inactiveCoach, full: .fullCoach) }
        let coacheeIndex = Pool.index(coachees)
        let coachIndex = Pool.index(coaches)
        named = Pool.named(coachees, coaches, coacheeIndex, coachIndex, rules)
        wishesOfCoachees = coachees.map { Pool.wishes($0, coachIndex) }
        wishesOfCoaches = coaches.map { Pool.wishes($0, coacheeIndex) }
    }

    public func coachee(_ id: String) -> Int? { coachees.firstIndex { $0.id == id } }
    public func coach(_ id: String) -> Int? { coaches.firstIndex { $0.id == id } }

    /// What each criterion contributes to a pair, and what forbids it.
    public func judge(_ coachee: Int, _ coach: Int) -> (points: Points, exclusions: Exclusions) {
        var exclusions = coacheeExclusions[coachee].union(coachExclusions[coach])
        if let more = named[coachee][coach] { exclusions.formUnion(more) }
        var points = Points()
        let most = rules.points
        let wanted = topics.coachees.count(coachee)
        if wanted > 0 {
            points.topics =
                most.topics * topics.coachees.shared(coachee, with: coach, of: topics.coaches) / wanted
        }
        let aims = goals.coachees.count(coachee)
        if aims > 0 {
            points.goals = most.goals * goals.coachees.shared(coachee, with: coach, of: goals.coaches) / aims
        }
        if languages.coachees.count(coachee) > 0, languages.coaches.count(coach) > 0 {
            if let place = languages.coachees.first(coachee, sharedWith: coach, of: languages.coaches) {
                points.language = place == 0 ? most.language : most.language / 2
            } else {
                exclusions.insert(.noCommonLanguage)
            }
        }
        if let hours = coachees[coachee].hours, let theirs = coaches[coach].hours {
            let overlap = hours.overlap(theirs)
            let shorter = min(hours.length, theirs.length)
            if shorter > 0 { points.timeZone = most.timeZone * overlap / shorter }
            if overlap < rules.minimumOverlap { exclusions.insert(.tooLittleOverlap) }
        }
        points.capacity = most.capacity * coaches[coach].free / max(1, coaches[coach].capacity)
        return (points, exclusions)
    }

    /// Where a coachee names a coach, from 1.
    public func wish(of coachee: Int, for coach: Int) -> Int? { wishesOfCoachees[coachee][coach].map { $0 + 1 } }
    public func wish(ofCoach coach: Int, for coachee: Int) -> Int? { wishesOfCoaches[coach][coachee].map { $0 + 1 } }

    /// How a coachee ranks a coach; less is better. Whom somebody names comes before all others, in the order in which
    /// they are named; then the score decides, then the order among equals.
    public func rank(of coach: Int, for coachee: Int) -> UInt64 {
        Pool.rank(wishesOfCoachees[coachee][coach], judge(coachee, coach).points.total, coach)
    }

    /// How a coach ranks a coachee; less is better.
    public func rank(ofCoachee coachee: Int, for coach: Int) -> UInt64 {
        Pool.rank(wishesOfCoaches[coach][coachee], judge(coachee, coach).points.total, coachee)
    }

    /// The coaches that a coachee may have, the best first.
    public func choices(of coachee: Int) -> [UInt16] {
        guard coacheeExclusions[coachee].isEmpty else { return [] }
        let wishes = wishesOfCoachees[coachee]
        var ranks: [UInt64] = []
        ranks.reserveCapacity(coaches.count)
        for coach in coaches.indices where coachExclusions[coach].isEmpty {
            let (points, exclusions) = judge(coachee, coach)
            guard exclusions.isEmpty else { continue }
            ranks.append(Pool.rank(wishes.isEmpty ? nil : wishes[coach], points.total, coach))
        }
        ranks.sort()
        return ranks.map { UInt16(truncatingIfNeeded: $0) }
    }

    /// Wish, score and place among equals in one number: 16 bits each, from the most significant.
    private static func rank(_ wish: Int?, _ score: Int, _ place: Int) -> UInt64 {
        UInt64(wish ?? 0xffff) << 32 | UInt64(0xffff - score) << 16 | UInt64(place)
    }

    private static func index(_ participants: [Participant]) -> [String: Int] {
        Dictionary(uniqueKeysWithValues: zip(participants.map(\.id), participants.indices))
    }

    private static func wishes(_ participant: Participant, _ index: [String: Int]) -> [Int: Int] {
        Dictionary(
            participant.preferences.enumerated().compactMap { place, id in index[id].map { ($0, place) } },
            uniquingKeysWith: min)
    }

    private static func named(
        _ coachees: [Participant], _ coaches: [Participant], _ coacheeIndex: [String: Int],
        _ coachIndex: [String: Int], _ rules: Rules
    ) -> [[Int: Exclusions]] {
        var named = coachees.map { coachee in
            var named: [Int: Exclusions] = [:]
            func exclude(_ ids: [String], _ exclusion: Exclusions) {
                for coach in ids.compactMap({ coachIndex[$0] }) { named[coach, default: []].insert(exclusion) }
            }
            exclude([coachee.id], .samePerson)
            if rules.excludesReportingLine { exclude(coachee.reportingLine, .reportingLine) }
            exclude(coachee.conflicts, .conflict)
            exclude(coachee.partners, .paired)
            exclude(coachee.formerPartners, .pairedBefore)
            return named
        }
        for (coach, participant) in coaches.enumerated() {
            for coachee in participant.conflicts.compactMap({ coacheeIndex[$0] }) {
                named[coachee][coach, default: []].insert(.conflict)
            }
        }
        return named
    }
}

extension Participant {
    fileprivate func exclusions(inactive: Exclusions, full: Exclusions) -> Exclusions {
        var exclusions: Exclusions = []
        if !isActive { exclusions.insert(inactive) }
        if free == 0 { exclusions.insert(full) }
        return exclusions
    }
}
