import Schema

/// Every line of an explanation, with its day: the lines add up.
struct ExplanationText {
    let title: String
    let explanation: Explanation
    /// False where the profile shows no number yet: then neither do the ends of the change.
    let numberShown: Bool

    var lines: [String] {
        let from = explanation.from.map { CalendarDay(containing: $0).inWords } ?? "the beginning"
        let to = explanation.to.map { CalendarDay(containing: $0).inWords } ?? "now"
        let ends =
            numberShown
            ? "from \(Format.percent(explanation.scoreFrom)) to \(Format.percent(explanation.scoreTo)) of 100"
            : "too little has happened to show a number; what moved it is known"
        return [title, "\(from) to \(to): \(ends)", ""]
            + explanation.lines.map(Self.row)
            + [ProfileText.rule, ProfileText.row(explanation.change, "in all")]
    }

    static func row(_ line: Explanation.Line) -> String {
        let day = line.occurredAt.map { CalendarDay(containing: $0).short } ?? ""
        return ProfileText.row(
            line.contribution,
            "\(Format.left(day, 6))  \(Format.left(line.component.words, 11))  \(line.words)")
    }
}
