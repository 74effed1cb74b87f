import Glibc
import Testing

@testable import TrustModel

/// Differential privacy of exports (docs/domain.md §5.3).
@Suite struct PrivacyTests {
    @Test func goldenG31() {
        let scale = PrivateFigures.meanScale(count: 40, epsilon: 1)
        #expect(near(scale, 0.025))
        #expect(near(PrivateFigures.standardDeviation(scale: scale), 0.035355))
        #expect(near(PrivateFigures.halfWidth(scale: scale), 0.074893))
        #expect(PrivateFigures.countScale(epsilon: 0.5) == 2)
    }

    /// χ² of 200,000 draws against P(k) ∝ exp(−|k|/5), over 21 bins: beyond 52.4 by chance once in 10,000.
    @Test func noiseHasTheDistributionThatItSays() {
        var random = seeded()
        let draws = 200_000
        var counts: [Int64: Int] = [:]
        var sum = 0.0
        var squares = 0.0
        for _ in 0..<draws {
            let value = DiscreteLaplace.sample(scale: 5, over: 1, using: &random)
            counts[max(-10, min(10, value)), default: 0] += 1
            sum += Double(value)
            squares += Double(value * value)
        }
        let q = exp(-1.0 / 5)
        func probability(_ value: Int64) -> Double {
            let whole = (1 - q) / (1 + q)
            guard abs(value) == 10 else { return whole * pow(q, Double(abs(value))) }
            return whole * pow(q, 10) / (1 - q)
        }
        let chiSquare = (-10...10).map { value -> Double in
            let expected = probability(Int64(value)) * Double(draws)
            let difference = Double(counts[Int64(value)] ?? 0) - expected
            return difference * difference / expected
        }.reduce(0, +)
        #expect(chiSquare < 52.4, "χ² \(chiSquare)")
        let variance = 2 * q / ((1 - q) * (1 - q))
        #expect(abs(sum / Double(draws)) < 4 * (variance / Double(draws)).squareRoot())
        #expect(abs(squares / Double(draws) / variance - 1) < 0.03)
    }

    @Test func meansScatterByLaplaceAroundTheTruth() {
        var random = seeded()
        let draws = 20_000
        let scale = PrivateFigures.meanScale(count: 40, epsilon: 1)
        let errors = (0..<draws).map { _ in
            PrivateFigures.mean(0.5, count: 40, epsilon: 1, using: &random) - 0.5
        }
        let within = errors.count { abs($0) <= PrivateFigures.halfWidth(scale: scale) }
        #expect(abs(Double(within) / Double(draws) - 0.95) < 0.01)
        let deviation = (errors.map { $0 * $0 }.reduce(0, +) / Double(draws)).squareRoot()
        #expect(abs(deviation / 0.035355 - 1) < 0.05)
        #expect(PrivateFigures.mean(1, count: 5, epsilon: 0.01, using: &random) <= 1)
    }

    /// The odds of any answer change by e^ε at most when one coachee does.
    @Test func oneCoacheeChangesTheOddsByEpsilonAtMost() {
        var random = seeded()
        let draws = 200_000
        let epsilon = 1.0
        func histogram(_ count: Int) -> [Int64: Double] {
            var bins: [Int64: Double] = [:]
            for _ in 0..<draws { bins[PrivateFigures.count(count, epsilon: epsilon, using: &random), default: 0] += 1 }
            return bins
        }
        let (one, other) = (histogram(20), histogram(21))
        for (value, count) in one where count > 1000 {
            let ratio = count / max(1, other[value] ?? 0)
            #expect(abs(log(ratio)) < epsilon + 0.15, "at \(value): \(ratio)")
        }
    }

    @Test func theBudgetIsSpentBeforeAnythingIsTold() throws {
        var budget = PrivacyBudget()
        for _ in 0..<20 { try budget.debit(PrivacyBudget.cost(of: 0.1)!) }
        #expect(budget.left == 0, "twenty tenths are exactly two")
        #expect(throws: PrivacyBudget.Spent(left: 0)) { try budget.debit(1) }
        var other = PrivacyBudget(spent: 1_500_000)
        #expect(throws: PrivacyBudget.Spent(left: 500_000)) { try other.debit(500_001) }
        #expect(other.spent == 1_500_000, "what is refused costs nothing")
        try other.debit(500_000)
        #expect(throws: PrivacyBudget.Spent.self) { try other.debit(0) }
    }

    @Test func whatIsAnEpsilon() {
        #expect(PrivacyBudget.cost(of: 2) == 2_000_000 && PrivacyBudget.cost(of: 0.1) == 100_000)
        #expect(PrivacyBudget.cost(of: 1e-9) == 1, "rounded up")
        for value in [0, -1, 2.1, .infinity, .nan] { #expect(PrivacyBudget.cost(of: value) == nil) }
    }
}
