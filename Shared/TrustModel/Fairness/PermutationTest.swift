/// Whether the labels matter: how often a statistic is as large when they are dealt anew within their strata.
///
/// The labels are dealt by numbers of a seed, so the same data give the same p-value on every machine. Its error is that of
/// B draws: at p = .05 and B = 9999, .002.
public struct PermutationTest: Hashable, Sendable {
    /// B, at least (docs/domain.md §4.4).
    public static let minimumDraws = 9999
    public static let defaultSeed: UInt64 = 0x9E37_79B9_7F4A_7C15

    /// (1 + draws at least as extreme) / (1 + B): never 0 (Phipson & Smyth 2010).
    public let pValue: Double

    /// - Parameters:
    ///   - labels: of each unit.
    ///   - strata: of each unit; labels move within one.
    ///   - statistic: of labels; large is extreme.
    public init(
        labels: [Int], strata: [Int], draws: Int = minimumDraws, seed: UInt64 = defaultSeed,
        statistic: ([Int]) -> Double
    ) {
        precondition(labels.count == strata.count, "each unit has a label and a stratum")
        let groups = Dictionary(grouping: labels.indices, by: { strata[$0] }).sorted { $0.key < $1.key }.map(\.value)
        let observed = statistic(labels)
        // What is equal but for rounding is as extreme.
        let limit = observed - 1e-12 * max(1, abs(observed))
        var dealt = labels
        var random = SplitMix64(state: seed)
        var extreme = 0
        for _ in 0..<draws {
            for group in groups {
                for position in stride(from: group.count - 1, to: 0, by: -1) {
                    dealt.swapAt(group[position], group[random.below(position + 1)])
                }
            }
            if statistic(dealt) >= limit { extreme += 1 }
        }
        pValue = Double(1 + extreme) / Double(1 + draws)
    }
}
