/// P2: what is hidden must not be what is left when its neighbours are taken from their sum (docs/domain.md §5.2).
///
/// A sum is a unit over the units below it, and a unit over the values of the dimension; people who belong to a unit
/// itself, or to no value, are a part of it that has no cell of its own.
struct ComplementarySuppression {
    /// A published cell and what it is the sum of.
    struct Sum {
        var whole: Int
        var parts: [Int]
        /// Members of the whole that are in none of the parts.
        var rest: [Int]
    }

    let members: [CohortMember]
    let byCell: [[Int]]
    let sums: [Sum]
    let rule: MinimumRule
    private let sizes: [Int]
    /// Of each sum, whether its rest must not be told.
    private let restIsSecret: [Bool]

    /// - Parameter partitions: slices that no member is in two of.
    init(_ tree: CohortTree, partitions: [[Int]], members: [CohortMember], byCell: [[Int]], rule: MinimumRule) {
        self.members = members
        self.byCell = byCell
        self.rule = rule
        sizes = byCell.map { cell in Set(cell.map { members[$0].person }).count }
        var sums: [Sum] = []
        func add(_ whole: CohortTree.Cell, _ parts: [CohortTree.Cell]) {
            let whole = tree.place(whole)
            let parts = parts.map(tree.place).filter { !byCell[$0].isEmpty }
            guard !byCell[whole].isEmpty, !parts.isEmpty else { return }
            let covered = Set(parts.flatMap { byCell[$0] })
            sums.append(Sum(whole: whole, parts: parts, rest: byCell[whole].filter { !covered.contains($0) }))
        }
        for unit in tree.units.indices {
            for slice in 0...tree.slices.count where !tree.children[unit].isEmpty {
                add(.init(unit: unit, slice: slice), tree.children[unit].map { .init(unit: $0, slice: slice) })
            }
            for partition in partitions where !partition.isEmpty {
                add(.init(unit: unit, slice: 0), partition.map { .init(unit: unit, slice: $0) })
            }
        }
        self.sums = sums
        restIsSecret = sums.map { sum in
            !sum.rest.isEmpty && rule.suppression(of: sum.rest.map { members[$0] }) != nil
        }
    }

    /// Coachees of a cell.
    func size(_ cell: Int) -> Int { sizes[cell] }

    /// Whether all of them together have fewer coachees than the minimum.
    private func isSmall(_ parts: [[Int]]) -> Bool {
        var people: Set<UInt64> = []
        for part in parts {
            for member in part {
                people.insert(members[member].person)
                if people.count >= rule.coachees { return false }
            }
        }
        return true
    }

    /// Hides more until no sum gives a hidden part away.
    /// - Parameter reasons: of each cell, why it is hidden; nil for one that is shown.
    func apply(to reasons: inout [Suppression?]) {
        var changed = true
        while changed {
            changed = false
            for (number, sum) in sums.enumerated() where reasons[sum.whole] == nil {
                let hidden = sum.parts.filter { reasons[$0] != nil }
                // Nobody shows the rest, so it hides what is hidden beside it.
                let parts = hidden.map { byCell[$0] } + (sum.rest.isEmpty ? [] : [sum.rest])
                let isGivenAway = parts.count == 1 ? !hidden.isEmpty || restIsSecret[number] : isSmall(parts)
                guard !parts.isEmpty, isGivenAway else { continue }
                let shown = sum.parts.filter { reasons[$0] == nil }
                // Ties by place, which is the order of units.
                let smallest = shown.min { (sizes[$0], $0) < (sizes[$1], $1) }
                reasons[smallest ?? sum.whole] = .complementary
                changed = true
            }
        }
    }
}
