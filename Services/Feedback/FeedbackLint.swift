import Schema
import ServiceKit

/// What would make feedback easier to take (docs/domain.md §6.2, §3.15): it shows the way from the person to the task.
/// The word lists are English; a text in another language is judged by its structure alone.
enum FeedbackLint {
    /// - Parameter history: the strengths that the author has named lately.
    /// - Returns: in the order of their codes.
    static func findings(on item: FeedbackItem, after history: GivenStrengths = GivenStrengths()) -> [LintFinding] {
        let improves = item.kind != .recognition && item.kind != .neutral
        let described = item.kind != .neutral
        let texts = [item.situation, item.behaviour, item.impact, item.nextStep, item.strength].map(words)
        let told = texts.prefix(3)
        let checks: [(Bool, LintFinding.Code, String)] = [
            (described && !item.situation.saysSomething, .missingSituation, "say when and where it was"),
            (
                described && !item.behaviour.saysSomething, .missingBehaviour,
                "say what was done, as a camera would see it"
            ),
            (described && !item.impact.saysSomething, .missingImpact, "say what it brought about"),
            (improves && !item.nextStep.saysSomething, .noNextStep, "say what could be tried next time"),
            (
                item.focus == .person || texts.contains(where: isAboutPerson), .personFocused,
                "speak of what was done, not of who somebody is"
            ),
            (
                told.contains { $0.contains { absolutes.contains(String($0)) } }, .absoluteWords,
                "name the one occasion: always and never invite counter-examples"
            ),
            (
                improves && !item.namesStrength && history.lackInLastThree, .noStrengthInLast3,
                "your last three named no strength either: what went well?"
            ),
            (texts.contains(where: compares), .comparisonToPeer, "compare with the goal, not with other people"),
            (
                described && texts.dropFirst().contains(where: VagueWords.areAll), .vagueWords,
                "say what one could have seen, or could do next time"
            ),
        ]
        return checks.filter(\.0).map { LintFinding(code: $0.1, advice: $0.2) }
    }

    private static let absolutes: Set<String> = ["always", "never"]

    /// What somebody is said to be, by "you are …".
    private static let traits: Set<String> = [
        "aggressive", "arrogant", "bad", "boring", "careless", "childish", "chaotic", "clumsy", "cold", "difficult",
        "disorganised", "disorganized", "dumb", "egoistic", "hopeless", "ignorant", "immature", "impatient",
        "incapable",
        "incompetent", "insensitive", "lazy", "mean", "moody", "naive", "negative", "passive", "pathetic", "rude",
        "selfish", "sensitive", "slow", "sloppy", "stubborn", "stupid", "unfriendly", "unmotivated", "unprofessional",
        "unreliable", "useless", "weak",
    ]
    private static let subjects: [[String]] = [
        ["you", "are"], ["you", "re"], ["you", "were"], ["you", "have", "been"], ["you", "seem"],
    ]
    /// What may stand between "you are" and the trait: you are just a bit too slow.
    private static let fillers: Set<String> = [
        "a", "always", "an", "being", "bit", "completely", "just", "little", "never", "often", "quite", "rather",
        "really", "simply", "so", "such", "the", "too", "totally", "very",
    ]
    private static let selves: [[String]] = [
        ["your", "attitude"], ["your", "character"], ["your", "personality"], ["your", "nature"],
        ["that", "is", "who", "you", "are"],
    ]
    private static let peers: Set<String> = [
        "anybody", "anyone", "colleague", "colleagues", "everybody", "everyone", "others", "peer", "peers", "teammate",
        "teammates",
    ]
    private static let comparisons: [[String]] = [["than"], ["compared", "to"], ["compared", "with"], ["unlike"]]
    /// Between the comparison and the peers: than most of your colleagues.
    private static let determiners: Set<String> = ["all", "any", "most", "of", "other", "our", "the", "your"]
    private static let outright: [[String]] = [
        ["everyone", "else"], ["everybody", "else"], ["rest", "of", "the", "team"],
    ]

    private static func isAboutPerson(_ words: [Substring]) -> Bool {
        positions(of: selves, in: words).first != nil
            || positions(of: subjects, in: words).contains { end in
                words[end...].first { !fillers.contains(String($0)) }.map { traits.contains(String($0)) } ?? false
            }
    }

    private static func compares(_ words: [Substring]) -> Bool {
        positions(of: outright, in: words).first != nil
            || positions(of: comparisons, in: words).contains { end in
                words[end...].first { !determiners.contains(String($0)) }.map { peers.contains(String($0)) } ?? false
            }
    }

    /// Where each occurrence of a phrase ends.
    private static func positions(of phrases: [[String]], in words: [Substring]) -> [Int] {
        words.indices.flatMap { start in
            phrases.compactMap { phrase in
                words[start...].prefix(phrase.count).elementsEqual(phrase, by: ==) ? start + phrase.count : nil
            }
        }
    }

    /// Lower case, without punctuation; you're becomes you, re.
    private static func words(_ text: String) -> [Substring] {
        text.lowercased().split { !$0.isLetter && !$0.isNumber }
    }
}

/// Whether the last items that somebody delivered to the other name a strength; NEUTRAL ones do not count (docs/domain.md
/// §4.2).
struct GivenStrengths: Hashable {
    private static let window = 3

    /// One character for each, the latest last: + with a strength, - without.
    private(set) var text: String

    init(_ text: String = "") { self.text = text }

    mutating func note(_ item: FeedbackItem) {
        guard item.kind != .neutral else { return }
        text = String((text + (item.namesStrength ? "+" : "-")).suffix(Self.window + 1))
    }

    /// As it was before the latest.
    var beforeLatest: GivenStrengths { GivenStrengths(String(text.dropLast())) }

    var lackInLastThree: Bool { text.count >= Self.window && !text.suffix(Self.window).contains("+") }
}
