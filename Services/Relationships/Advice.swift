import Schema
import ServiceKit

/// A piece of advice, restated and rated by the one who received it (docs/domain.md rule 15).
extension Advice {
    /// - Parameter heard: whether a reflect-back of the session has been judged.
    static func added(_ draft: Advice, name: String, in session: Session, heard: Bool) throws -> Advice {
        try Check.text(draft.text, "advice.text", 1...4000)
        if session.template == .listenFirst, !heard {
            throw Refusal(
                .failedPrecondition, "LISTEN_FIRST",
                "In this session advice waits until the other has judged what you heard.")
        }
        return Advice(name: name, session: session.name, text: draft.text)
    }

    /// The trustor's own words; the last ones count.
    mutating func restate(_ words: String) throws {
        try Check.text(words, "teach_back", 1...4000)
        teachBack = words
    }

    /// The trustor's rating. False when it says what the present one says. It can be changed for 7 days after the
    /// first, whose instant is `rateTime`.
    mutating func rate(_ rating: Rating, at now: Instant, in pair: Relationship = Relationship()) throws -> Bool {
        try Check.known(rating, "rating")
        if rateTime != nil {
            let first = try Check.instant(rateTime, "advice.rate_time")
            guard now <= (try pair.deadline(after: first, days: Span.ratingDays)) else {
                throw Refusal.wrongState(
                    "advice", is: self.rating, needs: "rated less than \(Span.ratingDays) days ago to be changed")
            }
        } else {
            rateTime = now.timestamp
        }
        guard self.rating != rating else { return false }
        self.rating = rating
        return true
    }
}
