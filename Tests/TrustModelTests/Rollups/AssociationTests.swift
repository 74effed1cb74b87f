import Glibc
import Testing

@testable import TrustModel

/// Whether results go with trust in a programme (docs/domain.md S38, §3.12).
@Suite struct AssociationTests {
    private typealias Pair = ClusteredRankCorrelation.Pair

    /// Quantiles of SciPy 1.17 (`stats.t.ppf`).
    @Test(arguments: [
        (1, 0.90, 6.313751514675037), (2, 0.90, 2.9199855803537242), (2.5, 0.90, 2.5582186141359355),
        (5, 0.95, 2.5705818356363146), (30, 0.90, 1.697260886593957), (199, 0.95, 1.9719565442517533),
    ])
    func studentsQuantiles(degrees: Double, confidence: Double, expected: Double) {
        #expect(near(StudentDistribution(degreesOfFreedom: degrees).halfWidth(confidence: confidence), expected, 1e-8))
    }

    /// IQ and hours of television of ten people: ρ = −29/165 (en.wikipedia.org, Spearman's rank correlation coefficient).
    @Test func aPublishedRankCorrelation() throws {
        let x: [Double] = [86, 97, 99, 100, 101, 103, 106, 110, 112, 113]
        let y: [Double] = [2, 20, 28, 27, 50, 29, 7, 17, 6, 12]
        let pairs = zip(x, y).enumerated().map { Pair(cluster: UInt64($0), x: $1.0, y: $1.1) }
        #expect(near(try #require(ClusteredRankCorrelation(pairs)).correlation, -29.0 / 165, 1e-12))
    }

    private static let clusters: [UInt64] = [1, 1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3, 4, 4, 5, 5, 5, 6, 6, 6, 6]
    private static let x = [
        0.10, 0.00, -0.05, 0.20, 0.15, 0.05, 0.05, -0.10, -0.20, 0.00, 0.02, 0.30, 0.12, -0.08, 0.25, 0.18, 0.00, -0.15,
        -0.02, 0.07, 0.11,
    ]
    private static let y = [
        0.20, 0.00, -0.10, 0.15, 0.05, 0.10, 0.00, -0.20, -0.05, 0.05, 0.00, 0.25, -0.05, 0.00, 0.30, 0.10, 0.02, -0.12,
        0.03, 0.00, 0.09,
    ]

    /// Computed with SciPy 1.17 (`spearmanr` of all, and of all but one cluster; the jackknife's error on Fisher's z with the
    /// t quantile of 5 degrees of freedom), with ties on both sides.
    @Test("S38: estimate and interval as another program computes them") func asSciPyComputesIt() throws {
        let pairs = Self.clusters.indices.map { Pair(cluster: Self.clusters[$0], x: Self.x[$0], y: Self.y[$0]) }
        let found = try #require(ClusteredRankCorrelation(pairs))
        #expect(near(found.correlation, 0.7690173066033053, 1e-12))
        #expect(near(found.interval.lower, 0.3720579181813245, 1e-9))
        #expect(near(found.interval.upper, 0.9281720681003659, 1e-9))
        var random = seeded()
        #expect(ClusteredRankCorrelation(pairs.shuffled(using: &random)) == found, "in any order")
    }

    @Test func nothingIsSaidWhereNothingVaries() {
        let flat = (0..<30).map { (number: Int) in Pair(cluster: UInt64(number % 5), x: 0.1, y: Double(number)) }
        #expect(ClusteredRankCorrelation(flat) == nil)
        let two = (0..<30).map { (number: Int) in
            Pair(cluster: UInt64(number % 2), x: Double(number), y: Double(number))
        }
        #expect(ClusteredRankCorrelation(two) == nil, "two coaches")
        let one = (0..<30).map { (number: Int) -> Pair in
            let x = number % 5 == 0 ? Double(number) : 0
            return Pair(cluster: UInt64(number % 5), x: x, y: Double(number))
        }
        #expect(ClusteredRankCorrelation(one) == nil, "all that varies is of one coach")
        #expect(ClusteredRankCorrelation([]) == nil)
    }

    /// Two numbers of a coach's own move all of the coach's pairs: where coaches are few and uneven, 90 % of the intervals must
    /// still hold the truth, which is 0 here.
    @Test(arguments: [[4, 4, 4, 4, 4, 4, 4, 4], [12, 2, 3, 3, 8, 2, 4, 6], Array(repeating: 3, count: 40)])
    func theIntervalHoldsTheTruthAsOftenAsItSays(sizes: [Int]) throws {
        var random = seeded()
        func normal() -> Double {
            let u = Double.random(in: Double.leastNonzeroMagnitude..<1, using: &random)
            return (-2 * log(u)).squareRoot() * cos(2 * .pi * Double.random(in: 0..<1, using: &random))
        }
        var held = 0
        let runs = 400
        for _ in 0..<runs {
            var pairs: [Pair] = []
            for (coach, size) in sizes.enumerated() {
                let (a, b) = (normal(), normal())
                for _ in 0..<size { pairs.append(Pair(cluster: UInt64(coach), x: a + normal(), y: b + normal())) }
            }
            let interval = try #require(ClusteredRankCorrelation(pairs)).interval
            if interval.lower <= 0, 0 <= interval.upper { held += 1 }
        }
        let share = Double(held) / Double(runs)
        print("association: \(share) of 90 % intervals of \(sizes.count) coaches hold the truth")
        #expect(share > 0.85 && share < 0.985)
    }

    /// Beyond 200 coaches groups of them are left out: the interval is as wide, within a fifth.
    @Test func manyCoachesAreLeftOutInGroups() throws {
        var random = seeded()
        let pairs = (0..<3000).map { number in
            let x = Double.random(in: 0..<1, using: &random)
            return Pair(cluster: UInt64(number), x: x, y: x + Double.random(in: 0..<3, using: &random))
        }
        let found = try #require(ClusteredRankCorrelation(pairs))
        let width = found.interval.upper - found.interval.lower
        // The error of z without clusters is 1.03/√(n − 3) (Fieller, Hartley & Pearson 1957).
        let expected = 2 * 1.645 * 1.03 / Double(2997).squareRoot() * (1 - found.correlation * found.correlation)
        #expect(abs(width / expected - 1) < 0.2, "\(width) of \(expected)")
    }

    // MARK: Changes

    @Test func trustOfAWeekBesideTheResultOfTheFourAfterIt() {
        var trust: [Double?] = (0...26).map { 0.5 + 0.01 * Double($0) }
        trust[3] = nil
        let course = WeeklyCourse(trust: trust, results: [.openness: (0...26).map { 0.02 * Double($0) }])
        let changes = course.changes(of: .openness)
        #expect(changes.count == 22 - 2, "of weeks 1 to 22 without those that end or begin with the unknown one")
        #expect(changes.allSatisfy { near($0.trust, 0.01, 1e-9) && near($0.result, 0.08, 1e-9) })
        #expect(course.changes(of: .goalAttainment).isEmpty)
        #expect(WeeklyCourse.instants(until: day(200)).first == day(200 - 26 * 7))
        #expect(WeeklyCourse.instants(until: day(200)).last == day(200))
    }

    // MARK: What is shown

    private func members(_ ids: some Sequence<Int>, coaches: Int = 10) -> [CohortMember] {
        ids.map { CohortMember(id: UInt64($0), person: UInt64(1000 + $0), coach: UInt64($0 % coaches), unit: 0) }
    }

    private func map(_ ids: some Sequence<Int>) -> [UInt64: UInt64] {
        Dictionary(uniqueKeysWithValues: ids.map { (UInt64($0), UInt64(1000 + $0)) })
    }

    @Test("S38: fewer than 30 relationships are withheld, and so are those of few people") func theMinimum() {
        let rule = MinimumRule()
        #expect(ResultAssociation.verdict(on: members(0..<30), rule: rule, earlier: []) == .shown)
        #expect(
            ResultAssociation.verdict(on: members(0..<29), rule: rule, earlier: [])
                == .withheld(.tooFewRelationships))
        #expect(
            ResultAssociation.verdict(on: members(0..<40, coaches: 2), rule: rule, earlier: [])
                == .withheld(.tooFewCoaches))
        let four = members(0..<40).map { member in
            var member = member
            member.person %= 4
            return member
        }
        #expect(ResultAssociation.verdict(on: four, rule: rule, earlier: []) == .withheld(.tooFewCoachees))
        let dominated = members(0..<40).map { member in
            var member = member
            member.coach = member.id < 21 ? 0 : member.id
            return member
        }
        #expect(ResultAssociation.verdict(on: dominated, rule: rule, earlier: []) == .withheld(.dominantCoach))
    }

    @Test("S38: no two that are shown differ by one to four people") func smallChanges() {
        let rule = MinimumRule()
        let first = map(0..<40)
        func verdict(_ ids: Range<Int>, _ earlier: [[UInt64: UInt64]]) -> ResultAssociation.Verdict {
            ResultAssociation.verdict(on: members(ids), rule: rule, earlier: earlier)
        }
        #expect(verdict(0..<40, [first]) == .shown, "the same people")
        #expect(verdict(0..<41, [first]) == .repeated)
        #expect(verdict(4..<40, [first]) == .repeated)
        #expect(verdict(5..<40, [first]) == .shown)
        #expect(verdict(2..<42, [first]) == .repeated, "two went and two came")
        // Ten more, and a month later all but one are gone again: the last is far, the one before it near.
        #expect(verdict(0..<41, [first, map(0..<50)]) == .repeated)
    }

    @Test("P7: what holds an erased person's data is not repeated") func erasures() {
        let rule = MinimumRule()
        func verdict(_ erased: Set<UInt64>) -> ResultAssociation.Verdict {
            ResultAssociation.verdict(on: members(1..<40), rule: rule, earlier: [map(0..<40)], erased: erased)
        }
        #expect(verdict([]) == .repeated)
        #expect(verdict([1000]) == .withheld(.derivable), "the coachee")
        #expect(verdict([0]) == .withheld(.derivable), "the relationship, of an erased coach")
        #expect(verdict([77]) == .repeated)
    }

    /// 300 programmes over 24 months: of what is shown, no two groups differ by 1 to 4 people, and none holds who was erased
    /// before.
    @Test("S38: over months of joining, leaving and erasure no two groups tell of fewer than five") func attack() {
        var random = seeded()
        var (shown, repeated, derivable) = (0, 0, 0)
        for _ in 0..<300 {
            var ids = Array(0..<Int.random(in: 25...60, using: &random))
            var next = ids.count
            var history: [[UInt64: UInt64]] = []
            var erased: Set<UInt64> = []
            for _ in 0..<24 {
                for _ in 0..<Int.random(in: 0...4, using: &random) {
                    ids.append(next)
                    next += 1
                }
                for _ in 0..<Int.random(in: 0...4, using: &random) where !ids.isEmpty {
                    let gone = ids.remove(at: .random(in: ids.indices, using: &random))
                    if Int.random(in: 0..<5, using: &random) == 0 { erased.insert(UInt64(1000 + gone)) }
                }
                switch ResultAssociation.verdict(
                    on: members(ids), rule: MinimumRule(), earlier: history, erased: erased)
                {
                case .shown:
                    let now = map(ids)
                    #expect(!history.contains { ReleaseHistory.isSmallChange(from: $0, to: now) })
                    #expect(erased.isDisjoint(with: now.values))
                    history.append(now)
                    shown += 1
                case .repeated:
                    #expect(erased.isDisjoint(with: history.last.map { Array($0.values) } ?? []))
                    repeated += 1
                case .withheld(.derivable): derivable += 1
                case .withheld: break
                }
            }
        }
        print("association attack: \(shown) shown, \(repeated) repeated, \(derivable) withheld after an erasure")
        #expect(min(shown, repeated, derivable) > 0, "each rule must have had work to do")
    }
}
