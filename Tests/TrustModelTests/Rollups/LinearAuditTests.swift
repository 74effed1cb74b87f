import Testing

@testable import TrustModel

/// What shown sums determine, found another way: modulo a prime, densely, and union by union.
struct Attacker {
    private static let prime: Int = 2_147_483_647

    /// Members that no sum tells apart.
    private(set) var groups: [[Int]] = []
    private var basis: [[Int]] = []
    private var pivots: [Int] = []

    init(_ sums: [[Int]], memberCount: Int) {
        var signatures = [[Int]](repeating: [], count: memberCount)
        for (number, sum) in sums.enumerated() { for member in sum { signatures[member].append(number) } }
        var places: [[Int]: Int] = [:]
        for member in 0..<memberCount where !signatures[member].isEmpty {
            if let place = places[signatures[member]] {
                groups[place].append(member)
            } else {
                places[signatures[member]] = groups.count
                groups.append([member])
            }
        }
        for number in sums.indices {
            var row = [Int](repeating: 0, count: groups.count)
            for (signature, place) in places where signature.contains(number) { row[place] = 1 }
            row = reduced(row)
            guard let pivot = row.firstIndex(where: { $0 != 0 }) else { continue }
            let inverse = Self.power(row[pivot], Self.prime - 2)
            basis.append(row.map { $0 * inverse % Self.prime })
            pivots.append(pivot)
        }
    }

    private func reduced(_ row: [Int]) -> [Int] {
        var row = row
        for (vector, pivot) in zip(basis, pivots) where row[pivot] != 0 {
            let factor = Self.prime - row[pivot]
            for column in row.indices where vector[column] != 0 {
                row[column] = (row[column] + factor * vector[column]) % Self.prime
            }
        }
        return row
    }

    /// A union of fewer than `limit` people whose sum is determined, found by trying them all; nil for none.
    ///
    /// A sum of groups is in the span exactly where a random functional that vanishes on the span vanishes on it, but for
    /// chance, which the reduction then rules out: so the last group of a union is looked up.
    func union(below limit: Int, people: [UInt64]) -> [Int]? {
        let sizes = groups.map { Set($0.map { people[$0] }) }
        let small = groups.indices.filter { sizes[$0].count < limit }
        let functional = functional()
        let byValue = Dictionary(grouping: small.indices) { functional[small[$0]] }
        let groupsOfPerson = Dictionary(small.flatMap { sizes[$0].map { ($0, 1) } }, uniquingKeysWith: +)
        let isShared = small.map { sizes[$0].contains { groupsOfPerson[$0]! > 1 } }
        var found: [Int]?
        func extend(_ union: [Int], _ held: Set<UInt64>, _ value: Int, _ shared: Bool, from place: Int) {
            for last in byValue[value == 0 ? 0 : Self.prime - value] ?? [] where last >= place && found == nil {
                guard held.union(sizes[small[last]]).count < limit else { continue }
                var vector = [Int](repeating: 0, count: groups.count)
                for group in union + [small[last]] { vector[group] = 1 }
                if reduced(vector).allSatisfy({ $0 == 0 }) { found = (union + [small[last]]).flatMap { groups[$0] } }
            }
            for next in small.indices.dropFirst(place) where found == nil {
                let shared = shared || isShared[next]
                // Full unions grow only by groups of people that they hold.
                guard shared || sizes[small[next]].count + held.count < limit - 1 else { continue }
                let held = held.union(sizes[small[next]])
                guard held.count < limit else { continue }
                extend(
                    union + [small[next]], held, (value + functional[small[next]]) % Self.prime, shared, from: next + 1)
            }
        }
        extend([], [], 0, false, from: 0)
        return found
    }

    /// All unions of fewer than `limit` people whose sums are determined, as their members, by trying every one.
    func unions(below limit: Int, people: [UInt64]) -> Set<[Int]> {
        let sizes = groups.map { Set($0.map { people[$0] }) }
        var found: Set<[Int]> = []
        func extend(_ union: [Int], _ held: Set<UInt64>, from place: Int) {
            for next in groups.indices.dropFirst(place) {
                let held = held.union(sizes[next])
                guard held.count < limit else { continue }
                let longer = union + [next]
                var vector = [Int](repeating: 0, count: groups.count)
                for group in longer { vector[group] = 1 }
                if reduced(vector).allSatisfy({ $0 == 0 }) { found.insert(longer.flatMap { groups[$0] }.sorted()) }
                extend(longer, held, from: next + 1)
            }
        }
        extend([], [], from: 0)
        return found
    }

    /// Of each group; on the sum of each row of the span it is 0.
    private func functional() -> [Int] {
        var random = SplitMix64(state: 99)
        var values = groups.map { _ in Int.random(in: 1..<Self.prime, using: &random) }
        // Backwards: a basis vector has zeros before its pivot only where earlier ones were reduced out of it.
        for (vector, pivot) in zip(basis, pivots).reversed() {
            var rest = 0
            for column in vector.indices where column != pivot && vector[column] != 0 {
                rest = (rest + vector[column] * values[column]) % Self.prime
            }
            values[pivot] = (Self.prime - rest) % Self.prime
        }
        return values
    }

    private static func power(_ base: Int, _ exponent: Int) -> Int {
        var (result, base, exponent) = (1, base, exponent)
        while exponent > 0 {
            if exponent & 1 == 1 { result = result * base % prime }
            base = base * base % prime
            exponent >>= 1
        }
        return result
    }
}

/// P3 (docs/domain.md §5.2).
@Suite struct LinearAuditTests {
    @Test func aSumLessItsPartIsDetermined() throws {
        let audit = try LinearAudit(sums: [[0, 1, 2, 3, 4, 5, 6], [0, 1, 2, 3, 4]], people: Array(1...7))
        #expect(audit.rank == 2 && audit.groupSizes.sorted() == [2, 5])
        #expect(audit.leaks.map(\.members) == [[5, 6]])
        #expect(audit.leaks.first?.equations == [0, 1])
    }

    @Test func unionsOfTwoThreeAndFourGroups() throws {
        // Each group is told apart by a sum with a bystander; the total gives the union away and no smaller one.
        for count in 2...4 {
            let members = Array(0..<count)
            let bystanders = members.map { count + $0 }
            let sums = members.map { [$0, bystanders[$0]] } + [members]
            let audit = try LinearAudit(sums: sums, people: (0..<(2 * count)).map { UInt64($0) })
            #expect(audit.leaks.map(\.members).contains(members))
            #expect(audit.leaks.allSatisfy { $0.members.count >= min(count, 2) })
        }
    }

    @Test func onePersonInManyGroupsIsOnePerson() throws {
        // Six relationships of one coachee, each in a sum with five others; and all six in one.
        let own = Array(0..<6)
        let sums = own.map { number in [number] + (0..<5).map { 6 + 5 * number + $0 } } + [own]
        let people = own.map { _ in UInt64(1) } + (0..<30).map { UInt64($0 + 2) }
        let audit = try LinearAudit(sums: sums, people: people)
        #expect(audit.leaks.map(\.members) == [own] && audit.leaks.first?.people == 1)
    }

    /// 400 random systems: the audit passes exactly where the other way finds nothing.
    @Test func agreesWithTheExhaustiveSearch() throws {
        var random = seeded()
        var leaking = 0
        for _ in 0..<400 {
            let count = Int.random(in: 4...24, using: &random)
            let people = (0..<count).map { UInt64(Int.random(in: 0..<10, using: &random) == 0 ? 0 : $0) }
            let sums = (0..<Int.random(in: 1...8, using: &random)).map { _ in
                let share = Double.random(in: 0.1...0.9, using: &random)
                return (0..<count).filter { _ in Double.random(in: 0..<1, using: &random) < share }
            }.filter { !$0.isEmpty }
            let audit = try LinearAudit(sums: sums, people: people)
            let attacker = Attacker(sums, memberCount: count)
            let found = attacker.union(below: LinearAudit.floor, people: people)
            #expect(audit.leaks.isEmpty == (found == nil), "\(sums) of \(people)")
            leaking += audit.leaks.isEmpty ? 0 : 1
        }
        #expect(leaking > 20 && leaking < 400, "both answers must occur: \(leaking)")
    }

    /// 400 random systems of which some sums were shown earlier: what is derived of a new one is what all sums determine and the
    /// earlier ones alone do not; of that, everything that holds no smaller union is found.
    @Test func looksForUnionsWithNewNumbersAlone() throws {
        var random = seeded()
        var (both, withheld) = (0, 0)
        for _ in 0..<400 {
            let count = Int.random(in: 4...14, using: &random)
            let people = (0..<count).map { UInt64(Int.random(in: 0..<6, using: &random) == 0 ? 0 : $0) }
            let sums = (0..<Int.random(in: 2...8, using: &random)).map { _ in
                let share = Double.random(in: 0.1...0.9, using: &random)
                return (0..<count).filter { _ in Double.random(in: 0..<1, using: &random) < share }
            }
            let earlierCount = Int.random(in: 0..<sums.count, using: &random)
            let audit = try LinearAudit(sums: sums, earlierCount: earlierCount, people: people)
            let all = Attacker(sums, memberCount: count).unions(below: LinearAudit.floor, people: people)
            let earlier = Attacker(Array(sums.prefix(earlierCount)), memberCount: count)
                .unions(below: LinearAudit.floor, people: people)
            let new = all.subtracting(earlier)
            let found = Set(audit.leaks.filter { $0.equations.contains { $0 >= earlierCount } }.map(\.members))
            #expect(all.isSuperset(of: audit.leaks.map(\.members)))
            #expect(found.isSubset(of: new), "\(sums), \(earlierCount) of them earlier, of \(people)")
            let smallest = new.filter { union in
                !all.contains { $0.count < union.count && Set($0).isSubset(of: union) }
            }
            #expect(smallest.isSubset(of: found), "\(sums), \(earlierCount) of them earlier, of \(people)")
            if !found.isEmpty, !earlier.isEmpty { both += 1 }
            if found.isEmpty, !all.isEmpty { withheld += 1 }
        }
        #expect(both > 10 && withheld > 10, "\(both) with old and new unions, \(withheld) with old ones alone")
    }

    @Test func fractionsAreExactAndOverflowIsAnError() throws {
        let third = try Rational.one.divided(by: Rational(3))
        #expect(try third.adding(third).adding(third) == .one)
        #expect(try third.multiplied(by: Rational(-6)) == Rational(-2))
        #expect(throws: Rational.Overflow.self) { try Rational(.max).adding(.one) }
        #expect(throws: Rational.Overflow.self) { try Rational(.max).multiplied(by: Rational(2)) }
    }
}
