import Schema
import ServiceKit

/// A decision that affects the other one, and its reasons (docs/domain.md rules 4 and 29).
extension Decision {
    /// - Parameter parties: the two people of the relationship.
    static func recorded(
        _ draft: Decision, name: String, author: String, parties: Set<String>, at now: Instant
    ) throws -> Decision {
        try Check.text(draft.what, "decision.what", 1...2000)
        try Check.text(draft.why, "decision.why", 0...2000)
        try Check.count(draft.alternatives.count, "decision.alternatives", 0...10)
        for alternative in draft.alternatives { try Check.text(alternative, "decision.alternatives", 1...500) }
        try Check.count(draft.affects.count, "decision.affects", 1...2)
        guard Set(draft.affects).count == draft.affects.count, parties.isSuperset(of: draft.affects) else {
            throw Refusal.invalid("decision.affects", "parties of the relationship, each once")
        }
        let decided = try draft.decideTime == nil ? now : Check.instant(draft.decideTime, "decision.decide_time")
        guard decided <= now else { throw Refusal.invalid("decision.decide_time", "not in the future") }
        return Decision(
            name: name, author: author, what: draft.what, why: draft.why, alternatives: draft.alternatives,
            affects: draft.affects, decideTime: decided.timestamp,
            explainTime: draft.why.isEmpty ? nil : now.timestamp, revision: 1)
    }

    /// A reason that is visible by this instant explains the decision; a later one does not undo the silence.
    func explanationDeadline(in pair: Relationship = Relationship()) throws -> Instant {
        try pair.deadline(
            after: Check.instant(decideTime, "decision.decide_time"), hours: Span.explanationHours)
    }

    func isExplainedInTime(in pair: Relationship = Relationship()) throws -> Bool {
        guard explainTime != nil else { return false }
        return try Check.instant(explainTime, "decision.explain_time") <= explanationDeadline(in: pair)
    }

    mutating func explain(_ reason: String, by person: String, at now: Instant) throws {
        try Check.text(reason, "why", 1...2000)
        guard person == author else { throw Refusal.roleForbidden("The one who decided explains it.") }
        guard explainTime == nil else {
            throw Refusal.wrongState("decision", is: "EXPLAINED", needs: "no explanation yet")
        }
        why = reason
        explainTime = now.timestamp
    }

    /// More revisions of one decision are refused with RESOURCE_EXHAUSTED, CAPACITY_FULL.
    static let maximumRevisions = 50

    /// The author decides otherwise; what was said before stays beside it, word for word. True when the reason is new:
    /// there was none before.
    mutating func revise(_ draft: Decision, by person: String, at now: Instant) throws -> Bool {
        guard person == author else { throw Refusal.roleForbidden("The one who decided revises it.") }
        try Check.text(draft.what, "decision.what", 1...2000)
        try Check.text(draft.why, "decision.why", (explainTime == nil ? 0 : 1)...2000)
        try Check.count(draft.alternatives.count, "decision.alternatives", 0...10)
        for alternative in draft.alternatives { try Check.text(alternative, "decision.alternatives", 1...500) }
        guard earlier.count < Self.maximumRevisions else {
            throw Refusal(
                .resourceExhausted, "CAPACITY_FULL", "A decision is revised at most \(Self.maximumRevisions) times.")
        }
        guard (draft.what, draft.why) != (what, why) || draft.alternatives != alternatives else {
            throw Refusal.invalid("decision", "says what it says already")
        }
        earlier.append(Version(what: what, why: why, alternatives: alternatives, reviseTime: now.timestamp))
        what = draft.what
        why = draft.why
        alternatives = draft.alternatives
        revision += 1
        guard explainTime == nil, !why.isEmpty else { return false }
        explainTime = now.timestamp
        return true
    }

    /// What the affected party's answer does.
    enum Answer: Equatable {
        case noted
        /// The explanation does not count any more (docs/domain.md rule 29).
        case denied
    }

    /// The affected party says whether the explanation explains, within seven days of it. A NO is final.
    mutating func answer(
        _ answer: KnowWhy, by person: String, at now: Instant, in pair: Relationship = Relationship()
    ) throws -> Answer {
        try Check.known(answer, "know_why")
        guard person != author, affects.contains(person) else {
            throw Refusal.roleForbidden("The one whom the decision affects says whether it was explained.")
        }
        guard explainTime != nil else {
            throw Refusal.wrongState("decision", is: "UNEXPLAINED", needs: "an explanation")
        }
        let explained = try Check.instant(explainTime, "decision.explain_time")
        guard now <= (try pair.deadline(after: explained, days: Span.knowWhyDays)), knowWhy != .no else {
            throw Refusal.wrongState(
                "decision", is: "ANSWERED", needs: "explained at most \(Span.knowWhyDays) days ago and not denied")
        }
        knowWhy = answer
        knowWhyTime = now.timestamp
        return try answer == .no && isExplainedInTime(in: pair) ? .denied : .noted
    }
}
