/// What was shown, as equations: each says what the sum over its members is (docs/domain.md §5.2 P3).
///
/// Members that no equation tells apart are one unknown, a group. The question is about small groups alone, so large ones are
/// eliminated first, in exact fractions, and what is left over says all that is known of the small ones by themselves; that
/// part is brought into reduced row echelon form. From month to month the large groups stay, so what is left is short.
struct EquationSystem {
    enum Failure: Error {
        /// More arithmetic than the limit allows, or fractions that do not fit.
        case tooLarge
    }

    /// Entries of rows that an elimination may touch: some seconds.
    static let maximumWork = 40_000_000
    /// Larger ones do not come of sums of groups.
    static let maximumDenominator = 1 << 32

    /// The groups of each equation, ascending.
    let equations: [[Int]]
    /// The members of each group.
    let groups: [[Int]]
    /// Independent equations.
    let rank: Int
    /// Of each small group its coordinates in the space that the equations leave open, ascending: a sum of small groups is
    /// determined exactly where their coordinates add up to 0. Of large groups nothing.
    let coordinates: [[(axis: Int, value: Rational)]]
    /// Of the small groups that lead an equation of the reduced form: the given equations that it was made of.
    private let origins: [Int: [Int: Rational]]
    private let earlierCount: Int

    /// - Parameters:
    ///   - sums: the members that each equation sums up, by index.
    ///   - earlierCount: how many of them, from the first, are eliminated first: what they determine is derived of them alone.
    ///   - memberCount: how many there are.
    ///   - isSmall: whether a group of these members may be part of a union that is asked about.
    init(
        sums: [[Int]], earlierCount: Int = 0, memberCount: Int, maximumWork: Int = Self.maximumWork,
        isSmall: ([Int]) -> Bool
    ) throws(Failure) {
        let (groups, equations) = Self.partition(sums, memberCount)
        self.groups = groups
        self.equations = equations
        let small = groups.map(isSmall)
        var elimination = Elimination(isSmall: small, maximumWork: maximumWork)
        do {
            for part in [equations.indices.prefix(earlierCount), equations.indices.dropFirst(earlierCount)] {
                for equation in part.sorted(by: { (equations[$0].count, $0) < (equations[$1].count, $1) }) {
                    try elimination.add(equations[equation], number: equation)
                }
            }
        } catch {
            throw .tooLarge
        }
        rank = elimination.rank
        var origins: [Int: [Int: Rational]] = [:]
        coordinates = groups.indices.map { group in
            guard small[group] else { return [] }
            guard let row = elimination.smallRow(of: group) else { return [(group, -Rational.one)] }
            origins[group] = row.origin
            return row.entries.filter { $0.key != group }.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        }
        self.origins = origins
        self.earlierCount = earlierCount
        let denominators = coordinates.joined().map(\.value.denominator)
        guard denominators.allSatisfy({ $0 <= Self.maximumDenominator }) else { throw .tooLarge }
    }

    /// Whether a small group leads an equation that was made of one behind the earlier ones. A sum that is determined is that
    /// of the equations whose leaders it holds: without such a group it follows from the earlier ones alone.
    func leadsToNew(_ group: Int) -> Bool { origins[group]?.keys.contains { $0 >= earlierCount } ?? false }

    /// Whether the equations determine the sum over these small groups.
    func determines(_ union: [Int]) throws(Failure) -> Bool {
        var sum: [Int: Rational] = [:]
        do {
            for group in union {
                for (axis, value) in coordinates[group] { sum[axis] = try (sum[axis] ?? .zero).adding(value) }
            }
        } catch {
            throw .tooLarge
        }
        return sum.values.allSatisfy(\.isZero)
    }

    /// The equations that determine the sum over these small groups.
    func derivation(of union: [Int]) throws(Failure) -> [Int] {
        var sum: [Int: Rational] = [:]
        do {
            for group in union {
                for (equation, factor) in origins[group] ?? [:] {
                    sum[equation] = try (sum[equation] ?? .zero).adding(factor)
                }
            }
        } catch {
            throw .tooLarge
        }
        return sum.filter { !$0.value.isZero }.keys.sorted()
    }

    /// Each equation splits the classes that it cuts through. What is in no equation is no group.
    private static func partition(_ sums: [[Int]], _ memberCount: Int) -> (groups: [[Int]], equations: [[Int]]) {
        var classes = [Int](repeating: 0, count: memberCount)
        var next = 1
        for sum in sums {
            var parts: [Int: Int] = [:]
            for member in sum {
                if let part = parts[classes[member]] {
                    classes[member] = part
                } else {
                    parts[classes[member]] = next
                    classes[member] = next
                    next += 1
                }
            }
        }
        var places: [Int: Int] = [:]
        var groups: [[Int]] = []
        for member in 0..<memberCount where classes[member] != 0 {
            if let place = places[classes[member]] {
                groups[place].append(member)
            } else {
                places[classes[member]] = groups.count
                groups.append([member])
            }
        }
        return (groups, sums.map { sum in Set(sum.compactMap { places[classes[$0]] }).sorted() })
    }
}

/// Gauss' elimination on sparse rows of exact fractions.
///
/// A row with a large group is led by one, and serves to take that out of rows that come later. A row of small groups alone is
/// led by one of them, which then stands in no other such row (Gauss–Jordan).
private struct Elimination {
    struct Row {
        var entries: [Int: Rational]
        /// The given equations that this one is the weighted sum of.
        var origin: [Int: Rational]
    }

    private let isSmall: [Bool]
    private var large: [Row] = []
    private var small: [Row] = []
    /// Of each large row what leads it.
    private var pivots: [Int] = []
    /// Of each leading group its row.
    private var rowOfPivot: [Int: Int] = [:]
    /// The small rows in which a small group stands without leading.
    private var rowsOfColumn: [Set<Int>]
    private var work: Int

    init(isSmall: [Bool], maximumWork: Int) {
        self.isSmall = isSmall
        rowsOfColumn = Array(repeating: [], count: isSmall.count)
        work = maximumWork
    }

    var rank: Int { large.count + small.count }

    func smallRow(of pivot: Int) -> Row? { rowOfPivot[pivot].map { small[$0] } }

    mutating func add(_ groups: [Int], number: Int) throws {
        var row = Row(
            entries: Dictionary(uniqueKeysWithValues: groups.map { ($0, Rational.one) }), origin: [number: .one])
        // A large row may hold what leads a later one, never what leads an earlier one: in their order this ends.
        var waiting = Set(groups.filter { !isSmall[$0] }.compactMap { rowOfPivot[$0] })
        while let next = waiting.min() {
            waiting.remove(next)
            guard let factor = row.entries[pivots[next]] else { continue }
            try Self.subtract(large[next], times: factor, from: &row, &work)
            for group in large[next].entries.keys where !isSmall[group] && row.entries[group] != nil {
                if let later = rowOfPivot[group] { waiting.insert(later) }
            }
        }
        if let pivot = row.entries.keys.filter({ !isSmall[$0] }).min() {
            try Self.normalize(&row, by: pivot)
            rowOfPivot[pivot] = large.count
            pivots.append(pivot)
            large.append(row)
        } else {
            try addSmall(row)
        }
    }

    private mutating func addSmall(_ reduced: Row) throws {
        var row = reduced
        for group in reduced.entries.keys {
            guard let pivot = rowOfPivot[group], let factor = row.entries[group] else { continue }
            try Self.subtract(small[pivot], times: factor, from: &row, &work)
        }
        guard let pivot = row.entries.keys.min(by: { (rowsOfColumn[$0].count, $0) < (rowsOfColumn[$1].count, $1) })
        else { return }
        try Self.normalize(&row, by: pivot)
        let place = small.count
        for other in rowsOfColumn[pivot].sorted() {
            guard let factor = small[other].entries[pivot] else { continue }
            try Self.subtract(row, times: factor, from: &small[other], &work)
            for group in row.entries.keys {
                if small[other].entries[group] == nil {
                    rowsOfColumn[group].remove(other)
                } else {
                    rowsOfColumn[group].insert(other)
                }
            }
        }
        rowsOfColumn[pivot] = []
        for group in row.entries.keys where group != pivot { rowsOfColumn[group].insert(place) }
        rowOfPivot[pivot] = place
        small.append(row)
    }

    private static func normalize(_ row: inout Row, by pivot: Int) throws {
        guard let leading = row.entries[pivot], leading != .one else { return }
        row.entries = try row.entries.mapValues { try $0.divided(by: leading) }
        row.origin = try row.origin.mapValues { try $0.divided(by: leading) }
    }

    private static func subtract(
        _ other: Row, times factor: Rational, from row: inout Row, _ work: inout Int
    ) throws {
        work -= other.entries.count + other.origin.count
        guard work > 0 else { throw EquationSystem.Failure.tooLarge }
        for (column, value) in other.entries {
            let difference = try (row.entries[column] ?? .zero).adding(-value.multiplied(by: factor))
            row.entries[column] = difference.isZero ? nil : difference
        }
        for (equation, value) in other.origin {
            let difference = try (row.origin[equation] ?? .zero).adding(-value.multiplied(by: factor))
            row.origin[equation] = difference.isZero ? nil : difference
        }
    }
}
