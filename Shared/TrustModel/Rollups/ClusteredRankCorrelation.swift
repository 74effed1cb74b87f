import Glibc

/// Spearman's rank correlation, and how far chance may have moved it where the pairs of a cluster are alike.
///
/// The interval is the jackknife's that leaves out one cluster at a time, on the scale of Fisher's z, with Student's t of one
/// degree of freedom less than there are clusters. It needs no chance and no seed, follows the ranks as they move, takes
/// whatever dependence there is within a cluster, and errs towards too wide an interval where clusters are few or uneven;
/// there a bootstrap that draws clusters gives too narrow ones (MacKinnon, Nielsen & Webb 2023).
public struct ClusteredRankCorrelation: Hashable, Sendable {
    /// Beyond so many clusters they are left out in groups (Kott 2001): the interval needs no more, and costs as much for each.
    public static let maximumGroups = 200
    public static let confidence = 0.90
    /// |ρ| beyond which Fisher's z says nothing more.
    private static let largest = 1 - 1e-9

    public struct Pair: Hashable, Sendable {
        public var cluster: UInt64
        public var x: Double
        public var y: Double

        public init(cluster: UInt64, x: Double, y: Double) {
            self.cluster = cluster
            self.x = x
            self.y = y
        }
    }

    /// ρ, -1...1.
    public let correlation: Double
    /// 90 %, to be shown even where it spans 0.
    public let interval: Interval

    /// Nil with fewer than three clusters, and where x or y does not vary, or would not without one cluster. The order of the
    /// pairs does not matter.
    public init?(_ pairs: [Pair]) {
        let (groups, count) = Self.groups(of: pairs)
        guard count > 2 else { return nil }
        var ranks = Ranks(pairs, groups)
        guard let whole = ranks.correlation(without: -1) else { return nil }
        let z = Self.z(whole)
        var squares = 0.0
        for group in 0..<count {
            guard let rest = ranks.correlation(without: group) else { return nil }
            let difference = Self.z(rest) - z
            squares += difference * difference
        }
        let error = (squares * Double(count - 1) / Double(count)).squareRoot()
        let width =
            StudentDistribution(degreesOfFreedom: Double(count - 1)).halfWidth(confidence: Self.confidence) * error
        correlation = whole
        interval = Interval(lower: tanh(z - width), upper: tanh(z + width))
    }

    private static func z(_ correlation: Double) -> Double { atanh(min(max(correlation, -largest), largest)) }

    /// Of each pair its group: the clusters, dealt out from the largest to the smallest where there are too many.
    private static func groups(of pairs: [Pair]) -> (groups: [Int], count: Int) {
        var sizes: [UInt64: Int] = [:]
        for pair in pairs { sizes[pair.cluster, default: 0] += 1 }
        let count = min(sizes.count, maximumGroups)
        let clusters = sizes.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
        let places = Dictionary(uniqueKeysWithValues: clusters.enumerated().map { ($1.key, $0 % count) })
        return (pairs.map { places[$0.cluster] ?? 0 }, count)
    }

    private struct Ranks {
        let groups: [Int]
        let x: [Double]
        let y: [Double]
        /// The pairs in ascending order of x, and of y.
        let byX: [Int]
        let byY: [Int]
        private var ofX: [Double]
        private var ofY: [Double]

        init(_ pairs: [Pair], _ groups: [Int]) {
            self.groups = groups
            let (x, y) = (pairs.map(\.x), pairs.map(\.y))
            (self.x, self.y) = (x, y)
            byX = x.indices.sorted { x[$0] < x[$1] }
            byY = y.indices.sorted { y[$0] < y[$1] }
            ofX = Array(repeating: 0, count: x.count)
            ofY = ofX
        }

        /// Of the pairs that are not in a group; nil where one side does not vary.
        mutating func correlation(without group: Int) -> Double? {
            let count = rank(byX, x, without: group, into: &ofX)
            _ = rank(byY, y, without: group, into: &ofY)
            let mean = Double(count + 1) / 2
            var (xx, xy, yy) = (0.0, 0.0, 0.0)
            for pair in groups.indices where groups[pair] != group {
                let (x, y) = (ofX[pair] - mean, ofY[pair] - mean)
                xx += x * x
                xy += x * y
                yy += y * y
            }
            guard xx > 0, yy > 0 else { return nil }
            return xy / (xx * yy).squareRoot()
        }

        /// Ranks from 1; equal values share the mean of theirs. One pass, since the order is known.
        private func rank(
            _ order: [Int], _ values: [Double], without group: Int, into ranks: inout [Double]
        ) -> Int {
            var before = 0
            var start = 0
            while start < order.count {
                var end = start
                var ties = 0
                while end < order.count, values[order[end]] == values[order[start]] {
                    if groups[order[end]] != group { ties += 1 }
                    end += 1
                }
                for place in start..<end { ranks[order[place]] = Double(before) + Double(ties + 1) / 2 }
                before += ties
                start = end
            }
            return before
        }
    }
}
