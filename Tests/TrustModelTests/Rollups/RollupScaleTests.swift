import Glibc
import Testing

@testable import TrustModel

/// An organisation of 50,000 people and 16,000 pairs: what the rules and the numbers of a month cost.
@Suite(.serialized) struct RollupScaleTests {
    /// Seven months; RAPPORT_ROLLUP_MONTHS takes another number.
    @Test func fiftyThousandPeopleOverMonths() throws {
        let months = getenv("RAPPORT_ROLLUP_MONTHS").flatMap { Int(String(cString: $0)) } ?? 7
        var random = SplitMix64(state: 50_000)
        var paths: [[String]] = []
        for top in 0..<10 {
            for middle in 0..<10 { for leaf in 0..<5 { paths.append(["d\(top)", "a\(middle)", "t\(leaf)"]) } }
        }
        let tree = CohortTree(paths: paths, slices: ["p", "q", "r", "leaders"])
        let places = try paths.map { try #require(tree.unit($0)) }
        var people = (0..<50_000).map { number in
            CohortMember(id: UInt64(number), person: UInt64(number), coach: nil, unit: places[number % places.count])
        }
        func pair(_ number: Int) -> CohortMember {
            let coachee = people[Int.random(in: people.indices, using: &random)]
            return CohortMember(
                id: UInt64(1_000_000 + number), person: coachee.person,
                coach: UInt64.random(in: 0..<6000, using: &random),
                mass: .random(in: 5...40, using: &random), unit: coachee.unit,
                slices: 1 << UInt32.random(in: 0..<3, using: &random)
                    | (Int.random(in: 0..<5, using: &random) == 0 ? 8 : 0))
        }
        var pairs = (0..<16_000).map(pair)
        var history: [[Release.Shown]] = [[], []]
        for month in 0..<months {
            if month > 0 {
                // One in a hundred goes, one in a hundred comes, one in a hundred moves.
                for number in 0..<160 {
                    pairs.remove(at: .random(in: pairs.indices, using: &random))
                    pairs.append(pair(100_000 * month + number))
                    pairs[.random(in: pairs.indices, using: &random)].unit = places.randomElement(using: &random)!
                    people[.random(in: people.indices, using: &random)].unit = places.randomElement(using: &random)!
                }
            }
            let began = ReplaySpeedTests.cpuSeconds()
            let releases = try [
                Release(
                    tree: tree, partitions: [[1, 2, 3], [4]], members: pairs, rule: MinimumRule(), history: history[0]),
                Release(tree: tree, partitions: [], members: people, rule: MinimumRule(), history: history[1]),
            ]
            let decided = ReplaySpeedTests.cpuSeconds() - began
            let readings = pairs.map { pair in
                CohortReading(
                    coach: pair.coach ?? 0,
                    trust: .init(
                        score: 0.7, effectiveSize: pair.mass, components: PerComponent(repeating: 0.7), isHealthy: true)
                )
            }
            let metrics: [CohortMetric] = [
                .trustLevel, .healthyShare, .reliabilityLevel, .integrityLevel, .competenceLevel, .empathyLevel,
            ]
            for place in releases[0].verdicts.indices where releases[0].verdicts[place] == .shown {
                let cell = releases[0].byCell[place].map { readings[$0] }
                for metric in metrics { #expect(CohortFigure(metric, of: cell) != nil) }
            }
            let computed = ReplaySpeedTests.cpuSeconds() - began - decided
            for (number, release) in releases.enumerated() {
                history[number] += release.tree.cells.filter { release.verdicts[release.tree.place($0)] == .shown }.map
                {
                    .init(
                        key: release.tree.key($0),
                        members: release.byCell[release.tree.place($0)].map { release.members[$0] }, release: month)
                }
            }
            let shown = releases[0].verdicts.count { $0 == .shown }
            print(
                "roll-up of 50,000 people, month \(month + 1): \(shown) of \(tree.cellCount) cells shown, "
                    + "\(releases[0].repairCount) hidden by the audit over \(releases[0].memory) months, rules \(decided) s, numbers \(computed) s, "
                    + "peak \(peakMegabytes()) MB")
            #expect(shown > 100)
            #expect(releases.allSatisfy { $0.audit.leaks.isEmpty })
        }
    }

    /// Most memory that this process has had resident.
    private func peakMegabytes() -> Int {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return usage.ru_maxrss / 1024
    }
}
