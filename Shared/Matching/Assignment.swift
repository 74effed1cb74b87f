/// What a run comes to: each coachee of the pool is matched, waits or is left out, exactly one of them.
public struct Assignment: Sendable {
    public struct Match: Hashable, Sendable {
        public var coachee: Int
        public var coach: Int
    }

    public struct Waiting: Hashable, Sendable {
        public enum Reason: Sendable {
            /// No active coach has a free place.
            case noFreeCoach
            /// Exclusions rule out every coach that has one.
            case allExcluded
            /// The places went to coachees whom the coaches would rather have.
            case placesTaken
        }

        public var coachee: Int
        public var reason: Reason
    }

    /// The coach of each coachee of the pool.
    public let coaches: [Int?]
    /// In the order of coachees.
    public let matches: [Match]
    /// Whoever enrolled first comes first.
    public let waiting: [Waiting]
    /// Inactive, or with all that they want.
    public let leftOut: [Int]
    /// Of each coach, how many were matched.
    public let taken: [Int]
}

extension Pool {
    /// - Parameter choices: `choices(of:)` of each coachee; 2 bytes for each pair that may be, which is nearly all the
    ///   memory that a run needs.
    public func assign(_ choices: [[UInt16]]) -> Assignment {
        let places = coaches.map { $0.isActive ? $0.free : 0 }
        let assigned = DeferredAcceptance.assign(choices: choices, places: places) { rank(ofCoachee: $0, for: $1) }
        var matches: [Assignment.Match] = []
        var waiting: [Assignment.Waiting] = []
        var leftOut: [Int] = []
        var taken = Array(repeating: 0, count: coaches.count)
        let isNobodyFree = places.allSatisfy { $0 == 0 }
        for (coachee, coach) in assigned.enumerated() {
            if let coach {
                matches.append(Assignment.Match(coachee: coachee, coach: coach))
                taken[coach] += 1
            } else if !coachees[coachee].isActive || coachees[coachee].free == 0 {
                leftOut.append(coachee)
            } else {
                let reason: Assignment.Waiting.Reason =
                    isNobodyFree ? .noFreeCoach : choices[coachee].isEmpty ? .allExcluded : .placesTaken
                waiting.append(Assignment.Waiting(coachee: coachee, reason: reason))
            }
        }
        return Assignment(
            coaches: assigned, matches: matches, waiting: waiting, leftOut: leftOut, taken: taken)
    }

    public func assign() -> Assignment {
        assign(coachees.indices.map(choices))
    }

    /// How many coaches each exclusion rules out for a coachee.
    public func exclusions(of coachee: Int) -> [(exclusion: Exclusions, count: Int)] {
        var counts: [Exclusions: Int] = [:]
        for coach in coaches.indices {
            for exclusion in judge(coachee, coach).exclusions.each { counts[exclusion, default: 0] += 1 }
        }
        return counts.map { ($0.key, $0.value) }.sorted { $0.0.rawValue < $1.0.rawValue }
    }
}
