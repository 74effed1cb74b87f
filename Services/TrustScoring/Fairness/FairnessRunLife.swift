import Schema
import ServiceKit
import TrustModel

/// A fairness run from the request to what came of it (docs/domain.md §4.4 b, §6.4).
extension FairnessRun {
    /// Between two runs of one programme: two that differ by a person would tell of that person.
    static let restDays = 28
    static let draws: ClosedRange<Int32> = Int32(PermutationTest.minimumDraws)...99_999

    /// - Parameters:
    ///   - last: the end of the programme's last run that succeeded.
    ///   - name: of the new one.
    /// - Throws: `Refusal` for what breaks a limit, and FAIRNESS_TOO_SOON.
    static func asked(
        _ request: RunFairnessRequest, name: String, last: TrustModel.Instant?, at now: TrustModel.Instant
    ) throws -> FairnessRun {
        let draws = request.draws == 0 ? Self.draws.lowerBound : request.draws
        try Check.range(draws, "draws", Self.draws)
        if let last, now < last.advanced(byDays: restDays) {
            throw Refusal(
                .failedPrecondition, "FAIRNESS_TOO_SOON",
                "A programme is looked at once in \(restDays) days, so that no two runs differ by one person alone.")
        }
        return FairnessRun(
            name: name, programme: request.programme,
            startTime: now.advanced(byDays: -FairnessRunInputs.days).timestamp, endTime: now.timestamp,
            state: .pending,
            method: FairnessMethod(
                seed: request.seed, draws: draws, rate: GroupComparison.rate,
                minimumGroup: Int32(GroupComparison.minimumGroup), description: Self.description),
            createTime: now.timestamp, updateTime: now.timestamp)
    }

    static let description =
        "Each coachee counts once. Strata: how often the coachee meets the coach, how ambitious the goals are, how long the "
        + "coachee has been in the programme. Outcomes: Cochran-Mantel-Haenszel within strata, Fisher's exact test over all, "
        + "four fifths. Measures: permutation of the weighted mean difference within strata and over all, |d| of 0.3. "
        + "P-values within strata are adjusted over all tests of the run (Benjamini and Hochberg)."

    var isOpen: Bool { state == .pending || state == .running }

    /// Begins, or begins again after a restart. False when it is over.
    mutating func begin() -> Bool {
        guard isOpen else { return false }
        state = .running
        progressPercent = 0
        return true
    }

    mutating func cancel() throws {
        guard isOpen else { throw Refusal.wrongState("the run", is: state, needs: "PENDING or RUNNING") }
        state = .cancelled
    }

    mutating func fail(_ refusal: Refusal) {
        state = .failed
        failureReason = refusal.reason
        failureMessage = refusal.message
    }

    mutating func succeed(_ findings: FairnessFindings, _ pulse: FairnessPulse) {
        state = .succeeded
        progressPercent = 100
        tests = findings.tests
        method?.testCount = Int32(findings.testCount)
        self.pulse = pulse
    }

    /// For those who need the verdicts and not how they came about (docs/domain.md §6.9).
    var verdictsAlone: FairnessRun {
        var run = self
        run.method = nil
        run.tests = tests.map { test in
            var test = test
            test.pValue = nil
            test.qValue = nil
            return test
        }
        return run
    }
}
