import Schema
import ServiceKit

/// Goal attainment scaling: five described levels, −2 to +2, 0 being what was expected (docs/domain.md §3.15).
enum AttainmentScale {
    static let levels: ClosedRange<Int32> = -2...2
    /// Characters in the description of one level.
    static let textLength = 1...500

    /// Five distinct texts or none.
    /// - Throws: INVALID_ARGUMENT, GAS_NOT_ORDERED.
    static func check(_ texts: [String]) throws {
        guard !texts.isEmpty else { return }
        let words = Set(texts.map { $0.split(whereSeparator: \.isWhitespace).joined(separator: " ") })
        guard texts.count == levels.count, words.count == levels.count, !words.contains("") else {
            throw Refusal.invalid(
                "goal.gas_levels", "five distinct texts are needed, for -2 to +2 in this order, or none",
                reason: "GAS_NOT_ORDERED")
        }
        for text in texts { try Check.text(text, "goal.gas_levels", textLength) }
    }

    /// What a level at the final review makes of a goal (docs/domain.md rule 14).
    static func outcome(of level: Int32) -> Goal.State {
        switch level {
        case 0...: .achieved
        case -1: .partly
        default: .notAchieved
        }
    }
}
