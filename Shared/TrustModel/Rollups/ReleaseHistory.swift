/// What earlier releases showed of one set of people, beside those who are in it now.
struct ReleaseHistory {
    /// P4: a cell that has changed by fewer people, but by one at least, stays as it was (docs/domain.md §5.2).
    static let smallestChange = 5

    /// Of each member, past and present, whom it protects.
    let people: [UInt64]
    /// What was shown, each set once.
    let equations: [(key: Release.CellKey, release: Int?)]
    let sums: [[Int]]
    private let known: Set<[Int]>
    private let places: [UInt64: Int]
    /// The last that was shown of each cell.
    private let bases: [Release.CellKey: Release.Shown]

    /// - Parameter memory: how many releases are taken in whole; of those before them the last that was shown of each cell.
    init(_ all: [Release.Shown], memory: Int, members: [CohortMember]) {
        let bases = Dictionary(all.map { ($0.key, $0) }) { $0.release > $1.release ? $0 : $1 }
        self.bases = bases
        let newest = all.map(\.release).max() ?? 0
        let history = all.filter { $0.release > newest - memory || bases[$0.key]?.release == $0.release }
        var places: [UInt64: Int] = [:]
        var people: [UInt64] = []
        for member in history.lazy.flatMap(\.members) where places[member.id] == nil {
            places[member.id] = people.count
            people.append(member.person)
        }
        for member in members where places[member.id] == nil {
            places[member.id] = people.count
            people.append(member.person)
        }
        var equations: [(key: Release.CellKey, release: Int?)] = []
        var sums: [[Int]] = []
        var known: Set<[Int]> = []
        for shown in history {
            let sum = shown.members.compactMap { places[$0.id] }.sorted()
            guard known.insert(sum).inserted else { continue }
            equations.append((shown.key, shown.release))
            sums.append(sum)
        }
        self.people = people
        self.places = places
        self.equations = equations
        self.sums = sums
        self.known = known
    }

    /// Of a member of now.
    func index(of id: UInt64) -> Int {
        guard let place = places[id] else { preconditionFailure("every member has a place") }
        return place
    }

    func isKnown(_ sum: [Int]) -> Bool { known.contains(sum) }

    /// P4, and P7: what holds an erased person's data is never repeated.
    func verdict(
        on key: Release.CellKey, of cell: [Int], _ members: [CohortMember], _ erased: Set<UInt64>
    ) -> Release.Verdict {
        guard let base = bases[key] else { return .shown }
        let now = Dictionary(cell.map { (members[$0].id, members[$0].person) }) { first, _ in first }
        let before = Dictionary(base.members.map { ($0.id, $0.person) }) { first, _ in first }
        guard Self.isSmallChange(from: before, to: now), erased.isDisjoint(with: before.keys),
            erased.isDisjoint(with: before.values)
        else { return .shown }
        return .frozen(base.release)
    }

    /// Whether fewer than 5 people, and one at least, have come or gone.
    /// - Parameter before: of each member whom it protects, and so is `now`.
    static func isSmallChange(from before: [UInt64: UInt64], to now: [UInt64: UInt64]) -> Bool {
        var changed: Set<UInt64> = []
        for (id, person) in now where before[id] == nil { changed.insert(person) }
        for (id, person) in before where now[id] == nil { changed.insert(person) }
        return (1..<smallestChange).contains(changed.count)
    }
}
