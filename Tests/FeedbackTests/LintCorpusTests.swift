import Schema
import Testing

@testable import Feedback

@Suite("What the lint finds in sentences that people labelled")
struct LintCorpusTests {
    private static func finds(_ code: LintFinding.Code, in text: String) -> Bool {
        var item = FeedbackLintTests.whole
        item.behaviour = text
        return FeedbackLint.findings(on: item).contains { $0.code == code }
    }

    /// Of the sentences that were not there to choose words by.
    private func judge(_ code: LintFinding.Code, _ labelled: [String], _ others: [[String]]) -> (Double, Double) {
        func unseen(_ list: [String]) -> ArraySlice<String> { list[(list.count / 2)...] }
        let found = unseen(labelled).filter { Self.finds(code, in: $0) }
        let wrong = others.flatMap(unseen).filter { Self.finds(code, in: $0) }
        let precision = Double(found.count) / Double(max(1, found.count + wrong.count))
        let recall = Double(found.count) / Double(unseen(labelled).count)
        print("\(code): precision \(precision), recall \(recall), wrong: \(wrong)")
        return (precision, recall)
    }

    @Test("at least 200 labelled sentences, each once")
    func corpus() {
        let all = LintCorpus.person + LintCorpus.vague + LintCorpus.specific
        #expect(all.count >= 200 && Set(all).count == all.count)
    }

    @Test("about the person")
    func person() {
        let (precision, recall) = judge(.personFocused, LintCorpus.person, [LintCorpus.vague, LintCorpus.specific])
        #expect(precision >= 0.9)
        #expect(recall >= 0.5)
    }

    @Test("vague")
    func vague() {
        let (precision, recall) = judge(.vagueWords, LintCorpus.vague, [LintCorpus.specific])
        #expect(precision >= 0.9)
        #expect(recall >= 0.5)
    }
}
