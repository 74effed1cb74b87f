import Schema
import ServiceKit
import TrustModel

/// The T-score of a pair's goals (Kiresuk & Sherman 1968; docs/domain.md §3.15).
extension GasScore {
    /// A decided goal and the level of its countersigned FINAL attainment.
    struct Result: Hashable {
        var goal: Goal
        var level: Int32
    }

    /// Experiments do not count: failing one never counts against anybody (docs/domain.md S06).
    init(over results: [Result]) {
        let counting = results.filter { $0.goal.type != .experiment }
        self.init()
        let score = GoalAttainment.tScore(
            counting.map { GoalAttainment.Score(level: Int($0.level), weight: Double($0.goal.weight)) })
        guard let score else { return }
        tScore = score
        goals = Int32(counting.count)
        rawMean = Double(counting.reduce(0) { $0 + $1.level }) / Double(counting.count)
    }
}
