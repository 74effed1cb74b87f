import Schema
import ServiceKit
import Testing

@testable import Feedback

@Suite("What a closed round tells")
struct RoundReleaseTests {
    static func round(minRaters: Int32 = 5) -> Round {
        Round(
            name: RoundTests.name,
            questions: [.init(form: .rating, text: "a"), .init(form: .openText, text: "b")], minRaters: minRaters)
    }

    /// One response for each number: a rating, and a text for the first `texts`.
    static func responses(_ ratings: [Int32], texts: Int = 0) -> [RoundResponse] {
        ratings.enumerated().map { index, rating in
            RoundResponse(
                answers: [.init(question: 1, value: .rating(rating))]
                    + (index < texts ? [.init(question: 2, value: .text("text \(index)"))] : []))
        }
    }

    static func result(_ responses: [RoundResponse], minRaters: Int32 = 5) -> RoundResult {
        var number = 0
        return RoundResult.of(responses, to: round(minRaters: minRaters)) {
            number += 1
            return "id-\(100 - number)"
        }
    }

    static func outcomes(_ result: RoundResult) -> [RoundResult.QuestionResult.Outcome?] {
        guard case .released(let release) = result.outcome else { return [] }
        return release.questions.map(\.outcome)
    }

    static func ratings(_ values: [Int32], minRaters: Int32 = 5) throws -> RoundResult.Ratings {
        guard case .ratings(let ratings) = outcomes(result(responses(values), minRaters: minRaters)).first ?? nil
        else { throw Refusal.notFound("ratings") }
        return ratings
    }

    @Test("below min_raters nothing but that", arguments: [(0, 5), (1, 5), (4, 5), (7, 8)])
    func tooFew(count: Int, minRaters: Int32) {
        let result = Self.result(Self.responses(Array(repeating: 3, count: count)), minRaters: minRaters)
        #expect(
            result
                == RoundResult(
                    name: "\(RoundTests.name)/result", outcome: .suppressed(.init(reason: .tooFewAnswers))))
    }

    @Test("from min_raters on mean, interval and count; each question for itself")
    func released() throws {
        let result = Self.result(
            Self.responses([4, 5, 3, 4]) + [RoundResponse(answers: [.init(question: 2, value: .text("only words"))])])
        guard case .released(let release) = result.outcome else {
            Issue.record("\(result)")
            return
        }
        #expect(release.responseCount == 5)
        #expect(release.questions.map(\.question) == [1, 2])
        // Four of the five rated, one of them wrote.
        #expect(
            Self.outcomes(result) == [
                .suppressed(.init(reason: .tooFewAnswers)), .suppressed(.init(reason: .tooFewTexts)),
            ])
        let ratings = try Self.ratings([4, 5, 3, 4, 4])
        #expect(ratings.answerCount == 5 && ratings.mean == 4)
    }

    @Test("the mean and its interval are told to 0.01")
    func precision() throws {
        let ratings = try Self.ratings([1, 2, 2, 3, 5, 5, 5])
        #expect(ratings.mean == 3.29)
        // Wilson at 23/7: p = 4/7, n = 7, z = 1.644854.
        #expect(ratings.lower == 2.16 && ratings.upper == 4.25)
    }

    @Test("the interval is a function of mean and count: it does not tell how the answers differ")
    func interval() throws {
        let (apart, alike) = (try Self.ratings([1, 1, 3, 5, 5]), try Self.ratings([3, 3, 3, 3, 3]))
        #expect([apart.mean, apart.lower, apart.upper] == [alike.mean, alike.lower, alike.upper])
        let best = try Self.ratings([5, 5, 5, 5, 5])
        #expect(best.mean == 5 && best.upper == 5 && best.lower < 4.5)
        let worst = try Self.ratings([1, 1, 1, 1, 1])
        #expect(worst.mean == 1 && worst.lower == 1 && worst.upper > 1.5)
    }

    @Test("the interval holds the mean and lies within the scale, whatever the answers")
    func intervalProperty() throws {
        let seed = UInt64.random(in: .min ... .max)
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<500 {
            let count = Int.random(in: 5...50, using: &generator)
            let ratings = try Self.ratings((0..<count).map { _ in Int32.random(in: 1...5, using: &generator) })
            #expect(
                1 <= ratings.lower && ratings.lower <= ratings.mean && ratings.mean <= ratings.upper
                    && ratings.upper <= 5, "seed \(seed): \(ratings)")
        }
    }

    @Test("a distribution is told when each of the five values was chosen by five and more")
    func distribution() throws {
        func choices(_ counts: [Int]) -> [Int32] {
            counts.enumerated().flatMap { Array(repeating: Int32($0.offset + 1), count: $0.element) }
        }
        #expect(
            try Self.ratings(choices([5, 6, 7, 8, 9])).spread
                == .distribution(.init(counts: [5, 6, 7, 8, 9])))
        for counts in [[4, 6, 7, 8, 9], [0, 10, 10, 10, 10], [9, 9, 9, 9, 4], [0, 0, 0, 0, 40]] {
            #expect(
                try Self.ratings(choices(counts)).spread == .distributionSuppressed(.init(reason: .smallGroup)),
                "\(counts)")
        }
    }

    @Test(
        "texts are told from ten on, and from min_raters on",
        arguments: [(9, 5, false), (10, 5, true), (11, 12, false), (12, 12, true)] as [(Int, Int32, Bool)])
    func texts(count: Int, minRaters: Int32, told: Bool) {
        let outcome = Self.outcomes(
            Self.result(Self.responses(Array(repeating: 3, count: 15), texts: count), minRaters: minRaters)
        ).last
        guard case .texts(let texts) = outcome else {
            #expect(!told && outcome == .suppressed(.init(reason: .tooFewTexts)))
            return
        }
        #expect(told)
        #expect(Set(texts.texts.map(\.text)) == Set((0..<count).map { "text \($0)" }))
    }

    @Test("texts stand in the order of names drawn by lot, not in that of the responses")
    func order() {
        let result = Self.result(Self.responses(Array(repeating: 3, count: 10), texts: 10))
        guard case .texts(let texts) = Self.outcomes(result).last else {
            Issue.record("\(result)")
            return
        }
        #expect(texts.texts.map(\.id) == texts.texts.map(\.id).sorted())
        #expect(texts.texts.map(\.text) == (0..<10).reversed().map { "text \($0)" })
    }

    @Test("each viewer reads the texts under other names, in their order")
    func aliases() {
        let result = Self.result(Self.responses(Array(repeating: 3, count: 10), texts: 10))
        let seen = result.seen { question, id in "\(question)-\(id.reversed().map(String.init).joined())" }
        guard case .texts(let texts) = Self.outcomes(seen).last else {
            Issue.record("\(seen)")
            return
        }
        #expect(texts.texts.allSatisfy { $0.id.hasPrefix("2-") })
        #expect(texts.texts.map(\.id) == texts.texts.map(\.id).sorted())
        #expect(Set(texts.texts.map(\.text)).count == 10)
    }

    @Test("programme administrators see the count alone, or why not")
    func counts() {
        let released = Self.result(Self.responses([1, 2, 3, 4, 5]))
        #expect(
            released.countsAlone
                == RoundResult(name: released.name, outcome: .released(.init(responseCount: 5))))
        let suppressed = Self.result(Self.responses([1, 2, 3, 4]))
        #expect(suppressed.countsAlone == suppressed)
    }
}

/// SplitMix64, so that a failure can be repeated from its seed.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var word = state
        word = (word ^ word >> 30) &* 0xbf58_476d_1ce4_e5b9
        word = (word ^ word >> 27) &* 0x94d0_49bb_1331_11eb
        return word ^ word >> 31
    }
}
