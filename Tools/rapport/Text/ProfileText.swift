import Schema
import Standard

/// A profile and the reasons of its latest change, for people.
struct ProfileText {
    let title: String
    let profile: TrustProfile
    /// The change that led here; nil prints the profile alone.
    var explanation: Explanation?

    /// Reasons shown one by one (docs/domain.md §3.8).
    static let shownReasons = 5

    var lines: [String] {
        [title, subtitle, "", headline, ""] + profile.components.map(component) + reasons
    }

    private var subtitle: String {
        let day = CalendarDay(containing: profile.asOf ?? .init()).inWords
        return profile.projected ? "as it would be on \(day) if nothing more happened" : "as of \(day)"
    }

    private var headline: String {
        guard profile.numberShown, let interval = profile.interval else {
            return "\(profile.band.words): too little has happened between the two to show a number"
        }
        let range = "\(Format.percent(interval.lower)) and \(Format.percent(interval.upper))"
        return "\(profile.band.words)   \(Format.percent(profile.score)) of 100, most likely between \(range)"
    }

    private func component(_ opinion: ComponentOpinion) -> String {
        let name = "  " + Format.left(opinion.component.words, 13)
        guard profile.numberShown else { return "\(name)\(opinion.component.meaning): \(opinion.knowledge)" }
        let number = Format.right(Format.percent(opinion.probability), 3)
        return "\(name)\(Format.bar(opinion.probability)) \(number)   "
            + "\(opinion.component.meaning) (\(opinion.knowledge))"
    }

    private var reasons: [String] {
        guard profile.numberShown, let explanation, let from = explanation.from else { return [] }
        let since = CalendarDay(containing: from).inWords
        let events = explanation.lines.filter { $0.cause != .timePassed }
        let others = events.dropFirst(Self.shownReasons)
        var rows = events.prefix(Self.shownReasons).map { line in
            let day = line.occurredAt.map { ", \(CalendarDay(containing: $0).short)" } ?? ""
            return (line.contribution, line.words + day)
        }
        if !others.isEmpty {
            let noun = others.count == 1 ? "other" : "others"
            rows.append((others.reduce(0) { $0 + $1.contribution }, "\(others.count) \(noun)"))
        }
        let time = explanation.lines.filter { $0.cause == .timePassed }.reduce(0) { $0 + $1.contribution }
        rows.append((time, "time passed"))
        return ["", "What changed since \(since), in points of 100:", ""]
            + rows.map { Self.row($0.0, $0.1) }
            + [Self.rule, Self.row(explanation.change, "in all")]
    }

    static let rule = "  " + String(repeating: "-", count: 6)

    static func row(_ contribution: Double, _ text: String) -> String {
        "  \(Format.right(Format.points(contribution), 6))  \(text)"
    }
}
