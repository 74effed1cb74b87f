import Schema
import Testing
import TrustModel

@testable import TrustScoring

/// docs/domain.md §4.4 b: what a run says of groups, from coachees without names.
@Suite struct FairnessFindingsTests {
    /// Coachees of one group and stratum, of whom so many have the outcome.
    private struct Crowd {
        var units: [String: FairnessUnit] = [:]
        var labels: [String: String] = [:]

        mutating func add(_ group: String, _ stratum: Int, with: Int, without: Int) {
            for number in 0..<(with + without) {
                let person = "\(group) \(stratum) \(number)"
                let circumstances = FairnessUnit.Circumstances(
                    cadenceDays: [7, 14, 28][stratum % 3], ambitions: [stratum < 3 ? 2 : 5], days: 30)
                units[person] = FairnessUnit(circumstances, .init(wasOffered: number < with))
                labels[person] = group
            }
        }

        func findings(_ attribute: ProtectedAttribute.Kind = .gender) async throws -> FairnessFindings {
            try await FairnessFindings(units, labels: [attribute: labels], draws: 9999, seed: 7)
        }

        func test() async throws -> FairnessTest {
            try #require(
                try await findings().tests.first { $0.attribute == .gender && $0.measure == .opportunityOffered })
        }
    }

    @Test("G-20: Berkeley 1973 is CONFOUNDED, never a difference, and the table says why") func goldenG20() async throws
    {
        var berkeley = Crowd()
        for (department, counts) in [
            (512, 313, 89, 19), (353, 207, 17, 8), (120, 205, 202, 391), (138, 279, 131, 244), (53, 138, 94, 299),
            (22, 351, 24, 317),
        ].enumerated() {
            berkeley.add("man", department, with: counts.0, without: counts.1)
            berkeley.add("woman", department, with: counts.2, without: counts.3)
        }
        let test = try await berkeley.test()
        #expect(test.verdict == .confounded && test.referenceGroup == "man" && test.group == "woman")
        #expect(test.impactRatio?.value == 0.682)
        #expect(abs(try #require(test.pValue).value - 0.232263) < 1e-6)
        #expect(test.strata.count == 6)
        let department = try #require(test.strata.first { $0.circumstances == "weekly / low ambition / under 90 days" })
        #expect(department.referenceCount == 825 && department.groupCount == 108)
        #expect(department.referenceValue == 62 && department.groupValue == 82)
        let interval = try #require(test.differenceInterval)
        #expect(interval.lower < 0 && interval.upper > 0)
    }

    @Test("G-18: four fifths exactly is no flag") func goldenG18() async throws {
        for (rate, verdict) in [(48, FairnessTest.Verdict.noDifferenceSeen), (20, .differenceLikely)] {
            var crowd = Crowd()
            crowd.add("a", 0, with: 60, without: 40)
            crowd.add("b", 0, with: rate, without: 100 - rate)
            let test = try await crowd.test()
            #expect(test.verdict == verdict)
            #expect(test.impactRatio?.value == (rate == 48 ? 0.8 : 0.333))
            #expect(test.strata.isEmpty, "only what is confounded needs an explanation")
        }
    }

    @Test("9 of 10 against 4 of 10 are too few; nine people are no group, and are not named") func sizes() async throws
    {
        var small = Crowd()
        small.add("a", 0, with: 9, without: 1)
        small.add("b", 0, with: 4, without: 6)
        #expect(try await small.test().verdict == .smallSample)
        var nine = Crowd()
        nine.add("a", 0, with: 20, without: 0)
        nine.add("b", 0, with: 0, without: 9)
        let test = try await nine.test()
        #expect(test.verdict == .insufficient && test.referenceGroup.isEmpty && test.group.isEmpty)
        #expect(test.difference == nil && test.impactRatio == nil && test.pValue == nil)
    }

    @Test("Who has declared what does not show in which lines there are") func lines() async throws {
        let nobody = try await FairnessFindings([:], labels: [:], draws: 9999, seed: 1)
        #expect(nobody.tests.count == 7 * 5 && nobody.testCount == 0)
        #expect(
            nobody.tests.allSatisfy {
                $0 == FairnessTest(attribute: $0.attribute, measure: $0.measure, verdict: .insufficient)
            })
        var few = Crowd()
        few.add("only-one", 0, with: 1, without: 0)
        #expect(try await few.findings(.religion).tests == nobody.tests)
    }

    @Test("P-values are adjusted over all tests of the run") func falseDiscovery() async throws {
        var crowd = Crowd()
        crowd.add("a", 0, with: 30, without: 10)
        crowd.add("b", 0, with: 18, without: 22)
        let alone = try await crowd.test()
        #expect(alone.qValue == alone.pValue && alone.verdict == .differenceLikely)
        // The same people by three further attributes that tell nothing.
        let shuffled = Dictionary(
            uniqueKeysWithValues: crowd.units.keys.sorted().enumerated().map { ($1, $0 % 2 == 0 ? "x" : "y") })
        let run = try await FairnessFindings(
            crowd.units,
            labels: [.gender: crowd.labels, .ethnicity: shuffled, .ageBand: shuffled, .religion: shuffled],
            draws: 9999, seed: 7)
        let beside = try #require(run.tests.first { $0.attribute == .gender && $0.group == "b" })
        #expect(run.testCount == 4)
        #expect(abs(try #require(beside.qValue).value - 4 * (try #require(beside.pValue).value)) < 1e-12)
    }

    @Test("A measure is compared in standard deviations, the same for the same seed") func measures() async throws {
        func units(_ shift: Double) -> ([String: FairnessUnit], [String: String]) {
            var units: [String: FairnessUnit] = [:]
            var labels: [String: String] = [:]
            for number in 0..<80 {
                let facts = FairnessUnit.Facts(
                    heldSessions: 10, expectedSessions: 10,
                    supportActions: 10 + number / 2 % 5 + (number % 2 == 0 ? 0 : Int(shift)))
                let circumstances = FairnessUnit.Circumstances(cadenceDays: 7, ambitions: [], days: 100)
                units["p\(number)"] = FairnessUnit(circumstances, facts)
                labels["p\(number)"] = number % 2 == 0 ? "a" : "b"
            }
            return (units, labels)
        }
        for (shift, verdict) in [(0.0, FairnessTest.Verdict.noDifferenceSeen), (3, .differenceLikely)] {
            let (units, labels) = units(shift)
            let run = try await FairnessFindings(units, labels: [.gender: labels], draws: 9999, seed: 5)
            let again = try await FairnessFindings(units, labels: [.gender: labels], draws: 9999, seed: 5)
            #expect(run.tests == again.tests)
            let test = try #require(run.tests.first { $0.attribute == .gender && $0.measure == .supportGiven })
            #expect(test.verdict == verdict && test.impactRatio == nil)
            #expect((try #require(test.difference).value > 1) == (shift > 0), "the group less the reference group")
        }
    }
}
