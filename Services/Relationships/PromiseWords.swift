import ServiceKit

/// Words by which a text promises something (docs/domain.md §4.5, M5). The list is English; in another language nobody is
/// reminded.
enum PromiseWords {
    private static let phrases: [[String]] = [
        ["i", "will"], ["i", "ll"], ["we", "will"], ["we", "ll"], ["i", "promise"], ["we", "promise"], ["i", "commit"],
        ["i", "am", "going", "to"], ["i", "m", "going", "to"], ["you", "can", "count", "on"], ["i", "shall"],
    ]
    /// Behind "I will" they promise nothing.
    private static let negations: Set<String> = ["not", "never"]

    static func occur(in text: String) -> Bool {
        let words = text.lowercased().split { !$0.isLetter && !$0.isNumber }.map(String.init)
        return words.indices.contains { start in
            phrases.contains { phrase in
                let end = start + phrase.count
                return end <= words.count && Array(words[start..<end]) == phrase
                    && (end == words.count || !negations.contains(words[end]))
            }
        }
    }
}
