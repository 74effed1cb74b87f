import Schema
import ServiceKit

/// What one rater answers (docs/domain.md §6.2).
extension RoundResponse {
    static let ratings: ClosedRange<Int32> = 1...5
    static let textLength = 1...1000
    /// All texts of a round fit into one result.
    static let textBytes = 4000

    /// - Throws: INVALID_ARGUMENT for no answer at all, for one to a question that does not exist, that was answered
    ///   before or that asks for the other form, and for a rating or a text out of its range.
    func check(against questions: [Round.Question]) throws {
        try Check.count(answers.count, "response.answers", 1...questions.count)
        var answered: Set<Int32> = []
        for answer in answers {
            try Check.range(answer.question, "response.answers.question", 1...Int32(questions.count))
            guard answered.insert(answer.question).inserted else {
                throw Refusal.invalid("response.answers.question", "\(answer.question) is answered twice")
            }
            switch (answer.value, questions[Int(answer.question) - 1].form) {
            case (.rating(let rating), .rating): try Check.range(rating, "response.answers.rating", Self.ratings)
            case (.text(let text), .openText):
                try Check.text(text, "response.answers.text", Self.textLength)
                guard text.saysSomething else { throw Refusal.invalid("response.answers.text", "is required") }
                guard text.utf8.count <= Self.textBytes else {
                    throw Refusal.invalid("response.answers.text", "at most \(Self.textBytes) bytes are allowed")
                }
            case (_, let form):
                throw Refusal.invalid("response.answers", "question \(answer.question) asks for \(form)")
            }
        }
    }

    func rating(of question: Int32) -> Int32? {
        if case .rating(let rating)? = answer(to: question) { rating } else { nil }
    }

    func text(of question: Int32) -> String? {
        if case .text(let text)? = answer(to: question) { text } else { nil }
    }

    private func answer(to question: Int32) -> RoundAnswer.Value? {
        answers.first { $0.question == question }?.value
    }
}
