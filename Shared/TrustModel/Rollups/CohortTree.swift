/// What may be asked about an organisation: its units, each with all below it, and one dimension across them
/// (docs/domain.md §5.2 P5). There is no other question.
public struct CohortTree: Hashable, Sendable {
    /// Levels of a path; what lies deeper counts to the last one.
    public static let maximumDepth = 8
    /// Values of the dimension.
    public static let maximumSlices = 31

    /// A group: a unit, and a slice of it.
    public struct Cell: Hashable, Comparable, Sendable {
        /// Place in `units`.
        public var unit: Int
        /// 0 for all; otherwise a place in `slices`, from 1.
        public var slice: Int

        public init(unit: Int, slice: Int) {
            self.unit = unit
            self.slice = slice
        }

        public static func < (left: Cell, right: Cell) -> Bool {
            (left.unit, left.slice) < (right.unit, right.slice)
        }
    }

    /// Paths in ascending order with every unit above them; the first is the organisation, with an empty path.
    public let units: [[String]]
    /// The values of the dimension, for example programmes.
    public let slices: [String]
    /// Of each unit, the one above; of the first itself.
    let parents: [Int]
    let children: [[Int]]
    private let places: [[String]: Int]

    /// - Parameters:
    ///   - paths: of all units that people belong to, as `path(_:)` gives them.
    ///   - slices: at most 31.
    public init(paths: some Sequence<[String]>, slices: [String]) {
        precondition(slices.count <= Self.maximumSlices, "a dimension has at most 31 values")
        var all: Set<[String]> = [[]]
        for path in paths {
            var path = path
            while all.insert(path).inserted { path.removeLast() }
        }
        let units = all.sorted { $0.lexicographicallyPrecedes($1) }
        let places = Dictionary(uniqueKeysWithValues: units.enumerated().map { ($1, $0) })
        self.units = units
        self.slices = slices
        self.places = places
        parents = units.map { places[Array($0.dropLast())] ?? 0 }
        var children = [[Int]](repeating: [], count: units.count)
        for unit in units.indices.dropFirst() { children[parents[unit]].append(unit) }
        self.children = children
    }

    /// The levels of a unit as it is written, for example Sales/North: without blanks around them and empty ones.
    public static func path(_ unit: String) -> [String] {
        let levels = unit.split(separator: "/").map(trimmed).filter { !$0.isEmpty }
        return levels.prefix(maximumDepth).map(String.init)
    }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text
        while text.first?.isWhitespace == true { text.removeFirst() }
        while text.last?.isWhitespace == true { text.removeLast() }
        return text
    }

    public func unit(_ path: [String]) -> Int? { places[path] }

    public var cellCount: Int { units.count * (slices.count + 1) }

    /// All cells, in ascending order.
    public var cells: [Cell] {
        units.indices.flatMap { unit in (0...slices.count).map { Cell(unit: unit, slice: $0) } }
    }

    public func place(_ cell: Cell) -> Int { cell.unit * (slices.count + 1) + cell.slice }

    /// The cells that a member of a unit and of some slices is in: of the unit, and of all above it.
    func cells(unit: Int, slices mask: UInt32) -> [Cell] {
        var cells: [Cell] = []
        var unit = unit
        while true {
            cells.append(Cell(unit: unit, slice: 0))
            var rest = mask
            while rest != 0 {
                cells.append(Cell(unit: unit, slice: rest.trailingZeroBitCount + 1))
                rest &= rest - 1
            }
            if unit == 0 { return cells }
            unit = parents[unit]
        }
    }

    /// The members of each cell, by `place`.
    public func members(_ members: [CohortMember]) -> [[Int]] {
        var byCell = [[Int]](repeating: [], count: cellCount)
        for (index, member) in members.enumerated() {
            for cell in cells(unit: member.unit, slices: member.slices) { byCell[place(cell)].append(index) }
        }
        return byCell
    }
}

/// One relationship in a roll-up, or one person where people are counted. Ids are pseudonyms: nothing here names anybody.
public struct CohortMember: Hashable, Sendable {
    public var id: UInt64
    /// Whom it protects: the coachee.
    public var person: UInt64
    /// Nil where no coach has a part in what is counted.
    public var coach: UInt64?
    /// What it weighs in the group, for the rule that no coach may dominate.
    public var mass: Double
    /// Place in the tree's `units`.
    public var unit: Int
    /// Bit n is set in the slice n + 1.
    public var slices: UInt32

    public init(id: UInt64, person: UInt64, coach: UInt64?, mass: Double = 1, unit: Int, slices: UInt32 = 0) {
        self.id = id
        self.person = person
        self.coach = coach
        self.mass = mass
        self.unit = unit
        self.slices = slices
    }
}
