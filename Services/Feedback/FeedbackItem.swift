import Schema
import ServiceKit

/// Feedback by situation, behaviour, impact and next step: DRAFT → DELIVERED → ACKNOWLEDGED (docs/domain.md §6.2).
extension FeedbackItem {
    /// Characters in each of the five texts.
    static let textLength = 0...4000
    /// Characters in the receiver's note and in a reason to disagree.
    static let replyLength = 0...2000
    /// The receiver answers in time up to and including this many hours after delivery (docs/domain.md rule 11).
    static let acknowledgementHours = 72

    /// A draft of `words`; everything else that `words` carries is the service's own to say.
    /// - Throws: INVALID_ARGUMENT for an unknown kind or focus, a text too long, or an item that says nothing.
    static func draft(
        _ words: FeedbackItem, named name: String, from author: String, to receiver: String, at now: Instant
    ) throws -> FeedbackItem {
        try Check.known(words.kind, "feedback_item.kind")
        if words.focus != .unspecified { try Check.known(words.focus, "feedback_item.focus") }
        try Check.text(words.situation, "feedback_item.situation", textLength)
        try Check.text(words.behaviour, "feedback_item.behaviour", textLength)
        try Check.text(words.impact, "feedback_item.impact", textLength)
        try Check.text(words.nextStep, "feedback_item.next_step", textLength)
        try Check.text(words.strength, "feedback_item.strength", textLength)
        let texts = [words.situation, words.behaviour, words.impact, words.nextStep, words.strength]
        guard texts.contains(where: \.saysSomething) else {
            throw Refusal.invalid("feedback_item", "at least one of the texts must say something")
        }
        return FeedbackItem(
            name: name, author: author, receiver: receiver, kind: words.kind, situation: words.situation,
            behaviour: words.behaviour, impact: words.impact, nextStep: words.nextStep, strength: words.strength,
            focus: words.focus, state: .draft, createTime: now.timestamp, updateTime: now.timestamp)
    }

    /// Another one's draft does not exist for whoever asks.
    func isReadable(by person: String?) -> Bool {
        state != .draft || author == person
    }

    /// Situation, behaviour, impact and next step are all there: the receiver can act on it.
    var isComplete: Bool {
        [situation, behaviour, impact, nextStep].allSatisfy(\.saysSomething)
    }

    /// The last instant at which an acknowledgement is in time; nil before delivery.
    var acknowledgementDue: Instant? {
        get throws { try deliverTime.map { try Instant($0).adding(hours: Self.acknowledgementHours) } }
    }

    /// Hands the draft to its receiver; from here on no word of it changes.
    /// - Throws: PERMISSION_DENIED, ROLE_FORBIDDEN but for the author; FAILED_PRECONDITION when it is no draft, or lacks
    ///   what its kind stands for (MISSING_BEHAVIOUR, MISSING_STRENGTH, NO_NEXT_STEP; docs/domain.md §4.2, §6.2).
    mutating func deliver(by person: String, at now: Instant) throws {
        guard person == author else {
            throw Refusal.roleForbidden("only its author delivers feedback")
        }
        guard state == .draft else { throw Refusal.wrongState("feedback", is: state, needs: "DRAFT") }
        try requireWhatItsKindStandsFor()
        state = .delivered
        deliverTime = now.timestamp
        updateTime = now.timestamp
    }

    private func requireWhatItsKindStandsFor() throws {
        let improves = kind == .criticismOnly || kind == .balanced
        if improves && !behaviour.saysSomething {
            throw Refusal(.failedPrecondition, "MISSING_BEHAVIOUR", "\(kind) names the behaviour that should change")
        }
        if kind == .balanced && !strength.saysSomething {
            throw Refusal(.failedPrecondition, "MISSING_STRENGTH", "BALANCED names what went well")
        }
        if kind == .balanced && !nextStep.saysSomething {
            throw Refusal(.failedPrecondition, "NO_NEXT_STEP", "BALANCED names a next step")
        }
    }

    /// The receiver has read it; disagreement is a valid answer.
    /// - Returns: whether that was in time.
    /// - Throws: PERMISSION_DENIED, ROLE_FORBIDDEN but for the receiver; FAILED_PRECONDITION unless DELIVERED;
    ///   INVALID_ARGUMENT for a text too long.
    mutating func acknowledge(
        by person: String, note: String, disagreeReason: String, at now: Instant
    ) throws -> Bool {
        guard person == receiver else {
            throw Refusal.roleForbidden("only its receiver acknowledges feedback")
        }
        guard state == .delivered, let due = try acknowledgementDue else {
            throw Refusal.wrongState("feedback", is: state, needs: "DELIVERED")
        }
        try Check.text(note, "note", Self.replyLength)
        try Check.text(disagreeReason, "disagree_reason", Self.replyLength)
        state = .acknowledged
        acknowledgeTime = now.timestamp
        self.note = note
        self.disagreeReason = disagreeReason
        updateTime = now.timestamp
        return now <= due
    }
}
