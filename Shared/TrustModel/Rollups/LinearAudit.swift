/// P3: whether what is shown tells, by any sums and differences, of a group of fewer than 5 people (docs/domain.md §5.2).
///
/// A union of fewer than 5 people has at most 4 groups, unless one person is in several: groups that share a person are joined
/// into items first. What is determined has coordinates that add up to 0, so along each axis of what a union has so far
/// another item must make up for it: only such items are tried, along the axis that has the fewest. The last item is looked
/// up: sums are compared as numbers modulo the prime 2⁶¹ − 1, which cannot miss one, and what agrees there is checked in
/// exact fractions. Every union is decided so without being listed; beyond a limit of work the release is refused.
///
/// Only unions that take a new number are looked for: what earlier releases determine by themselves cannot be taken back.
/// Earlier sums are eliminated first, so a union takes a new one exactly where it holds a group whose equation does.
public struct LinearAudit: Sendable {
    /// People, below which nothing may be told; whatever an organisation asks for beyond.
    public static let floor = 5
    /// Items that one search may try, and coordinates that it may add up: some seconds.
    public static let maximumSteps = 40_000_000
    /// Unions within one person's groups.
    public static let maximumItems = 400_000
    /// Unions found in one audit: enough to act on before the next.
    static let maximumLeaks = 500

    public enum Failure: Error, Sendable {
        /// The audit would cost too much, so that nothing is known: nothing may be released.
        case tooLarge
    }

    /// A union of fewer than 5 people whose sum is determined.
    public struct Leak: Hashable, Sendable {
        public var people: Int
        /// The members of the union, by index.
        public var members: [Int]
        /// The equations that determine it, by index.
        public var equations: [Int]
    }

    /// The groups of each equation.
    public let equations: [[Int]]
    /// People of each group.
    public let groupSizes: [Int]
    public let rank: Int
    /// Sums that were formed and compared.
    public let unionCount: Int
    /// Empty where the audit passes; not all of them where there are many.
    public let leaks: [Leak]

    /// - Parameters:
    ///   - sums: the members that each number shown is the sum or the mean of, by index.
    ///   - earlierCount: how many of them, from the first, earlier releases have shown.
    ///   - people: of each member, whom it protects.
    public init(
        sums: [[Int]], earlierCount: Int = 0, people: [UInt64], maximumSteps: Int = Self.maximumSteps,
        maximumWork: Int = 40_000_000
    ) throws(Failure) {
        do {
            let system = try EquationSystem(
                sums: sums, earlierCount: earlierCount, memberCount: people.count, maximumWork: maximumWork
            ) { group in Set(group.map { people[$0] }).count < Self.floor }
            var search = UnionSearch(system, people: people, maximumSteps: maximumSteps)
            try search.run()
            equations = system.equations
            groupSizes = search.sizes
            rank = system.rank
            unionCount = search.count
            leaks = search.leaks
        } catch {
            throw .tooLarge
        }
    }
}

private struct UnionSearch {
    /// Groups that share people, or a single one.
    private struct Item {
        var groups: [Int]
        var people: Int
        /// Items of one cluster share people: no union holds two of them.
        var cluster: Int
        var coordinates: [Int: Rational]
        /// Of the coordinates, those first that the fewest items have.
        var axes: [Int] = []
        var fingerprint: UInt64
    }

    private let system: EquationSystem
    private let people: [[UInt64]]
    private var stepsLeft: Int
    /// Those that lead an equation of a new number come first: every union that is looked for begins with one of them.
    private var items: [Item] = []
    private var leaderCount = 0
    private var itemsOfAxis: [Int: [Int]] = [:]
    private var itemsOfFingerprint: [UInt64: [Int]] = [:]
    private var known: Set<[Int]> = []
    let sizes: [Int]
    private(set) var count = 0
    private(set) var leaks: [LinearAudit.Leak] = []

    init(_ system: EquationSystem, people: [UInt64], maximumSteps: Int) {
        self.system = system
        self.people = system.groups.map { group in Set(group.map { people[$0] }).sorted() }
        sizes = self.people.map(\.count)
        stepsLeft = maximumSteps
    }

    mutating func run() throws {
        try collect(sizes.indices.filter { sizes[$0] < LinearAudit.floor })
        for start in 0..<leaderCount where leaks.count < LinearAudit.maximumLeaks {
            let item = items[start]
            try extend([start], room: LinearAudit.floor - 1 - item.people, fingerprint: item.fingerprint)
        }
    }

    /// - Parameters:
    ///   - union: places of items that are not determined together; the others come behind the first.
    ///   - room: people that may be added.
    private mutating func extend(_ union: [Int], room: Int, fingerprint: UInt64) throws {
        try complete(union, room: room, fingerprint: fingerprint)
        // What is added must leave room for what makes up for it.
        guard room > 1, leaks.count < LinearAudit.maximumLeaks, let axis = try scarcestAxis(of: union) else { return }
        for next in itemsOfAxis[axis] ?? []
        where next > union[0] && items[next].people < room && isFree(next, beside: union) {
            try pay(1)
            count += 1
            try extend(
                union + [next], room: room - items[next].people,
                fingerprint: Modular.sum(fingerprint, items[next].fingerprint))
        }
    }

    /// Looks up what makes a union determined.
    private mutating func complete(_ union: [Int], room: Int, fingerprint: UInt64) throws {
        guard room > 0, let matches = itemsOfFingerprint[Modular.negative(fingerprint)] else { return }
        for last in matches where last > union[0] && items[last].people <= room && isFree(last, beside: union) {
            try found((union + [last]).flatMap { items[$0].groups })
        }
    }

    /// Of the axes along which the union is not 0, the one that the fewest items have. Each item knows its own in that order,
    /// so the first of each that is not made up for is enough to look at. Nil for what is determined.
    private mutating func scarcestAxis(of union: [Int]) throws -> Int? {
        var best: Int?
        for item in union {
            for axis in items[item].axes {
                try pay(union.count)
                var sum = Rational.zero
                for other in union { sum = try sum.adding(items[other].coordinates[axis] ?? .zero) }
                guard !sum.isZero else { continue }
                if best.map({ isScarcer(axis, than: $0) }) ?? true { best = axis }
                break
            }
        }
        return best
    }

    private func isScarcer(_ axis: Int, than other: Int) -> Bool {
        (itemsOfAxis[axis]?.count ?? 0, axis) < (itemsOfAxis[other]?.count ?? 0, other)
    }

    /// Whether it shares no person with them.
    private func isFree(_ item: Int, beside union: [Int]) -> Bool {
        let cluster = items[item].cluster
        return union.allSatisfy { items[$0].cluster != cluster }
    }

    private mutating func pay(_ steps: Int) throws {
        stepsLeft -= steps
        guard stepsLeft >= 0 else { throw LinearAudit.Failure.tooLarge }
    }

    private mutating func found(_ union: [Int]) throws {
        let union = union.sorted()
        guard !known.contains(union), try system.determines(union) else { return }
        known.insert(union)
        leaks.append(
            LinearAudit.Leak(
                people: Set(union.flatMap { people[$0] }).count, members: union.flatMap { system.groups[$0] }.sorted(),
                equations: try system.derivation(of: union)))
    }

    /// Unions of fewer than 5 people within each cluster of small groups that share people.
    private mutating func collect(_ small: [Int]) throws {
        var clusters = Components(count: small.count)
        var holder: [UInt64: Int] = [:]
        for (place, group) in small.enumerated() {
            for person in people[group] {
                if let other = holder[person] { clusters.join(place, other) } else { holder[person] = place }
            }
        }
        let byCluster = Dictionary(grouping: small.indices) { clusters.root($0) }
        for (cluster, places) in byCluster.sorted(by: { $0.key < $1.key }) {
            try add([], [], [:], places.map { small[$0] }[...], cluster)
        }
        let leaders = items.filter { $0.groups.contains(where: system.leadsToNew) }
        items = leaders + items.filter { !$0.groups.contains(where: system.leadsToNew) }
        leaderCount = leaders.count
        for (place, item) in items.enumerated() {
            for axis in item.coordinates.keys { itemsOfAxis[axis, default: []].append(place) }
            itemsOfFingerprint[item.fingerprint, default: []].append(place)
        }
        for place in items.indices {
            items[place].axes = items[place].coordinates.keys.sorted { isScarcer($0, than: $1) }
        }
    }

    private mutating func add(
        _ groups: [Int], _ held: Set<UInt64>, _ coordinates: [Int: Rational], _ rest: ArraySlice<Int>, _ cluster: Int
    ) throws {
        for place in rest.indices {
            let held = held.union(people[rest[place]])
            guard held.count < LinearAudit.floor else { continue }
            guard items.count < LinearAudit.maximumItems else { throw LinearAudit.Failure.tooLarge }
            let groups = groups + [rest[place]]
            var sum = coordinates
            for (axis, value) in system.coordinates[rest[place]] {
                let value = try (sum[axis] ?? .zero).adding(value)
                sum[axis] = value.isZero ? nil : value
            }
            count += 1
            if sum.isEmpty {
                if groups.contains(where: system.leadsToNew) { try found(groups) }
            } else {
                items.append(
                    Item(
                        groups: groups, people: held.count, cluster: cluster, coordinates: sum,
                        fingerprint: groups.reduce(0) { Modular.sum($0, fingerprint(of: $1)) }))
            }
            try add(groups, held, sum, rest[(place + 1)...], cluster)
        }
    }

    private func fingerprint(of group: Int) -> UInt64 {
        system.coordinates[group].reduce(0) { sum, coordinate in
            Modular.sum(sum, Modular.product(Modular.residue(of: coordinate.value), Modular.weight(coordinate.axis)))
        }
    }
}

/// Arithmetic modulo the Mersenne prime 2⁶¹ − 1.
private enum Modular {
    static let prime: UInt64 = (1 << 61) - 1

    static func sum(_ left: UInt64, _ right: UInt64) -> UInt64 {
        let sum = left + right
        return sum >= prime ? sum - prime : sum
    }

    static func negative(_ value: UInt64) -> UInt64 { value == 0 ? 0 : prime - value }

    static func product(_ left: UInt64, _ right: UInt64) -> UInt64 {
        prime.dividingFullWidth(left.multipliedFullWidth(by: right)).remainder
    }

    /// The denominator has an inverse, since it is no multiple of the prime (`EquationSystem.maximumDenominator`).
    static func residue(of value: Rational) -> UInt64 {
        let magnitude = value.numerator.magnitude % UInt(prime)
        let numerator = value.numerator < 0 ? negative(UInt64(magnitude)) : UInt64(magnitude)
        guard value.denominator != 1 else { return numerator }
        return product(numerator, power(UInt64(value.denominator) % prime, prime - 2))
    }

    private static func power(_ base: UInt64, _ exponent: UInt64) -> UInt64 {
        var (result, base, exponent): (UInt64, UInt64, UInt64) = (1, base, exponent)
        while exponent > 0 {
            if exponent & 1 == 1 { result = product(result, base) }
            base = product(base, base)
            exponent >>= 1
        }
        return result
    }

    /// A fixed pseudo-random number for each axis.
    static func weight(_ axis: Int) -> UInt64 {
        var random = SplitMix64(state: UInt64(axis) &+ 0x5EED)
        return random.next() % prime
    }
}

/// Which of some things are connected (Galler & Fischer 1964).
private struct Components {
    private var above: [Int]

    init(count: Int) {
        above = Array(0..<count)
    }

    mutating func root(_ thing: Int) -> Int {
        var thing = thing
        while above[thing] != thing {
            above[thing] = above[above[thing]]
            thing = above[thing]
        }
        return thing
    }

    mutating func join(_ left: Int, _ right: Int) {
        let (left, right) = (root(left), root(right))
        above[max(left, right)] = min(left, right)
    }
}
