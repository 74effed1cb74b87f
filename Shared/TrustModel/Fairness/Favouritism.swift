import Glibc

/// Whether a coach treats one coachee as the odd one out, by what was done alone: no attribute of a person is asked for
/// (docs/domain.md §4.4 a). For the coach's own eyes.
public struct Favouritism: Sendable {
    public static let minimumCoachees = 4
    public static let minimumEvents = 12
    public static let maximumP = 0.01
    public static let minimumRatio = 1.5

    /// One comparable act, such as an answer: how long it took, or how much there was.
    public struct Event: Hashable, Sendable {
        public var coachee: Int
        /// What it answered: only like is compared with like.
        public var type: Int
        /// Above 0.
        public var value: Double

        public init(coachee: Int, type: Int, value: Double) {
            self.coachee = coachee
            self.type = type
            self.value = value
        }
    }

    public enum Verdict: Hashable, Sendable {
        /// Fewer than 4 coachees with 12 acts each.
        case insufficient
        case even
        /// One coachee's median is so many times that of the others.
        case uneven(coachee: Int, ratio: Double)
    }

    public let verdict: Verdict
    /// Nil where nothing can be said.
    public let pValue: Double?

    /// Coachees with fewer than 12 events are left out.
    public init(_ events: [Event], draws: Int = PermutationTest.minimumDraws) {
        let counts = Dictionary(grouping: events, by: \.coachee).filter { $0.value.count >= Self.minimumEvents }
        guard counts.count >= Self.minimumCoachees else {
            (verdict, pValue) = (.insufficient, nil)
            return
        }
        let events = events.filter { counts[$0.coachee] != nil }
        let logs = events.map { log($0.value) }
        let coachees = counts.keys.sorted()
        let place = Dictionary(uniqueKeysWithValues: coachees.enumerated().map { ($1, $0) })
        let test = PermutationTest(
            labels: events.map { place[$0.coachee] ?? 0 }, strata: events.map(\.type), draws: draws
        ) { labels in
            var (sums, counts) = (
                [Double](repeating: 0, count: coachees.count), [Double](repeating: 0, count: coachees.count)
            )
            for (label, value) in zip(labels, logs) {
                sums[label] += value
                counts[label] += 1
            }
            let means = zip(sums, counts).map { $1 == 0 ? 0 : $0 / $1 }
            let mean = means.reduce(0, +) / Double(means.count)
            return means.map { ($0 - mean) * ($0 - mean) }.reduce(0, +)
        }
        pValue = test.pValue
        let medians = coachees.map { coachee in
            (coachee: coachee, median: Self.median(events.filter { $0.coachee == coachee }.map(\.value)))
        }
        let ratios = medians.map { one in
            let others = Self.median(medians.filter { $0.coachee != one.coachee }.map(\.median))
            return (coachee: one.coachee, ratio: max(one.median / others, others / one.median))
        }
        guard test.pValue <= Self.maximumP, let worst = ratios.max(by: { $0.ratio < $1.ratio }),
            worst.ratio >= Self.minimumRatio
        else {
            verdict = .even
            return
        }
        verdict = .uneven(coachee: worst.coachee, ratio: worst.ratio)
    }

    private static func median(_ values: [Double]) -> Double {
        let sorted = values.sorted()
        let middle = sorted.count / 2
        return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    }
}
