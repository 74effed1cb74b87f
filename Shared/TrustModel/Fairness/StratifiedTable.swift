/// What explains a difference: both groups within like circumstances, with no cell of fewer than 5 people
/// (docs/domain.md §4.4 b, §5.2 P6).
public struct StratifiedTable: Sendable {
    /// People of a group that a row tells of, at least.
    public static let minimumCell = 5

    public struct Row: Hashable, Sendable {
        /// The strata that it joins, ascending.
        public let strata: [Int]
        public let counts: [Int]
        public let means: [Double]
    }

    /// The largest first; empty where even all strata together have a cell that is too small.
    public let rows: [Row]

    /// Strata that are too small are joined to one row, and as long as that one is too small, with the smallest of the others:
    /// whatever is not shown has no remainder that would tell it.
    public init(_ units: [GroupComparison.Unit]) {
        var strata = Dictionary(grouping: units, by: \.stratum).map { Cell(strata: [$0.key], units: $0.value) }
            .sorted { ($0.units.count, $1.strata[0]) > ($1.units.count, $0.strata[0]) }
        let small = strata.filter { !$0.isLarge }
        strata.removeAll { !$0.isLarge }
        if var joined = small.first {
            for cell in small.dropFirst() { joined.join(cell) }
            while !joined.isLarge, let next = strata.popLast() { joined.join(next) }
            strata.append(joined)
        }
        rows = strata.allSatisfy(\.isLarge) ? strata.map(\.row) : []
    }

    private struct Cell {
        var strata: [Int]
        var units: [GroupComparison.Unit]

        var isLarge: Bool {
            let first = units.count { $0.group == 0 }
            return min(first, units.count - first) >= StratifiedTable.minimumCell
        }

        mutating func join(_ other: Cell) {
            strata += other.strata
            units += other.units
        }

        var row: Row {
            let groups = [units.filter { $0.group == 0 }, units.filter { $0.group != 0 }]
            return Row(
                strata: strata.sorted(), counts: groups.map(\.count),
                means: groups.map { group in
                    group.isEmpty ? 0 : group.map(\.value).reduce(0, +) / Double(group.count)
                })
        }
    }
}
