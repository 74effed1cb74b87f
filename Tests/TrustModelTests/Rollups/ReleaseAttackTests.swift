import Testing

@testable import TrustModel

/// An organisation that lives: people join, leave, move and are erased, a few at a time, between monthly releases.
private struct LivingOrganization {
    let units: [String]
    let programmes = ["p", "q", "r"]
    var pairs: [Pair] = []
    private var next: UInt64 = 1

    struct Pair {
        var id: UInt64
        var person: UInt64
        var coach: UInt64
        var unit: String
        var programme: Int?
        var isLed: Bool
    }

    init(_ random: inout SplitMix64) {
        var units: [String] = []
        for top in 0..<Int.random(in: 2...4, using: &random) {
            units.append("u\(top)")
            for leaf in 0..<Int.random(in: 0...4, using: &random) { units.append("u\(top)/v\(leaf)") }
        }
        self.units = units
        for _ in 0..<Int.random(in: 20...90, using: &random) { join(&random) }
    }

    mutating func join(_ random: inout SplitMix64) {
        let known = pairs.randomElement(using: &random)
        // Some coachees have several coaches.
        let person = known.flatMap { Int.random(in: 0..<12, using: &random) == 0 ? $0 : nil }
        pairs.append(
            Pair(
                id: next, person: person?.person ?? 10_000 + next, coach: 20_000 + .random(in: 0..<14, using: &random),
                unit: person?.unit ?? units.randomElement(using: &random)!,
                programme: Int.random(in: 0..<8, using: &random) == 0 ? nil : .random(in: 0..<3, using: &random),
                isLed: Int.random(in: 0..<3, using: &random) == 0))
        next += 1
    }

    /// One month of small changes.
    /// - Returns: the people who were erased, and the pairs that were theirs.
    mutating func live(_ random: inout SplitMix64) -> Set<UInt64> {
        for _ in 0..<Int.random(in: 0...4, using: &random) { join(&random) }
        for _ in 0..<Int.random(in: 0...4, using: &random) where !pairs.isEmpty {
            pairs.remove(at: .random(in: pairs.indices, using: &random))
        }
        for _ in 0..<Int.random(in: 0...4, using: &random) {
            guard let mover = pairs.randomElement(using: &random)?.person else { break }
            let unit = units.randomElement(using: &random)!
            for index in pairs.indices where pairs[index].person == mover { pairs[index].unit = unit }
        }
        guard Int.random(in: 0..<3, using: &random) == 0, let chosen = pairs.randomElement(using: &random)
        else { return [] }
        // A coachee, or a coach with all that they are in.
        let isCoach = Int.random(in: 0..<4, using: &random) == 0
        let gone = pairs.filter { isCoach ? $0.coach == chosen.coach : $0.person == chosen.person }
        pairs.removeAll { pair in gone.contains { $0.id == pair.id } }
        return Set(gone.map(\.id)).union(isCoach ? [] : [chosen.person])
    }

    var tree: CohortTree { CohortTree(paths: units.map(CohortTree.path), slices: programmes + ["leaders"]) }

    func members(in tree: CohortTree) -> [CohortMember] {
        pairs.map { pair in
            CohortMember(
                id: pair.id, person: pair.person, coach: pair.coach, unit: tree.unit(CohortTree.path(pair.unit)) ?? 0,
                slices: (pair.programme.map { 1 << UInt32($0) } ?? 0) | (pair.isLed ? 8 : 0))
        }
    }
}

/// Somebody who reads every release, knows who belonged to every cell, and takes everybody's value for constant: sums and
/// differences over units, parents, programmes, leaders and months must give nothing of fewer than 5 people away.
@Suite struct ReleaseAttackTests {
    /// 60 organisations over 8 months each.
    @Test func noSumOrDifferenceOverMonthsTellsOfFewerThanFive() throws {
        var random = seeded()
        var (shown, frozen, derivable, complementary, erasures) = (0, 0, 0, 0, 0)
        for _ in 0..<60 {
            var organization = LivingOrganization(&random)
            let tree = organization.tree
            var history: [Release.Shown] = []
            var erased: Set<UInt64> = []
            for month in 0..<8 {
                if month > 0 { erased.formUnion(organization.live(&random)) }
                let release = try Release(
                    tree: tree, partitions: [[1, 2, 3], [4]], members: organization.members(in: tree),
                    rule: MinimumRule(), history: history, erased: erased)
                let now = release.shown(as: month)
                #expect(now.allSatisfy { Set($0.members.map(\.person)).count >= 5 })
                #expect(now.allSatisfy { isFree(of: erased, $0) })
                for (place, verdict) in release.verdicts.enumerated() {
                    switch verdict {
                    case .shown: shown += 1
                    case .frozen(let base):
                        frozen += 1
                        #expect(base < month)
                        let key = tree.key(tree.cells[place])
                        let repeated = history.first { $0.release == base && $0.key == key }
                        #expect(repeated.map { isFree(of: erased, $0) } == true, "\(key) repeats an erased person")
                    case .suppressed(.derivable): derivable += 1
                    case .suppressed(.complementary): complementary += 1
                    case .suppressed: break
                    }
                }
                history += now
            }
            erasures += erased.count
            let found = attack(history)
            #expect(found == nil, "\(found ?? []) can be worked out")
        }
        print(
            "attack: \(shown) shown, \(frozen) frozen, \(complementary) complementary, \(derivable) derivable, \(erasures) erased"
        )
        #expect(min(shown, frozen, derivable, complementary, erasures) > 0, "each rule must have had work to do")
    }

    /// The attacker is no straw man: without the audit, and without complements, it finds people.
    @Test func theSameAttackFindsPeopleWhereTheRulesAreOff() throws {
        var random = seeded()
        var found = 0
        for _ in 0..<20 {
            var organization = LivingOrganization(&random)
            let tree = organization.tree
            var history: [Release.Shown] = []
            for month in 0..<2 {
                if month > 0 { _ = organization.live(&random) }
                let members = organization.members(in: tree)
                let byCell = tree.members(members)
                for cell in tree.cells {
                    let those = byCell[tree.place(cell)].map { members[$0] }
                    guard MinimumRule().suppression(of: those) == nil else { continue }
                    history.append(.init(key: tree.key(cell), members: those, release: month))
                }
            }
            if attack(history) != nil { found += 1 }
        }
        #expect(found >= 18, "\(found) of 20")
    }

    private func isFree(of erased: Set<UInt64>, _ shown: Release.Shown) -> Bool {
        shown.members.allSatisfy { !erased.contains($0.id) && !erased.contains($0.person) }
    }

    private func attack(_ history: [Release.Shown]) -> [UInt64]? {
        var places: [UInt64: Int] = [:]
        var people: [UInt64] = []
        for member in history.flatMap(\.members) where places[member.id] == nil {
            places[member.id] = people.count
            people.append(member.person)
        }
        let sums = Array(Set(history.map { $0.members.compactMap { places[$0.id] }.sorted() }))
        return Attacker(sums, memberCount: people.count).union(below: 5, people: people)?.map { people[$0] }
    }
}
