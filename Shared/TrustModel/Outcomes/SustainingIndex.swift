import Glibc

/// The geometric mean of four practices: one that is neglected cannot be made up for by another (docs/domain.md §3.13).
public struct SustainingIndex: Hashable, Sendable {
    /// A practice that does not happen at all must not hide the others.
    static let floor = 0.05

    /// Four, in the order of `Practice`.
    public let levels: [PracticeLevel]

    public init(_ facts: SustainingFacts, at instant: Instant) {
        levels = Practice.allCases.map { facts.level(of: $0, at: instant) }
    }

    /// SI, 0.05...1.
    public var value: Double { SustainingIndex.mean(levels.map(\.value)) }

    /// The lowest practice, the first of several.
    public var weakest: Practice {
        levels.reduce(levels[0]) { $1.value < $0.value ? $1 : $0 }.practice
    }

    /// (Π max(p, 0.05))^(1/4) for four p.
    public static func mean(_ values: [Double]) -> Double {
        exp(values.reduce(0) { $0 + logarithm($1) })
    }

    /// ¼ Δ ln p of each practice since another index; their sum is Δ ln SI.
    public func logChanges(since earlier: SustainingIndex) -> [Double] {
        zip(levels, earlier.levels).map {
            SustainingIndex.logarithm($0.value) - SustainingIndex.logarithm($1.value)
        }
    }

    private static func logarithm(_ value: Double) -> Double { log(max(value, floor)) / 4 }
}
