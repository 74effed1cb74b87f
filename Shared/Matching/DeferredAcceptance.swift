/// Stable assignment of many to one: coachees propose, coaches keep the best that they have places for (Gale and Shapley
/// 1962, “College admissions and the stability of marriage”).
///
/// No coachee and coach would both rather have each other than what they got, and every coachee gets the best that any
/// stable assignment could give them. With strict ranks there is exactly one such assignment, so the order in which
/// coachees propose does not show.
public enum DeferredAcceptance {
    /// - Parameters:
    ///   - choices: of each coachee, the coaches that they may have, the best first.
    ///   - places: of each coach, 0 or more.
    ///   - rank: of a coachee for a coach; less is better, no two alike.
    /// - Returns: the coach of each coachee, nil for nobody.
    /// - Complexity: each choice is made at most once; each costs one rank and a search among those held.
    public static func assign(
        choices: [[UInt16]], places: [Int], rank: (_ coachee: Int, _ coach: Int) -> UInt64
    ) -> [Int?] {
        var next = Array(repeating: 0, count: choices.count)
        var held = Array(repeating: [(rank: UInt64, coachee: Int)](), count: places.count)
        var assigned = [Int?](repeating: nil, count: choices.count)
        var free = Array(choices.indices.reversed())
        while let coachee = free.popLast() {
            while next[coachee] < choices[coachee].count {
                let coach = Int(choices[coachee][next[coachee]])
                next[coachee] += 1
                guard places[coach] > 0 else { continue }
                let rank = rank(coachee, coach)
                if held[coach].count == places[coach] {
                    guard rank < held[coach][places[coach] - 1].rank else { continue }
                    let rejected = held[coach].removeLast().coachee
                    assigned[rejected] = nil
                    free.append(rejected)
                }
                held[coach].insert((rank, coachee), at: held[coach].partitioningIndex { $0.rank > rank })
                assigned[coachee] = coach
                break
            }
        }
        return assigned
    }
}

extension Array {
    /// The first index of a sorted array behind which everything belongs to the second part.
    fileprivate func partitioningIndex(where belongs: (Element) -> Bool) -> Int {
        var (low, high) = (startIndex, endIndex)
        while low < high {
            let middle = (low + high) / 2
            if belongs(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
