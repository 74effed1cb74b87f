import Schema

@testable import rapport

/// docs/domain.md §8.1: the golden trajectory, as of day 7 · week + 3, to 4 decimals.
struct GoldenWeek: Sendable, CustomStringConvertible {
    let week: Int
    /// Reliability, integrity, competence, empathy.
    let components: [Double]
    let score: Double
    let interval: (lower: Double, upper: Double)
    let band: Band

    var day: Int { 7 * week + 3 }
    var description: String { "week \(week)" }

    static let all = [
        GoldenWeek(0, [0.5982, 0.4995, 0.5000, 0.4599], 0.5144, (0.3048, 0.7216), .insufficientEvidence),
        GoldenWeek(2, [0.7854, 0.5797, 0.5379, 0.6006], 0.6259, (0.4537, 0.7849), .mixed),
        GoldenWeek(4, [0.8482, 0.6158, 0.6312, 0.6539], 0.6873, (0.5396, 0.8198), .mixed),
        GoldenWeek(5, [0.7707, 0.6148, 0.6289, 0.6514], 0.6665, (0.5161, 0.8032), .mixed),
        GoldenWeek(6, [0.7865, 0.6138, 0.6208, 0.7064], 0.6819, (0.5412, 0.8093), .mixed),
        GoldenWeek(8, [0.8260, 0.7005, 0.6381, 0.7200], 0.7212, (0.5910, 0.8367), .healthy),
        GoldenWeek(12, [0.8680, 0.7481, 0.7181, 0.7500], 0.7711, (0.6549, 0.8714), .healthy),
        GoldenWeek(16, [0.8582, 0.7416, 0.7093, 0.7349], 0.7610, (0.6363, 0.8687), .healthy),
        GoldenWeek(24, [0.8335, 0.7275, 0.6897, 0.7013], 0.7380, (0.5955, 0.8612), .healthy),
    ]

    /// T on day 87.
    static let finalScore = 0.771052

    private init(
        _ week: Int, _ components: [Double], _ score: Double, _ interval: (Double, Double), _ band: Band
    ) {
        self.week = week
        self.components = components
        self.score = score
        self.interval = interval
        self.band = band
    }
}

extension Double {
    /// Equal to what the golden table prints with 4 decimals.
    func prints(as golden: Double) -> Bool { Format.fixed(self, 4) == Format.fixed(golden, 4) }
}
