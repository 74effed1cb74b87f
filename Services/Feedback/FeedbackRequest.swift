import Schema
import ServiceKit

/// One party asks the other for feedback: OPEN → ANSWERED | DECLINED | EXPIRED (docs/domain.md §6.2, rule 48).
extension FeedbackRequest {
    static let questionLength = 1...2000
    static let reasonLength = 0...2000
    /// Unless the asker says when (docs/domain.md rule 48).
    static let defaultDays = 14
    /// Further ahead nobody remembers the occasion.
    static let horizonDays = 90

    /// - Throws: INVALID_ARGUMENT for a question out of its length or a due date out of (now, now + 90 d].
    static func ask(
        _ words: FeedbackRequest, named name: String, by about: String, of giver: String, at now: Instant
    ) throws -> FeedbackRequest {
        try Check.text(words.question, "feedback_request.question", questionLength)
        guard words.question.saysSomething else { throw Refusal.invalid("feedback_request.question", "is required") }
        let due =
            try words.dueTime == nil
            ? now.adding(days: defaultDays) : Check.instant(words.dueTime, "feedback_request.due_time")
        guard now < due, due <= now.adding(days: horizonDays) else {
            throw Refusal.invalid("feedback_request.due_time", "must lie after now and at most 90 days ahead")
        }
        let request = try ResourceName(name, "organizations", "relationships", "feedbackRequests")
        return FeedbackRequest(
            name: name, about: about, giver: giver, question: words.question, dueTime: due.timestamp,
            blind: words.blind, blindExchange: words.blind ? request.id : "", state: .open, createTime: now.timestamp,
            updateTime: now.timestamp)
    }

    /// The giver answers an open or an expired request; into a blind exchange the asker writes as well.
    /// - Throws: PERMISSION_DENIED, ROLE_FORBIDDEN for whoever was not asked; FAILED_PRECONDITION, WRONG_STATE when it is
    ///   answered or declined.
    func requireAnswerable(by person: String) throws {
        guard person == giver || (blind && person == about) else {
            throw Refusal.roleForbidden("the other party was asked")
        }
        guard state == .open || state == .expired, feedbackItem.isEmpty else {
            throw Refusal.wrongState(
                "the request", is: state == .expired ? .answered : state, needs: "OPEN or EXPIRED without an answer")
        }
    }

    /// The asker can read the giver's answer.
    mutating func answer(with item: FeedbackItem, at now: Instant) {
        feedbackItem = item.name
        if state == .open { state = .answered }
        updateTime = now.timestamp
    }

    /// - Throws: PERMISSION_DENIED, ROLE_FORBIDDEN but for the giver; FAILED_PRECONDITION, WRONG_STATE unless OPEN;
    ///   INVALID_ARGUMENT for a reason too long.
    mutating func decline(by person: String, reason: String, at now: Instant) throws {
        guard person == giver else { throw Refusal.roleForbidden("only the one who is asked may decline") }
        guard state == .open else { throw Refusal.wrongState("the request", is: state, needs: "OPEN") }
        try Check.text(reason, "reason", Self.reasonLength)
        state = .declined
        declineReason = reason
        updateTime = now.timestamp
    }

    /// Nobody has answered, as far as the asker can see, until it was due.
    /// - Returns: whether it was open.
    mutating func expire(at now: Instant) -> Bool {
        guard state == .open else { return false }
        state = .expired
        updateTime = now.timestamp
        return true
    }
}
