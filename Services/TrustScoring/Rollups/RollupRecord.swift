import ServiceKit
import Storage
import TrustModel

/// Of whom one roll-up has shown what: pseudonyms and places alone, kept for the audits of those that follow.
struct RollupRecord: Sendable {
    struct Member: Hashable, Sendable {
        var id: UInt64
        var person: UInt64
        var unit: Int
        var slices: UInt32
        /// Bit n for the cohort of raw value n.
        var cohorts: UInt16

        func isIn(_ cohort: Cohort) -> Bool { cohorts >> UInt16(cohort.rawValue) & 1 == 1 }
    }

    let month: RollupMonth
    let tree: CohortTree
    var members: [Member]
    /// Cells that were shown with numbers of the month.
    var shown: [Cohort: [CohortTree.Cell]]

    init(month: RollupMonth, tree: CohortTree, members: [Member], shown: [Cohort: [CohortTree.Cell]]) {
        self.month = month
        self.tree = tree
        self.members = members
        self.shown = shown
    }

    /// What later releases of a cohort must take into account: the latest months whole, of those before them the last that was
    /// shown of each cell.
    /// - Parameter records: in the order of time.
    static func history(of cohort: Cohort, in records: [RollupRecord]) -> [Release.Shown] {
        var known: Set<Release.CellKey> = []
        var history: [[Release.Shown]] = []
        for (release, record) in records.enumerated().reversed() {
            let isWhole = release >= records.count - (Release.memories.max() ?? 0)
            let cells = (record.shown[cohort] ?? []).filter {
                known.insert(record.tree.key($0)).inserted || isWhole
            }
            history.append(record.members(of: cohort, in: cells, release: release))
        }
        return history.reversed().flatMap(\.self)
    }

    /// Of each record the cells that no later one shows anew: they may be repeated, and what comes is compared with them.
    /// - Parameter records: in the order of time.
    static func lastShown(in records: [RollupRecord]) -> [[Cohort: [CohortTree.Cell]]] {
        var last = records.map { _ in [Cohort: [CohortTree.Cell]]() }
        for cohort in Cohort.allCases {
            var known: Set<Release.CellKey> = []
            for place in records.indices.reversed() {
                let record = records[place]
                last[place][cohort] = (record.shown[cohort] ?? []).filter {
                    known.insert(record.tree.key($0)).inserted
                }
            }
        }
        return last
    }

    /// With these cells alone, and those who are in them.
    func reduced(to cells: [Cohort: [CohortTree.Cell]]) -> RollupRecord {
        let ids = Set(
            cells.flatMap { cohort, cells in
                members(of: cohort, in: cells, release: 0).flatMap { $0.members.map(\.id) }
            })
        return RollupRecord(month: month, tree: tree, members: members.filter { ids.contains($0.id) }, shown: cells)
    }

    private func members(of cohort: Cohort, in cells: [CohortTree.Cell], release: Int) -> [Release.Shown] {
        guard !cells.isEmpty else { return [] }
        let those = members.filter { $0.isIn(cohort) }.map {
            CohortMember(id: $0.id, person: $0.person, coach: nil, unit: $0.unit, slices: $0.slices)
        }
        let byCell = tree.members(those)
        return cells.map { cell in
            Release.Shown(
                key: tree.key(cell), members: byCell[tree.place(cell)].map { those[$0] }, release: release)
        }
    }

    // MARK: Bytes

    /// Version 1: units and slices, members, cells; integers in network byte order.
    var bytes: [UInt8] {
        var writer = Writer()
        writer.put(UInt8(1))
        writer.put(tree.units.map { $0.joined(separator: "/") })
        writer.put(tree.slices)
        writer.put(UInt32(members.count))
        for member in members {
            writer.put(member.id)
            writer.put(member.person)
            writer.put(UInt32(member.unit))
            writer.put(member.slices)
            writer.put(member.cohorts)
        }
        for cohort in Cohort.allCases {
            let cells = shown[cohort] ?? []
            writer.put(UInt32(cells.count))
            for cell in cells {
                writer.put(UInt32(cell.unit))
                writer.put(UInt32(cell.slice))
            }
        }
        return writer.bytes
    }

    /// - Throws: `StorageError` for what no program of this version wrote.
    init(month: RollupMonth, bytes: [UInt8]) throws {
        var reader = Reader(bytes: bytes)
        guard try reader.get(UInt8.self) == 1 else {
            throw StorageError.column("a roll-up's record is of a newer program")
        }
        self.month = month
        let units = try reader.texts()
        tree = CohortTree(paths: units.map(CohortTree.path), slices: try reader.texts())
        members = try (0..<reader.get(UInt32.self)).map { _ in
            Member(
                id: try reader.get(), person: try reader.get(), unit: Int(try reader.get(UInt32.self)),
                slices: try reader.get(), cohorts: try reader.get())
        }
        var shown: [Cohort: [CohortTree.Cell]] = [:]
        for cohort in Cohort.allCases {
            shown[cohort] = try (0..<reader.get(UInt32.self)).map { _ in
                CohortTree.Cell(unit: Int(try reader.get(UInt32.self)), slice: Int(try reader.get(UInt32.self)))
            }
        }
        self.shown = shown
    }
}

private struct Writer {
    var bytes: [UInt8] = []

    mutating func put(_ value: some FixedWidthInteger) {
        withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
    }

    mutating func put(_ texts: [String]) {
        put(UInt32(texts.count))
        for text in texts {
            put(UInt32(text.utf8.count))
            bytes += Array(text.utf8)
        }
    }
}

private struct Reader {
    let bytes: [UInt8]
    var place = 0

    private mutating func take(_ count: Int) throws -> ArraySlice<UInt8> {
        guard count <= bytes.count - place else { throw StorageError.column("a roll-up's record ends too early") }
        defer { place += count }
        return bytes[place..<(place + count)]
    }

    mutating func get<Integer: FixedWidthInteger>(_ type: Integer.Type = Integer.self) throws -> Integer {
        try take(Integer.bitWidth / 8).reduce(0) { $0 << 8 | Integer($1) }
    }

    mutating func texts() throws -> [String] {
        try (0..<get(UInt32.self)).map { _ in String(decoding: try take(Int(get(UInt32.self))), as: UTF8.self) }
    }
}
