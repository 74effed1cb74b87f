import Schema
import ServiceKit

/// What the receiver makes of feedback: DELIVERED → ACKNOWLEDGED → DISCUSSED → ACTED_ON | DECLINED_WITH_REASON
/// (docs/domain.md §6.2).
extension FeedbackItem {
    /// Characters in the receiver's note, in a reason to disagree and in what came of it.
    static let replyLength = 0...2000
    /// The receiver answers in time up to and including this many hours after it could be read (docs/domain.md rule 11).
    static let acknowledgementHours = 72

    /// The receiver has read it; disagreement is a valid answer.
    /// - Throws: PERMISSION_DENIED, ROLE_FORBIDDEN but for the receiver; FAILED_PRECONDITION unless DELIVERED;
    ///   INVALID_ARGUMENT for a text too long.
    mutating func acknowledge(by person: String, note: String, disagreeReason: String, at now: Instant) throws {
        try requireReceiver(person, "acknowledges")
        guard state == .delivered else { throw Refusal.wrongState("feedback", is: state, needs: "DELIVERED") }
        try Check.text(note, "note", Self.replyLength)
        try Check.text(disagreeReason, "disagree_reason", Self.replyLength)
        state = .acknowledged
        acknowledgeTime = now.timestamp
        self.note = note
        self.disagreeReason = disagreeReason
        updateTime = now.timestamp
    }

    /// Either of the two says that they have talked about it.
    /// - Throws: FAILED_PRECONDITION, WRONG_STATE unless ACKNOWLEDGED.
    mutating func discuss(at now: Instant) throws {
        guard state == .acknowledged else { throw Refusal.wrongState("feedback", is: state, needs: "ACKNOWLEDGED") }
        state = .discussed
        discussTime = now.timestamp
        updateTime = now.timestamp
    }

    /// What came of it: something was done, or there is a reason why not.
    /// - Throws: PERMISSION_DENIED, ROLE_FORBIDDEN but for the receiver; FAILED_PRECONDITION, WRONG_STATE unless
    ///   DISCUSSED; INVALID_ARGUMENT for another outcome, a text too long, or a refusal without a reason.
    mutating func act(by person: String, outcome: State, action: String, at now: Instant) throws {
        try requireReceiver(person, "says what came of")
        guard state == .discussed else { throw Refusal.wrongState("feedback", is: state, needs: "DISCUSSED") }
        guard outcome == .actedOn || outcome == .declinedWithReason else {
            throw Refusal.invalid("outcome", "must be ACTED_ON or DECLINED_WITH_REASON")
        }
        try Check.text(action, "action", Self.replyLength)
        if outcome == .declinedWithReason, !action.saysSomething {
            throw Refusal.invalid("action", "declining needs a reason")
        }
        state = outcome
        self.action = action
        actTime = now.timestamp
        updateTime = now.timestamp
    }

    /// What the receiver takes it for, said once; the author's tag stays beside it (docs/domain.md §4.2).
    /// - Throws: PERMISSION_DENIED, ROLE_FORBIDDEN but for the receiver; FAILED_PRECONDITION, WRONG_STATE for a draft, a
    ///   withdrawn item and the second time; INVALID_ARGUMENT for an unknown kind.
    mutating func tag(_ kind: Kind, by person: String, at now: Instant) throws {
        try requireReceiver(person, "tags")
        guard state != .draft, state != .withdrawn else {
            throw Refusal.wrongState("feedback", is: state, needs: "one that was delivered and not withdrawn")
        }
        guard receiverKind == .unspecified else {
            throw Refusal.wrongState("feedback", is: "tagged by you already", needs: "one that is not")
        }
        try Check.known(kind, "kind")
        receiverKind = kind
        tagTime = now.timestamp
        updateTime = now.timestamp
    }

    /// The receiver's tag beats the giver's in balance and practice, never in evidence (docs/domain.md rule 10).
    var effectiveKind: Kind { receiverKind == .unspecified ? kind : receiverKind }

    private func requireReceiver(_ person: String, _ does: String) throws {
        guard person == receiver else { throw Refusal.roleForbidden("only its receiver \(does) feedback") }
    }
}
