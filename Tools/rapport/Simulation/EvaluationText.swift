import Simulation

/// What was found, beside what should be.
enum EvaluationText {
    static func lines(_ evaluations: [Evaluation], pairs: Int) -> [String] {
        var table = TextTable(
            ("planted", .left), ("pairs", .right), ("found", .left), ("in 12 weeks", .left), ("after", .right),
            ("right", .left), ("by chance", .right), ("targets", .left))
        for evaluation in evaluations {
            table.rows.append([
                evaluation.kind.rawValue, "\(evaluation.recall.trials)", text(evaluation.recall),
                text(evaluation.earlyRecall), evaluation.medianDelay.map { "\(Format.fixed($0, 1)) weeks" } ?? "-",
                text(evaluation.precision), evaluation.chancePerYear.map { Format.fixed($0, 3) } ?? "-",
                target(evaluation.kind),
            ])
        }
        return table.lines + [
            "",
            "found: of what was planted; right: of the pairs with an alarm; by chance: alarms in a healthy relationship and year.",
            "Intervals are Wilson's, 95 %. Of \(pairs) pairs.",
        ]
    }

    private static func text(_ share: Proportion) -> String {
        guard let value = share.value, let interval = share.interval else { return "-" }
        return
            "\(Format.fixed(value, 3)) [\(Format.fixed(interval.lowerBound, 2)), \(Format.fixed(interval.upperBound, 2))]"
    }

    private static func target(_ kind: Planting.Kind) -> String {
        let target = Target(of: kind)
        return [
            "found ≥ \(Format.fixed(target.recall, 2))", target.earlyRecall.map { "early ≥ \(Format.fixed($0, 2))" },
            target.precision.map { "right ≥ \(Format.fixed($0, 2))" },
            "chance ≤ \(Format.fixed(target.chancePerYear, 2))",
        ].compactMap { $0 }.joined(separator: ", ")
    }
}
