import Schema
import TrustModel

/// What a run has found: pure arithmetic on coachees without names (docs/domain.md §4.4 b).
struct FairnessFindings: Sendable {
    /// Percent of the work after each test.
    typealias Report = @Sendable (Double) async throws -> Void

    let tests: [FairnessTest]
    /// Among which p-values were adjusted.
    let testCount: Int

    static let attributes: [ProtectedAttribute.Kind] = [
        .gender, .ageBand, .ethnicity, .disability, .religion, .orientation, .careWork,
    ]
    /// Groups of one attribute that are compared with the largest one; more are left out, the smallest first.
    static let maximumGroups = 8

    /// One comparison before it is judged.
    fileprivate struct Trial: Sendable {
        var attribute: ProtectedAttribute.Kind
        var measure: FairnessTest.Measure
        var reference: String
        var group: String
        var units: [GroupComparison.Unit]

        func compare(draws: Int, seed: UInt64) -> GroupComparison {
            measure.isOutcome
                ? GroupComparison(outcome: units) : GroupComparison(measure: units, draws: draws, seed: seed)
        }
    }

    /// Every attribute and every measure has at least one line, whoever has declared what: that there is none would tell that
    /// nobody has.
    ///
    /// - Parameters:
    ///   - units: coachees, by a name that is used for nothing but the labels.
    ///   - labels: by attribute, then by coachee, the group.
    init(
        _ units: [String: FairnessUnit], labels: [ProtectedAttribute.Kind: [String: String]], draws: Int, seed: UInt64,
        report: Report = { _ in }
    ) async throws {
        let strata = Set(units.values.map(\.circumstances)).sorted()
        let numbers = Dictionary(uniqueKeysWithValues: strata.enumerated().map { ($1, $0) })
        var trials: [Trial] = []
        var tests: [FairnessTest] = []
        for attribute in Self.attributes {
            for measure in FairnessTest.Measure.all {
                let found = Self.trials(attribute, measure, units, labels[attribute] ?? [:], numbers)
                trials += found
                if found.isEmpty {
                    tests.append(FairnessTest(attribute: attribute, measure: measure, verdict: .insufficient))
                }
            }
        }
        var comparisons: [GroupComparison] = []
        for (number, trial) in trials.enumerated() {
            try Task.checkCancellation()
            // Ten thousand deals are not for an event loop.
            comparisons.append(await Task.detached { trial.compare(draws: draws, seed: seed) }.value)
            try await report(Double(number + 1) / Double(trials.count))
        }
        let adjusted = FalseDiscovery.adjusted(comparisons.map(\.stratifiedP))
        testCount = trials.count
        for (trial, (comparison, q)) in zip(trials, zip(comparisons, adjusted)) {
            tests.append(Self.test(trial, comparison, adjusted: q, strata))
        }
        self.tests = tests.sorted { one, other in
            (one.attribute.rawValue, one.measure.rawValue, one.group)
                < (other.attribute.rawValue, other.measure.rawValue, other.group)
        }
    }

    /// Each group of ten and more beside the largest one.
    private static func trials(
        _ attribute: ProtectedAttribute.Kind, _ measure: FairnessTest.Measure, _ units: [String: FairnessUnit],
        _ labels: [String: String], _ numbers: [FairnessUnit.Circumstances: Int]
    ) -> [Trial] {
        var groups: [String: [GroupComparison.Unit]] = [:]
        for (person, unit) in units.sorted(by: { $0.key < $1.key }) {
            guard let label = labels[person], let value = unit.values[measure],
                let stratum = numbers[unit.circumstances]
            else { continue }
            groups[label, default: []].append(.init(group: 0, stratum: stratum, value: value))
        }
        let large = groups.filter { $0.value.count >= GroupComparison.minimumGroup }
            .sorted { ($1.value.count, $0.key) < ($0.value.count, $1.key) }
        guard let reference = large.first else { return [] }
        let others = reference.value.map { unit in
            var unit = unit
            unit.group = 1
            return unit
        }
        return large.dropFirst().prefix(maximumGroups).map { group in
            Trial(
                attribute: attribute, measure: measure, reference: reference.key, group: group.key,
                units: group.value + others)
        }
    }

    private static func test(
        _ trial: Trial, _ comparison: GroupComparison, adjusted q: Double, _ strata: [FairnessUnit.Circumstances]
    ) -> FairnessTest {
        let verdict = comparison.verdict(adjusted: q)
        var test = FairnessTest(
            attribute: trial.attribute, measure: trial.measure, referenceGroup: trial.reference, group: trial.group,
            verdict: verdict.message)
        test.impactRatio = comparison.impactRatio.map { .init(value: ($0 * 1000).rounded() / 1000) }
        if let difference = comparison.difference {
            test.difference = .init(value: Rounding.level(difference.value))
            test.differenceInterval = Schema.Interval(Rounding.level(Interval(difference.interval)))
        }
        test.pValue = .init(value: comparison.stratifiedP)
        test.qValue = .init(value: q)
        if verdict == .confounded {
            test.strata = StratifiedTable(trial.units).rows.map { row in
                FairnessTest.Stratum(
                    circumstances: row.strata.map { "\(strata[$0])" }.joined(separator: "; "),
                    referenceCount: Int32(row.counts[1]), groupCount: Int32(row.counts[0]),
                    referenceValue: trial.measure.shown(row.means[1]), groupValue: trial.measure.shown(row.means[0]))
            }
        }
        return test
    }
}

extension TrustModel.Interval {
    init(_ range: ClosedRange<Double>) { self.init(lower: range.lowerBound, upper: range.upperBound) }
}

extension GroupComparison.Verdict {
    var message: FairnessTest.Verdict {
        switch self {
        case .insufficient: .insufficient
        case .none: .noDifferenceSeen
        case .smallSample: .smallSample
        case .confounded: .confounded
        case .differenceLikely: .differenceLikely
        }
    }
}
