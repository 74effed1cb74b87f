import Schema
import ServiceKit
import TrustModel

/// What a closed round tells of its responses (docs/domain.md §5.2 P1, P6 and P8). It is worked out once, and what it does
/// not tell is not kept.
extension RoundResult {
    /// P1 asks for more where words could be recognised.
    static let leastTexts = 10
    /// P6: no bin of a histogram is smaller.
    static let leastChoices = 5

    /// - Parameters:
    ///   - responses: in no order.
    ///   - newID: a name for a text, drawn by lot.
    static func of(_ responses: [RoundResponse], to round: Round, newID: () -> String) -> RoundResult {
        let name = "\(round.name)/result"
        guard responses.count >= Int(round.minRaters) else {
            return RoundResult(name: name, outcome: .suppressed(.init(reason: .tooFewAnswers)))
        }
        let questions = round.questions.enumerated().map { index, question in
            let number = Int32(index + 1)
            return QuestionResult(
                question: number,
                outcome: question.form == .rating
                    ? ratings(responses.compactMap { $0.rating(of: number) }, atLeast: round.minRaters)
                    : texts(responses.compactMap { $0.text(of: number) }, atLeast: round.minRaters, newID))
        }
        return RoundResult(
            name: name,
            outcome: .released(Release(responseCount: Int32(responses.count), questions: questions)))
    }

    static func stillOpen(_ round: Round) -> RoundResult {
        RoundResult(name: "\(round.name)/result", outcome: .suppressed(.init(reason: .stillOpen)))
    }

    private static func ratings(_ values: [Int32], atLeast minimum: Int32) -> QuestionResult.Outcome {
        guard values.count >= Int(minimum) else { return .suppressed(.init(reason: .tooFewAnswers)) }
        let mean = Double(values.reduce(0, +)) / Double(values.count)
        // The interval says no more of the values than their mean: a variance would tell single ones in small groups.
        let low = Double(RoundResponse.ratings.lowerBound)
        let width = Double(RoundResponse.ratings.upperBound) - low
        let interval = WilsonScore.interval(
            of: (mean - low) / width, trials: values.count, normal: WilsonScore.normal90)
        let counts = RoundResponse.ratings.map { choice in Int32(values.count { $0 == choice }) }
        return .ratings(
            Ratings(
                answerCount: Int32(values.count), mean: rounded(mean),
                lower: rounded(low + width * interval.lowerBound), upper: rounded(low + width * interval.upperBound),
                spread: counts.allSatisfy { $0 >= leastChoices }
                    ? .distribution(Distribution(counts: counts))
                    : .distributionSuppressed(.init(reason: .smallGroup))))
    }

    private static func texts(
        _ texts: [String], atLeast minimum: Int32, _ newID: () -> String
    ) -> QuestionResult.Outcome {
        guard texts.count >= max(Int(minimum), leastTexts) else { return .suppressed(.init(reason: .tooFewTexts)) }
        return .texts(Texts(texts: texts.map { Text(id: newID(), text: $0) }.sorted { $0.id < $1.id }))
    }

    private static func rounded(_ value: Double) -> Double { (value * 100).rounded() / 100 }

    // MARK: For one viewer

    /// With names and order of texts of the viewer's own.
    /// - Parameter alias: a text's name, for one question and one viewer, of the name that it is kept by.
    func seen(alias: (_ question: Int32, _ id: String) -> String) -> RoundResult {
        guard case .released(var release) = outcome else { return self }
        for (index, question) in release.questions.enumerated() {
            guard case .texts(let texts) = question.outcome else { continue }
            release.questions[index].outcome = .texts(
                Texts(
                    texts: texts.texts.map { Text(id: alias(question.question, $0.id), text: $0.text) }
                        .sorted { $0.id < $1.id }))
        }
        return RoundResult(name: name, outcome: .released(release))
    }

    /// How many responded, and no more: what programme administrators see.
    var countsAlone: RoundResult {
        guard case .released(let release) = outcome else { return self }
        return RoundResult(name: name, outcome: .released(Release(responseCount: release.responseCount)))
    }
}
