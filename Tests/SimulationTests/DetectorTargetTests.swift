import Simulation
import Testing
import TrustModel

@Suite("What the detectors notice, and how often by chance (docs/domain.md §4.1 to §4.3)")
struct DetectorTargetTests {
    /// Not used for choosing any parameter.
    static let seeds: [UInt64] = [20_261, 20_262, 20_263]

    /// A cumulative sum whose alerts are acknowledged at once.
    private func detector(
        _ test: CumulativeSum, _ thresholds: Thresholds
    ) -> () -> (Bool, Instant) -> Bool {
        {
            var (sum, course) = (0.0, AlertCourse())
            return { isBad, instant in
                sum = test.next(after: sum, isBad)
                switch course.take(thresholds.reading(of: sum), at: instant) {
                case .raise(true), .escalate:
                    sum = 0
                    course.signal?.state = .acknowledged
                    return true
                default: return false
                }
            }
        }
    }

    @Test("S26: D1, 2 obligations a week, from .08 to .40", arguments: seeds)
    func inconsistency(seed: UInt64) {
        let trial = DetectorTrial(
            relationships: 20_000, plantedShare: 0.15, rate: 2, healthy: (2, 23), changed: 0.40)
        let result = trial.run(seed: seed, detector(.inconsistency, .inconsistency))
        print("D1, seed \(seed): \(result)")
        #expect(result.recall >= 0.92)
        #expect(result.recallInTime >= 0.73)
        #expect(result.precision >= 0.70)
        #expect(result.chancePerYear <= 0.10)
    }

    private func balance() -> (Bool, Instant) -> Bool {
        var (items, course) = ([FeedbackBalance.Item](), AlertCourse())
        return { isBad, instant in
            items.append(.init(isBad ? .criticismOnly : .balanced, at: instant))
            items = items.suffix(24)
            switch course.take(FeedbackBalance(items, at: instant).reading, at: instant) {
            case .raise(true), .escalate:
                course.signal?.state = .acknowledged
                return true
            default: return false
            }
        }
    }

    /// Recall is judged over the three seeds together: it lies so near the target that one alone may fall below by chance.
    @Test("S27: D2, one item in each week, from .20 to .75 criticism only")
    func criticism() {
        var recalls: [Double] = []
        for seed in Self.seeds {
            let trial = DetectorTrial(
                relationships: 20_000, plantedShare: 0.12, rate: 1, healthy: (4, 16), changed: 0.75, isRegular: true)
            let result = trial.run(seed: seed, balance)
            print("D2, seed \(seed): \(result)")
            recalls.append(result.recall)
            #expect(result.recallInTime >= 0.68)
            #expect(result.chancePerYear <= 0.06)
        }
        #expect(recalls.reduce(0, +) / Double(recalls.count) >= 0.94)
    }

    /// Where items come by chance, at times none for weeks, recall falls short of .94 by less than a hundredth.
    @Test("D2, items at random, one a week in the mean", arguments: seeds)
    func criticismAtRandom(seed: UInt64) {
        let trial = DetectorTrial(
            relationships: 20_000, plantedShare: 0.12, rate: 1, healthy: (4, 16), changed: 0.75)
        let result = trial.run(seed: seed, balance)
        print("D2 at random, seed \(seed): \(result)")
        #expect(result.recall >= 0.92)
        #expect(result.recallInTime >= 0.68)
        #expect(result.chancePerYear <= 0.06)
    }

    @Test("D3, one decision in two weeks, from .08 to .50 unexplained", arguments: seeds)
    func opacity(seed: UInt64) {
        let trial = DetectorTrial(
            relationships: 20_000, plantedShare: 0.12, rate: 0.5, healthy: (2, 23), changed: 0.50)
        let result = trial.run(seed: seed, detector(.opacity, .opacity(recentDecisions: 4)))
        print("D3, seed \(seed): \(result)")
        #expect(result.recall >= 0.80)
        #expect(result.chancePerYear <= 0.10)
    }
}
