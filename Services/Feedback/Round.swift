import Schema
import ServiceKit

/// A round of questions about one person: OPEN → CLOSED (docs/domain.md §6.2). Responses are no part of it.
extension Round {
    /// No tenant lowers it (docs/domain.md §5.2 P1).
    static let leastRaters: Int32 = 5
    static let raterLimit = 50
    static let questionCount = 1...20
    /// Of the questions: each rater writes for a while at each.
    static let openTextLimit = 5
    static let questionLength = 1...500
    /// Unless the one who opens it says when; as long as a request for feedback (docs/domain.md rule 48).
    static let defaultDays = 14
    static let horizonDays = 90
    /// Between a released round and the next.
    static let restDays = 28
    /// The latest rounds about somebody that are looked at before another one is opened.
    static let lookBack = 100
    /// Coaches who may see one result at a time.
    static let shareLimit = 10

    static let collections = ["organizations", "people", "rounds"]

    /// Whom it is about.
    var subject: String {
        get throws { try ResourceName(name, Self.collections).parent.text }
    }

    /// A new round of what `words` says of kind, programme, questions, raters, min_raters and close_time.
    /// - Parameter least: what the programme allows min_raters to be at least.
    /// - Throws: INVALID_ARGUMENT for whatever breaks a limit; ROLE_FORBIDDEN for the subject among the raters.
    static func open(_ words: Round, named name: String, least: Int32, at now: Instant) throws -> Round {
        try Check.known(words.kind, "round.kind")
        try Check.count(words.questions.count, "round.questions", questionCount)
        for question in words.questions { try question.check() }
        try Check.count(
            words.questions.count { $0.form == .openText }, "round.questions of OPEN_TEXT", 0...openTextLimit)
        let least = max(least, leastRaters)
        guard least <= raterLimit else {
            throw Refusal.invalid(
                "round.programme", "asks for more responses than the \(raterLimit) that a round can have")
        }
        let minRaters = words.minRaters == 0 ? least : words.minRaters
        try Check.range(minRaters, "round.min_raters", least...Int32(raterLimit))
        let close =
            try words.closeTime == nil
            ? now.adding(days: defaultDays) : Check.instant(words.closeTime, "round.close_time")
        guard now < close, close <= now.adding(days: horizonDays) else {
            throw Refusal.invalid("round.close_time", "must lie after now and at most \(horizonDays) days ahead")
        }
        var round = Round(
            name: name, kind: words.kind, programme: words.programme, questions: words.questions, minRaters: minRaters,
            closeTime: close.timestamp, state: .open, createTime: now.timestamp, updateTime: now.timestamp)
        for rater in words.raters { try round.nominate(rater, at: now) }
        return round
    }

    /// One more who is asked; nothing when they are already.
    /// - Throws: FAILED_PRECONDITION, WRONG_STATE once closed; INVALID_ARGUMENT for a name that is none of the
    ///   organisation's people, and for the subject; RESOURCE_EXHAUSTED, CAPACITY_FULL above 50.
    mutating func nominate(_ rater: String, at now: Instant) throws {
        try requireOpen(at: now)
        let person = try ResourceName(rater, "organizations", "people")
        let subject = try ResourceName(self.subject, "organizations", "people")
        guard person.organization == subject.organization else {
            throw Refusal.invalid("rater", "must be of the same organisation")
        }
        guard person != subject else { throw Refusal.invalid("rater", "the subject does not rate themselves") }
        guard !raters.contains(rater) else { return }
        guard raters.count < Self.raterLimit else {
            throw Refusal(.resourceExhausted, "CAPACITY_FULL", "a round has at most \(Self.raterLimit) raters")
        }
        raters.append(rater)
        updateTime = now.timestamp
    }

    /// An instant that is exactly the closing time is still in time (docs/domain.md rule 18).
    func requireOpen(at now: Instant) throws {
        guard state == .open, try now <= Check.instant(closeTime, "close_time") else {
            throw Refusal.wrongState("the round", is: State.closed, needs: "OPEN")
        }
    }

    /// For good.
    /// - Throws: FAILED_PRECONDITION, WRONG_STATE unless OPEN.
    mutating func close(at now: Instant) throws {
        guard state == .open else { throw Refusal.wrongState("the round", is: state, needs: "OPEN") }
        state = .closed
        endTime = now.timestamp
        updateTime = now.timestamp
    }

    /// The coach of one of the subject's relationships may see the result.
    /// - Throws: RESOURCE_EXHAUSTED, CAPACITY_FULL above 10.
    mutating func share(with relationship: String, at now: Instant) throws {
        guard !sharedWith.contains(relationship) else { return }
        guard sharedWith.count < Self.shareLimit else {
            throw Refusal(
                .resourceExhausted, "CAPACITY_FULL", "a result is shared with at most \(Self.shareLimit) coaches")
        }
        sharedWith.append(relationship)
        updateTime = now.timestamp
    }

    mutating func recall(from relationship: String, at now: Instant) {
        guard sharedWith.contains(relationship) else { return }
        sharedWith.removeAll { $0 == relationship }
        updateTime = now.timestamp
    }

    /// What raters and coaches see: not who else is asked, nor with whom the subject shares.
    var withoutPeople: Round {
        var round = self
        round.raters = []
        round.sharedWith = []
        return round
    }
}

extension Round.Question {
    fileprivate func check() throws {
        try Check.known(form, "round.questions.form")
        try Check.text(text, "round.questions.text", Round.questionLength)
        guard text.saysSomething else { throw Refusal.invalid("round.questions.text", "is required") }
    }
}
