import Schema
import ServiceKit

/// Feedback by situation, behaviour, impact and next step, on its way to the receiver: DRAFT → DELIVERED → WITHDRAWN
/// (docs/domain.md §6.2). `FeedbackAnswer.swift` has what the receiver does with it.
extension FeedbackItem {
    /// Characters in each of the five texts.
    static let textLength = 0...4000
    /// The author may take it back up to and including this many hours after its receiver could read it (docs/domain.md
    /// rule 48).
    static let withdrawalHours = 24

    /// A draft of `words`; everything else that `words` carries is the service's own to say.
    /// - Parameter request: what it answers.
    /// - Throws: INVALID_ARGUMENT for an unknown kind or focus, a text too long, an item that says nothing, or a goal of
    ///   another relationship.
    static func draft(
        _ words: FeedbackItem, named name: String, from author: String, to receiver: String,
        answering request: FeedbackRequest? = nil, at now: Instant
    ) throws -> FeedbackItem {
        try Check.known(words.kind, "feedback_item.kind")
        if words.focus != .unspecified { try Check.known(words.focus, "feedback_item.focus") }
        try words.checkLimits()
        let texts = [words.situation, words.behaviour, words.impact, words.nextStep, words.strength]
        guard texts.contains(where: \.saysSomething) else {
            throw Refusal.invalid("feedback_item", "at least one of the texts must say something")
        }
        if !words.goal.isEmpty {
            let goal = try ResourceName(words.goal, "organizations", "relationships", "goals")
            guard try goal.parent == ResourceName.relationship(of: name) else {
                throw Refusal.invalid("feedback_item.goal", "belongs to another relationship")
            }
        }
        return FeedbackItem(
            name: name, author: author, receiver: receiver, kind: words.kind, situation: words.situation,
            behaviour: words.behaviour, impact: words.impact, nextStep: words.nextStep, strength: words.strength,
            focus: words.focus, state: .draft, goal: words.goal, feedbackRequest: request?.name ?? "",
            blindExchange: request?.blindExchange ?? "", createTime: now.timestamp, updateTime: now.timestamp)
    }

    /// The limits of every item, whether it is to be stored or only judged.
    func checkLimits() throws {
        try Check.text(situation, "feedback_item.situation", Self.textLength)
        try Check.text(behaviour, "feedback_item.behaviour", Self.textLength)
        try Check.text(impact, "feedback_item.impact", Self.textLength)
        try Check.text(nextStep, "feedback_item.next_step", Self.textLength)
        try Check.text(strength, "feedback_item.strength", Self.textLength)
    }

    /// Another one's draft, and what is hidden in a blind exchange, does not exist for whoever asks.
    func isReadable(by person: String?) -> Bool {
        author == person || (state != .draft && !isHidden)
    }

    /// Delivered into a blind exchange and not revealed yet (docs/domain.md rule 30).
    var isHidden: Bool { state != .draft && !blindExchange.isEmpty && revealTime == nil }

    /// Situation, behaviour, impact and next step are all there: the receiver can act on it.
    var isComplete: Bool {
        [situation, behaviour, impact, nextStep].allSatisfy(\.saysSomething)
    }

    /// Characters in which behaviour and impact are each said at least, for praise to be more than a word.
    static let concreteLength = 20

    /// It says what was done and what that brought about (docs/domain.md §4.2).
    var isConcrete: Bool {
        [behaviour, impact].allSatisfy { $0.saysSomething && $0.count >= Self.concreteLength }
    }

    /// It says what went well.
    var namesStrength: Bool { kind == .recognition || strength.saysSomething }

    /// Hands the draft to its receiver; from here on no word of it changes. Unless the exchange is blind, the receiver can
    /// read it at once.
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
        if blindExchange.isEmpty { revealTime = now.timestamp }
        updateTime = now.timestamp
    }

    /// The blind exchange is over: the receiver can read it from now on, and its clocks begin (docs/domain.md rule 30).
    mutating func reveal(at now: Instant) {
        revealTime = now.timestamp
        updateTime = now.timestamp
    }

    /// The author takes it back; a tombstone without words stays.
    /// - Parameter inTime: whether the window of `withdrawalHours` is open; before the reveal it always is.
    /// - Throws: PERMISSION_DENIED, ROLE_FORBIDDEN but for the author; FAILED_PRECONDITION, WRONG_STATE unless DELIVERED
    ///   and in time.
    mutating func withdraw(by person: String, inTime: Bool, at now: Instant) throws {
        guard person == author else { throw Refusal.roleForbidden("only its author withdraws feedback") }
        guard state == .delivered else { throw Refusal.wrongState("feedback", is: state, needs: "DELIVERED") }
        guard inTime || isHidden else {
            throw Refusal.wrongState(
                "feedback", is: "older than \(Self.withdrawalHours) hours",
                needs: "a younger one; talk about it instead")
        }
        state = .withdrawn
        situation = ""
        behaviour = ""
        impact = ""
        nextStep = ""
        strength = ""
        withdrawTime = now.timestamp
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
}
