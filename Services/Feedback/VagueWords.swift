/// Words that judge and show nothing: good job, be more proactive (docs/domain.md A2, §6.2). English, as the other lists.
enum VagueWords {
    private static let judgements: Set<String> = [
        "awesome", "bad", "best", "better", "bigger", "excellent", "fantastic", "fine", "good", "great", "harder",
        "ideal",
        "improve", "improved", "improvement", "more", "nice", "okay", "perfect", "somehow", "super", "wonderful",
        "wrong",
    ]
    private static let phrases: [[String]] = [
        ["well", "done"], ["step", "up"], ["work", "on"], ["keep", "it", "up"],
    ]
    /// What ties a text to an occasion: times, numbers, reasons.
    private static let anchors: Set<String> = [
        "after", "because", "before", "by", "during", "each", "until", "when", "while", "second", "seconds", "minute",
        "minutes", "hour", "hours", "day", "days", "morning", "monday", "tuesday", "wednesday", "thursday", "friday",
        "saturday", "sunday", "january", "february", "march", "april", "june", "july", "august", "september", "october",
        "november", "december", "once", "twice", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine",
        "ten", "first", "third",
    ]
    /// A text of so many words has said something besides.
    private static let manyWords = 12

    /// Whether a text judges, and ties it to nothing.
    static func areAll(_ words: [Substring]) -> Bool {
        guard !words.isEmpty, words.count < manyWords else { return false }
        let judges =
            words.contains { judgements.contains(String($0)) }
            || words.indices.contains { start in
                phrases.contains { words[start...].prefix($0.count).elementsEqual($0, by: ==) }
            }
        return judges && !words.contains { anchors.contains(String($0)) || $0.contains(where: \.isNumber) }
    }
}
