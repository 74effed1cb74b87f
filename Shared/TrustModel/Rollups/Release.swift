/// What one month's release may show of one set of people: rules P1 to P4 and P7 together (docs/domain.md §5.2).
///
/// P1 hides small groups, P2 their complements, P4 keeps what has hardly changed as it was; then the audit P3 runs over all
/// that was shown in the remembered releases, the last that was shown of each cell, and what would be shown now. Where it
/// finds a union of fewer than 5 people, the smallest new cell that gives it away is hidden, and everything runs again; each
/// round hides more, so it ends. What has not passed the audit is never a result.
public struct Release: Sendable {
    public enum Verdict: Hashable, Sendable {
        /// With the numbers of this month.
        case shown
        /// With the numbers of an earlier release, by its place in the history.
        case frozen(Int)
        case suppressed(Suppression)
    }

    /// What an earlier release showed.
    public struct Shown: Hashable, Sendable {
        /// Which cell, whatever its place in the tree was.
        public var key: CellKey
        /// Members at that time.
        public var members: [CohortMember]
        /// Which release.
        public var release: Int

        public init(key: CellKey, members: [CohortMember], release: Int) {
            self.key = key
            self.members = members
            self.release = release
        }
    }

    /// A cell by its words: trees change from month to month.
    public struct CellKey: Hashable, Sendable {
        public var unit: [String]
        /// Nil for all.
        public var slice: String?

        public init(unit: [String], slice: String?) {
            self.unit = unit
            self.slice = slice
        }
    }

    /// Releases that an audit remembers whole: as many as the limits of its work allow, and these at least.
    public static let memories = [12, 6, 3]

    public let tree: CohortTree
    public let members: [CohortMember]
    /// How many earlier releases the audit remembered whole.
    public let memory: Int
    /// The members of each cell.
    public let byCell: [[Int]]
    /// Of each cell.
    public let verdicts: [Verdict]
    /// The last one, which has passed.
    public let audit: LinearAudit
    /// Whose equation each of the audit's is: a cell and a release; nil is this one.
    public let equations: [(key: CellKey, release: Int?)]
    /// Cells that were hidden because of the audit.
    public let repairCount: Int

    /// - Parameters:
    ///   - partitions: places of slices, from 1, that no member is in two of: one for each dimension.
    ///   - history: what was shown in earlier releases, in the order of time.
    ///   - erased: people, and members, whose data must not be shown again, not even in a number of before (P7).
    /// - Throws: where the audit would cost too much even with the shortest memory: then nothing may be released.
    public init(
        tree: CohortTree, partitions: [[Int]], members: [CohortMember], rule: MinimumRule, history: [Shown] = [],
        erased: Set<UInt64> = []
    ) throws(LinearAudit.Failure) {
        for memory in Self.memories.dropLast() {
            if let release = try? Release(
                tree: tree, partitions: partitions, members: members, rule: rule, history: history, memory: memory,
                erased: erased)
            {
                self = release
                return
            }
        }
        try self.init(
            tree: tree, partitions: partitions, members: members, rule: rule, history: history,
            memory: Self.memories.last ?? 1, erased: erased)
    }

    private init(
        tree: CohortTree, partitions: [[Int]], members: [CohortMember], rule: MinimumRule, history: [Shown],
        memory: Int,
        erased: Set<UInt64>
    ) throws(LinearAudit.Failure) {
        self.memory = memory
        self.tree = tree
        self.members = members
        let byCell = tree.members(members)
        self.byCell = byCell
        let keys = tree.cells.map { tree.key($0) }
        let past = ReleaseHistory(history, memory: memory, members: members)

        var reasons = byCell.map { cell in rule.suppression(of: cell.map { members[$0] }) }
        let complements = ComplementarySuppression(
            tree, partitions: partitions, members: members, byCell: byCell, rule: rule)
        var repairs = 0
        while true {
            complements.apply(to: &reasons)
            let verdicts = reasons.indices.map { cell in
                reasons[cell].map { .suppressed($0) }
                    ?? past.verdict(on: keys[cell], of: byCell[cell], members, erased)
            }
            var equations = past.equations
            var sums = past.sums
            var cells = [Int?](repeating: nil, count: sums.count)
            for cell in verdicts.indices where verdicts[cell] == .shown {
                let sum = byCell[cell].map { past.index(of: members[$0].id) }.sorted()
                guard !past.isKnown(sum) else { continue }
                equations.append((keys[cell], nil))
                sums.append(sum)
                cells.append(cell)
            }
            let audit = try LinearAudit(sums: sums, earlierCount: past.sums.count, people: past.people)
            let hidden = Self.cellsToHide(audit.leaks, cells, size: complements.size)
            if hidden.isEmpty {
                self.verdicts = verdicts
                self.audit = audit
                self.equations = equations
                repairCount = repairs
                return
            }
            for cell in hidden { reasons[cell] = .derivable }
            repairs += hidden.count
        }
    }

    /// For each union that could be worked out, the smallest of this release's cells that it is worked out from; ties by
    /// place. What earlier releases alone tell cannot be taken back.
    private static func cellsToHide(
        _ leaks: [LinearAudit.Leak], _ cells: [Int?], size: (Int) -> Int
    ) -> Set<Int> {
        var hidden: Set<Int> = []
        for leak in leaks {
            let own = leak.equations.compactMap { cells[$0] }
            guard hidden.isDisjoint(with: own), let smallest = own.min(by: { (size($0), $0) < (size($1), $1) })
            else { continue }
            hidden.insert(smallest)
        }
        return hidden
    }
}

extension CohortTree {
    public func key(_ cell: Cell) -> Release.CellKey {
        Release.CellKey(unit: units[cell.unit], slice: cell.slice == 0 ? nil : slices[cell.slice - 1])
    }
}
