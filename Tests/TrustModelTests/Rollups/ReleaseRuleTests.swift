import Testing

@testable import TrustModel

/// Members of units by their sizes; each coachee has a coach of their own unless one is given.
struct Crowd {
    var members: [CohortMember] = []
    private var next: UInt64 = 1

    mutating func add(
        _ count: Int, to unit: String, in tree: CohortTree, slices: UInt32 = 0, coach: UInt64? = nil
    ) throws {
        let place = try #require(tree.unit(CohortTree.path(unit)))
        for _ in 0..<count {
            members.append(
                CohortMember(id: next, person: next, coach: coach ?? next, unit: place, slices: slices))
            next += 1
        }
    }
}

func tree(_ units: String..., slices: [String] = []) -> CohortTree {
    CohortTree(paths: units.map(CohortTree.path), slices: slices)
}

extension Release {
    /// The verdict on a unit, of all or of a slice.
    func verdict(_ unit: String, _ slice: Int = 0) -> Verdict? {
        tree.unit(CohortTree.path(unit)).map { verdicts[tree.place(CohortTree.Cell(unit: $0, slice: slice))] }
    }

    /// What the next release must take into account.
    func shown(as number: Int) -> [Shown] {
        tree.cells.filter { verdicts[tree.place($0)] == .shown }.map { cell in
            Shown(key: tree.key(cell), members: byCell[tree.place(cell)].map { members[$0] }, release: number)
        }
    }
}

/// P1 to P8 (docs/domain.md §5.2).
@Suite struct ReleaseRuleTests {
    private func member(_ id: UInt64, coach: UInt64, mass: Double = 1) -> CohortMember {
        CohortMember(id: id, person: id, coach: coach, mass: mass, unit: 0)
    }

    // MARK: P1

    @Test func fiveCoacheesThreeCoachesAndNoneWithMoreThanHalf() {
        let rule = MinimumRule()
        func group(_ coaches: [UInt64]) -> [CohortMember] {
            coaches.enumerated().map { member(UInt64($0), coach: $1) }
        }
        #expect(rule.suppression(of: group([])) == .tooFewCoachees)
        #expect(rule.suppression(of: group([1, 2, 3, 4])) == .tooFewCoachees)
        #expect(rule.suppression(of: group([1, 1, 2, 2, 3])) == nil)
        #expect(rule.suppression(of: group([1, 1, 2, 2, 2])) == .tooFewCoaches)
        #expect(rule.suppression(of: group([1, 1, 1, 2, 3])) == .dominantCoach)
        #expect(rule.suppression(of: group([1, 1, 1, 2, 2, 3])) == nil, "exactly half is allowed")
    }

    @Test func massAndNotHeadsDominate() {
        let members = (1...6).map { member(UInt64($0), coach: UInt64($0), mass: $0 == 1 ? 5.5 : 1) }
        #expect(MinimumRule().suppression(of: members) == .dominantCoach)
    }

    @Test func oneCoacheeWithFiveRelationshipsIsOneCoachee() {
        let members = (1...5).map {
            CohortMember(id: UInt64($0), person: 1, coach: UInt64($0), unit: 0)
        }
        #expect(MinimumRule().suppression(of: members) == .tooFewCoachees)
    }

    @Test func mayBeRaisedAndNeverLowered() {
        #expect(MinimumRule(coachees: 1, coaches: 0) == MinimumRule())
        let raised = MinimumRule(coachees: 12, coaches: 4)
        #expect(raised.coachees == 12 && raised.coaches == 4 && raised.themes == 12)
        #expect(MinimumRule().themes == 10)
    }

    // MARK: P2, P3: G-29

    private func g29() throws -> (tree: CohortTree, members: [CohortMember]) {
        let tree = tree(
            "Sales/N", "Sales/S", "Sales/Key", "Eng/A", "Eng/B", "Ops", "Fin", "HR")
        var crowd = Crowd()
        for (unit, size) in [
            ("Sales/N", 8), ("Sales/S", 6), ("Sales/Key", 3), ("Eng/A", 9), ("Eng/B", 7), ("Ops", 4), ("Fin", 5),
            ("HR", 5),
        ] { try crowd.add(size, to: unit, in: tree) }
        return (tree, crowd.members)
    }

    @Test func goldenG29() throws {
        let (tree, members) = try g29()
        let release = try Release(tree: tree, partitions: [], members: members, rule: MinimumRule())
        for unit in ["Sales/Key", "Ops"] { #expect(release.verdict(unit) == .suppressed(.tooFewCoachees)) }
        for unit in ["Sales/S", "Fin"] { #expect(release.verdict(unit) == .suppressed(.complementary)) }
        for unit in ["", "Sales", "Sales/N", "Eng", "Eng/A", "Eng/B", "HR"] {
            #expect(release.verdict(unit) == .shown)
        }
        #expect(release.repairCount == 0 && release.audit.leaks.isEmpty, "audit: none derivable")
    }

    @Test func withoutComplementBothLeak() throws {
        let (tree, members) = try g29()
        let byCell = tree.members(members)
        let shown = tree.cells.map(tree.place).filter { byCell[$0].count >= 5 }
        let audit = try LinearAudit(sums: shown.map { byCell[$0] }, people: members.map(\.person))
        #expect(Set(audit.leaks.map(\.people)).isSuperset(of: [3, 4]))
        #expect(audit.leaks.contains { $0.members.count == 3 } && audit.leaks.contains { $0.members.count == 4 })
    }

    @Test func whoBelongsToAUnitItselfIsAPartOfItToo() throws {
        // Sales has 2 people of its own: Sales less Sales/N and Sales/S would be them.
        let tree = tree("Sales", "Sales/N", "Sales/S")
        var crowd = Crowd()
        try crowd.add(2, to: "Sales", in: tree)
        try crowd.add(7, to: "Sales/N", in: tree)
        try crowd.add(6, to: "Sales/S", in: tree)
        let release = try Release(tree: tree, partitions: [], members: crowd.members, rule: MinimumRule())
        #expect(release.verdict("Sales/S") == .suppressed(.complementary))
        #expect(release.verdict("Sales/N") == .shown && release.verdict("Sales") == .shown)
    }

    @Test func whatHasNoCellHidesWhatIsHiddenBesideIt() throws {
        // Of Sales, 3 are of programme p and 9 of none: the sum less nothing shown gives neither away.
        let tree = tree("Sales", "Eng", slices: ["p"])
        var crowd = Crowd()
        try crowd.add(3, to: "Sales", in: tree, slices: 1)
        try crowd.add(9, to: "Sales", in: tree)
        try crowd.add(8, to: "Eng", in: tree)
        let release = try Release(tree: tree, partitions: [[1]], members: crowd.members, rule: MinimumRule())
        #expect(release.verdict("Sales", 1) == .suppressed(.tooFewCoachees))
        #expect(release.verdict("Sales") == .shown && release.verdict("") == .shown)
    }

    @Test func theParentIsHiddenWhereNoSiblingIsLeft() throws {
        let tree = tree("Sales/N", "Sales/S", "Eng", "Fin")
        var crowd = Crowd()
        try crowd.add(3, to: "Sales/N", in: tree)
        try crowd.add(1, to: "Sales/S", in: tree)
        try crowd.add(8, to: "Eng", in: tree)
        try crowd.add(9, to: "Fin", in: tree)
        let release = try Release(tree: tree, partitions: [], members: crowd.members, rule: MinimumRule())
        #expect(release.verdict("Sales") == .suppressed(.tooFewCoachees))
        #expect(release.verdict("Eng") == .suppressed(.complementary), "the smallest beside Sales")
        #expect(release.verdict("Fin") == .shown && release.verdict("") == .shown)
    }

    /// The sums along both edges of units by programmes give a corner away that no single sum does.
    @Test func theAuditFindsWhatNoSingleSumGivesAway() throws {
        let tree = tree("A", "B", "C", slices: ["p", "q", "r"])
        var crowd = Crowd()
        let sizes = [[3, 9, 9], [9, 3, 9], [9, 9, 9]]
        for (unit, row) in zip(["A", "B", "C"], sizes) {
            for (slice, size) in row.enumerated() {
                try crowd.add(size, to: unit, in: tree, slices: 1 << UInt32(slice))
            }
        }
        let release = try Release(tree: tree, partitions: [[1, 2, 3]], members: crowd.members, rule: MinimumRule())
        #expect(release.verdict("A", 1) == .suppressed(.tooFewCoachees))
        #expect(release.verdict("B", 2) == .suppressed(.tooFewCoachees))
        #expect(release.audit.leaks.isEmpty)
        #expect(release.verdict("") == .shown && release.verdict("A") == .shown)
    }

    @Test func oneOfTwoProgrammesHidesTheOther() throws {
        let tree = tree("A", slices: ["p", "q"])
        var crowd = Crowd()
        try crowd.add(4, to: "A", in: tree, slices: 1)
        try crowd.add(9, to: "A", in: tree, slices: 2)
        let release = try Release(tree: tree, partitions: [[1, 2]], members: crowd.members, rule: MinimumRule())
        #expect(release.verdict("A", 1) == .suppressed(.tooFewCoachees))
        #expect(release.verdict("A", 2) == .suppressed(.complementary))
        #expect(release.verdict("A") == .shown)
    }

    @Test func whatCannotBeAuditedIsRefused() throws {
        let (_, members) = try g29()
        #expect(throws: LinearAudit.Failure.tooLarge) {
            try LinearAudit(
                sums: [Array(8..<20), Array(members.indices), Array(4..<30)], people: members.map(\.person),
                maximumWork: 1)
        }
        // 41 single people, each connected with the last one.
        let singles = (0..<40).map { [$0, 40] }
        #expect(throws: LinearAudit.Failure.tooLarge) {
            try LinearAudit(sums: singles, people: (0...40).map { UInt64($0) }, maximumSteps: 100)
        }
    }

    // MARK: P4, P7

    private func month(
        _ sizes: [(String, Int)], dropping dropped: Set<UInt64> = [], in tree: CohortTree,
        after history: [Release.Shown],
        erased: Set<UInt64> = []
    ) throws -> Release {
        var crowd = Crowd()
        for (unit, size) in sizes { try crowd.add(size, to: unit, in: tree) }
        return try Release(
            tree: tree, partitions: [], members: crowd.members.filter { !dropped.contains($0.person) },
            rule: MinimumRule(), history: history, erased: erased)
    }

    @Test func aChangeByOneToFourPeopleKeepsTheCellAsItWas() throws {
        let tree = tree("A")
        let first = try month([("A", 20)], in: tree, after: [])
        for change in 1...4 {
            let next = try month([("A", 20 + change)], in: tree, after: first.shown(as: 0))
            #expect(next.verdict("A") == .frozen(0) && next.verdict("") == .frozen(0))
        }
        let unchanged = try month([("A", 20)], in: tree, after: first.shown(as: 0))
        #expect(unchanged.verdict("A") == .shown)
        let five = try month([("A", 25)], in: tree, after: first.shown(as: 0))
        #expect(five.verdict("A") == .shown)
    }

    /// The value of before is compared with, not the people of last month: two and two and two are six.
    @Test func smallChangesAddUp() throws {
        let tree = tree("A")
        let first = try month([("A", 20)], in: tree, after: [])
        let second = try month([("A", 23)], in: tree, after: first.shown(as: 0))
        #expect(second.verdict("A") == .frozen(0))
        let history = first.shown(as: 0) + second.shown(as: 1)
        let third = try month([("A", 26)], in: tree, after: history)
        #expect(third.verdict("A") == .shown)
    }

    /// A grows by two and stays as it was, B grows by five: the sum of both, less B, less A of before, would be the two.
    @Test func theAuditRunsOverEarlierReleasesToo() throws {
        let tree = tree("A", "B")
        let first = try month([("A", 10), ("B", 10)], in: tree, after: [])
        var crowd = Crowd()
        try crowd.add(10, to: "A", in: tree)
        try crowd.add(10, to: "B", in: tree)
        try crowd.add(2, to: "A", in: tree)
        try crowd.add(5, to: "B", in: tree)
        let next = try Release(
            tree: tree, partitions: [], members: crowd.members, rule: MinimumRule(), history: first.shown(as: 0))
        #expect(next.verdict("B") == .suppressed(.derivable))
        #expect(next.verdict("A") == .suppressed(.complementary), "or the sum would give B away")
        #expect(next.verdict("") == .shown)
    }

    @Test func whoIsErasedIsInNoLaterNumber() throws {
        let tree = tree("A", "B")
        let first = try month([("A", 12), ("B", 12)], in: tree, after: [])
        let kept = try month([("A", 12), ("B", 12)], dropping: [1], in: tree, after: first.shown(as: 0))
        #expect(kept.verdict("A") == .frozen(0), "a person who left may stay in a number that is repeated")
        let erased = try month(
            [("A", 12), ("B", 12)], dropping: [1], in: tree, after: first.shown(as: 0), erased: [1])
        #expect(erased.verdict("A") == .suppressed(.derivable), "nor may the difference tell of the person")
        #expect(erased.verdict("") == .suppressed(.derivable))
        #expect(erased.audit.leaks.isEmpty)
    }

    // MARK: P5, P6, P8

    @Test func everyCellOfTheTreeIsThereAndNoOther() throws {
        let tree = tree("Sales/North", "Fin", slices: ["p"])
        #expect(tree.units == [[], ["Fin"], ["Sales"], ["Sales", "North"]])
        let release = try Release(tree: tree, partitions: [[1]], members: [], rule: MinimumRule())
        #expect(release.verdicts.count == 8)
        #expect(release.verdicts.allSatisfy { $0 == .suppressed(.tooFewCoachees) }, "never 0, never absent")
    }

    @Test func pathsAreReadAsWritten() {
        #expect(CohortTree.path(" Sales / North//") == ["Sales", "North"])
        #expect(CohortTree.path("") == [])
        #expect(CohortTree.path("a/b/c/d/e/f/g/h/i").count == CohortTree.maximumDepth)
    }

    @Test func numbersAreRoundedAndBinsAreWide() {
        #expect(Rounding.level(0.77105) == 0.77 && Rounding.percent(0.664) == 66)
        let interval = Rounding.level(Interval(lower: 0.6534, upper: 0.8701))
        #expect(near(interval.lower, 0.65) && near(interval.upper, 0.88), "outwards")
        #expect(Rounding.percents([6, 0, 14], minimum: 5) == [30, 0, 70])
        #expect(Rounding.percents([6, 4, 10], minimum: 5) == nil)
        #expect(Rounding.percents([0, 0], minimum: 5) == nil)
    }
}
