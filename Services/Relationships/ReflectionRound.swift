import Schema
import ServiceKit

/// The two look back on their relationship, each blind to the other (docs/domain.md §6.1, S42).
extension Schema.Reflection {
    static func submitted(
        _ draft: Schema.Reflection, name: String, party: String, in pair: String
    ) throws -> Schema.Reflection {
        try Check.count(draft.answers.count, "reflection.answers", 1...20)
        for answer in draft.answers {
            try Check.text(answer.question, "reflection.answers.question", 1...300)
            try Check.text(answer.text, "reflection.answers.text", 1...2000)
        }
        try Check.count(draft.actions.count, "reflection.actions", 0...10)
        guard Set(draft.actions).count == draft.actions.count,
            draft.actions.allSatisfy({ $0.hasPrefix("\(pair)/commitments/") })
        else { throw Refusal.invalid("reflection.actions", "commitments of the same relationship, each once") }
        return Schema.Reflection(name: name, party: party, answers: draft.answers, actions: draft.actions)
    }

    var isRevealed: Bool { revealTime != nil }

    mutating func reveal(at now: Instant) {
        revealTime = now.timestamp
    }

    /// The own one at once, the other's when it is revealed; services read none before.
    func isReadable(by person: String?) -> Bool {
        isRevealed || person == party
    }
}
