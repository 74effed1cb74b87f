/// The tags of many participants as numbers, in one flat array: two participants are compared without touching text.
struct Tags: Sendable {
    private var numbers: [UInt32] = []
    private var ends: [Int] = []

    /// - Parameters:
    ///   - tags: of each participant, in their own order; repetitions are left out.
    ///   - vocabulary: the numbers that tags have, in this list and in those to be compared with it.
    init(_ tags: [[String]], _ vocabulary: inout [String: UInt32]) {
        for tags in tags {
            let begin = numbers.count
            for tag in tags {
                let number = vocabulary[tag] ?? UInt32(vocabulary.count)
                vocabulary[tag] = number
                if !numbers[begin...].contains(number) { numbers.append(number) }
            }
            ends.append(numbers.count)
        }
    }

    private func range(_ index: Int) -> Range<Int> { (index == 0 ? 0 : ends[index - 1])..<ends[index] }

    func count(_ index: Int) -> Int { range(index).count }

    /// How many tags of one participant another one has too.
    func shared(_ index: Int, with other: Int, of others: Tags) -> Int {
        let theirs = others.range(other)
        var count = 0
        for position in range(index) where others.has(numbers[position], in: theirs) { count += 1 }
        return count
    }

    /// The place of the first tag that another participant has too, from 0.
    func first(_ index: Int, sharedWith other: Int, of others: Tags) -> Int? {
        let mine = range(index)
        let theirs = others.range(other)
        for position in mine where others.has(numbers[position], in: theirs) { return position - mine.lowerBound }
        return nil
    }

    private func has(_ number: UInt32, in range: Range<Int>) -> Bool {
        for position in range where numbers[position] == number { return true }
        return false
    }

    /// Topics and goals are compared without regard to case and blanks.
    static func normalized(_ text: String) -> String {
        text.lowercased().split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }

    /// Languages by their first subtag: who speaks pt-BR understands pt-PT (RFC 5646 §2.2.1).
    static func language(_ tag: String) -> String {
        String(tag.prefix { $0 != "-" }).lowercased()
    }
}
