@testable import Matching

/// Preference lists by name, as the literature writes instances down.
struct Instance {
    let coachees: [(name: String, list: [String])]
    let coaches: [(name: String, places: Int, list: [String])]

    var choices: [[UInt16]] {
        coachees.map { coachee in
            coachee.list.map { name in UInt16(coaches.firstIndex { $0.name == name }!) }
        }
    }

    /// Who is not on a coach's list is not on offer.
    func rank(_ coachee: Int, _ coach: Int) -> UInt64 {
        UInt64(coaches[coach].list.firstIndex(of: coachees[coachee].name)!)
    }

    func solve() -> [String: String] {
        let assigned = DeferredAcceptance.assign(choices: choices, places: coaches.map(\.places), rank: rank)
        return names(assigned)
    }

    func names(_ assigned: [Int?]) -> [String: String] {
        var names: [String: String] = [:]
        for (coachee, coach) in assigned.enumerated() { names[coachees[coachee].name] = coach.map { coaches[$0].name } }
        return names
    }

    /// The same people, who propose from the other side; each coach has one place.
    var mirrored: Instance {
        Instance(coachees: coaches.map { ($0.name, $0.list) }, coaches: coachees.map { ($0.name, 1, $0.list) })
    }

    /// Everything that keeps to the lists and the places: of small instances.
    func assignments() -> [[Int?]] {
        var all: [[Int?]] = [[]]
        for coachee in coachees.indices {
            all = all.flatMap { assigned in
                ([nil] + choices[coachee].map { Int($0) }).compactMap { coach -> [Int?]? in
                    if let coach, assigned.count(where: { $0 == coach }) == coaches[coach].places { return nil }
                    return assigned + [coach]
                }
            }
        }
        return all
    }

    /// The pairs that would rather have each other.
    func blockingPairs(_ assigned: [Int?]) -> [(coachee: Int, coach: Int)] {
        var pairs: [(coachee: Int, coach: Int)] = []
        for coachee in coachees.indices {
            for coach in choices[coachee].map({ Int($0) }) {
                if assigned[coachee] == coach { break }  // the rest is worse
                let held = assigned.indices.filter { assigned[$0] == coach }
                let wants =
                    held.count < coaches[coach].places
                    || held.contains { rank($0, coach) > rank(coachee, coach) }
                if wants { pairs.append((coachee, coach)) }
            }
        }
        return pairs
    }

    var stable: [[Int?]] { assignments().filter { blockingPairs($0).isEmpty } }
}
