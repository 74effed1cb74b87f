/// A weighted mean and how far chance may have moved it: coaches are drawn whole, since the relationships of one coach are
/// alike (docs/domain.md §5.1; Efron & Tibshirani 1993; Cameron, Gelbach & Miller 2008).
public struct ClusterBootstrap: Hashable, Sendable {
    public static let draws = 1000

    /// One relationship's value and weight.
    public struct Reading: Hashable, Sendable {
        public var cluster: UInt64
        public var value: Double
        /// Above 0.
        public var weight: Double

        public init(cluster: UInt64, value: Double, weight: Double = 1) {
            self.cluster = cluster
            self.value = value
            self.weight = weight
        }
    }

    public let mean: Double
    /// The central 90 % of the means of the draws. The same data give the same interval on every machine.
    public let interval: Interval

    /// - Parameter readings: at least one; their order does not matter.
    public init?(_ readings: [Reading], draws: Int = Self.draws) {
        guard !readings.isEmpty else { return nil }
        let clusters = Dictionary(grouping: readings, by: \.cluster).sorted { $0.key < $1.key }.map { _, readings in
            var (sum, weight) = (CompensatedSum(), CompensatedSum())
            for reading in readings.sorted(by: { ($0.value, $0.weight) < ($1.value, $1.weight) }) {
                sum.add(reading.value * reading.weight)
                weight.add(reading.weight)
            }
            return (sum: sum.value, weight: weight.value)
        }
        let whole = clusters.reduce(into: (sum: 0.0, weight: 0.0)) { $0 = ($0.sum + $1.sum, $0.weight + $1.weight) }
        mean = whole.sum / whole.weight
        var random = SplitMix64(state: 0xC0AC_4E5)
        var means: [Double] = []
        means.reserveCapacity(draws)
        for _ in 0..<draws {
            var (sum, weight) = (0.0, 0.0)
            for _ in clusters.indices {
                let cluster = clusters[random.below(clusters.count)]
                sum += cluster.sum
                weight += cluster.weight
            }
            means.append(sum / weight)
        }
        interval = Interval(centralOf: means)
    }
}

extension Interval {
    /// The 5 % and the 95 % quantile of draws, at least one.
    init(centralOf draws: [Double]) {
        let sorted = draws.sorted()
        func quantile(_ probability: Double) -> Double {
            sorted[min(sorted.count - 1, Int(probability * Double(sorted.count)))]
        }
        self.init(lower: quantile(0.05), upper: quantile(0.95))
    }
}
