import Schema
import ServiceKit

/// A meeting: planned, intended, attested (docs/domain.md §6.1, rules 7 and 8).
extension Session {
    /// A planned meeting. It may lie in the past, but not before the relationship began.
    static func scheduled(
        _ draft: Session, name: String, relationshipStart: Instant, at now: Instant
    ) throws -> Session {
        let start = try Check.instant(draft.startTime, "session.start_time")
        guard start >= relationshipStart, start <= now.adding(days: Span.horizonDays) else {
            throw Refusal.invalid(
                "session.start_time",
                "not before the relationship's start, and at most \(Span.horizonDays) days ahead")
        }
        try Check.range(draft.durationMinutes, "session.duration_minutes", 5...480)
        try Check.known(draft.mode, "session.mode")
        let template = draft.template == .unspecified ? Template.open : draft.template
        try Check.known(template, "session.template")
        return Session(
            name: name, startTime: start.timestamp, durationMinutes: draft.durationMinutes, mode: draft.mode,
            state: .scheduled, template: template)
    }

    var start: Instant { get throws { try Check.instant(startTime, "session.start_time") } }

    /// The trustee's word alone counts from this instant on; up to it the trustor may speak first. Nobody's word by then
    /// leaves the session unattested.
    func selfReportTime(in pair: Relationship = Relationship()) throws -> Instant {
        try pair.deadline(after: start, days: Span.attestationDays)
    }

    /// States what the session is for. True when it is the first statement, the only one that can be evidence.
    mutating func state(intent text: String, at now: Instant) throws -> Bool {
        try Check.text(text, "intent", 1...2000)
        guard state == .scheduled else { throw Refusal.wrongState("session", is: state, needs: "SCHEDULED") }
        guard now <= (try start) else {
            throw Refusal.wrongState("session", is: "STARTED", needs: "SCHEDULED, before its start")
        }
        intent = text
        guard intentTime == nil else { return false }
        intentTime = now.timestamp
        return true
    }

    /// One party's word; nil while the party is silent.
    func word(of person: String) -> Attestation.Outcome? {
        attestations.first { $0.person == person }?.outcome
    }

    /// The trustor's word, unless the trustee's contradicts it or both agree that it counts for nothing: what evidence
    /// rests on.
    func firmOutcome(trustor: String) -> Attestation.Outcome? {
        state == .disputed || state == .void || state == .cancelled ? nil : word(of: trustor)
    }

    /// What one party says of a session.
    struct Word {
        var outcome: Attestation.Outcome
        /// The trustor alone says whether something was raised, and how attentive the trustee was.
        var raised = false
        var attention: Int32 = 0
    }

    /// Puts down one party's word on what happened. False when that party had said so already.
    mutating func attest(
        _ word: Word, by person: String, at now: Instant, in pair: Relationship = Relationship()
    ) throws -> Bool {
        let outcome = word.outcome == .unspecified ? .held : word.outcome
        try Check.known(outcome, "outcome")
        try Check.range(word.attention, "attention", 0...5)
        guard !word.raised && word.attention == 0 || person == pair.trustor else {
            throw Refusal.roleForbidden("The coachee alone says what was raised and how attentive the coach was.")
        }
        guard [.scheduled, .held, .noShow, .disputed].contains(state) else {
            throw Refusal.wrongState("session", is: state, needs: "SCHEDULED, HELD, NO_SHOW or DISPUTED")
        }
        guard now >= (try start) else {
            throw Refusal.wrongState("session", is: "NOT STARTED", needs: "started: nobody can know it before")
        }
        guard self.word(of: person) != outcome else { return false }
        if let other = attestations.first(where: { $0.person != person }), other.outcome != outcome {
            let said = try Check.instant(other.attestTime, "attestation.attest_time")
            guard now <= (try pair.deadline(after: said, days: Span.attestationDays)) else {
                throw Refusal.wrongState(
                    "session", is: state, needs: "contradicted within \(Span.attestationDays) days of the other's word")
            }
        }
        put(
            Attestation(
                person: person, outcome: outcome, attestTime: now.timestamp, raised: word.raised,
                attention: word.attention))
        settle()
        return true
    }

    mutating func attest(
        _ outcome: Attestation.Outcome, by person: String, at now: Instant, in pair: Relationship = Relationship()
    ) throws -> Bool {
        try attest(Word(outcome: outcome), by: person, at: now, in: pair)
    }

    private mutating func put(_ attestation: Attestation) {
        unattested = false
        if let index = attestations.firstIndex(where: { $0.person == attestation.person }) {
            attestations[index] = attestation
        } else {
            attestations.append(attestation)
        }
    }

    /// The state follows from the two words: one is enough, two that differ are a dispute.
    private mutating func settle() {
        resolutions = []
        switch Set(attestations.map(\.outcome)) {
        case []: state = .scheduled
        case [.held]: state = .held
        case let words where words.count == 1: state = .noShow
        default: state = .disputed
        }
    }

    /// Both have agreed on how the dispute ends: their words are this one now.
    mutating func agree(on outcome: Attestation.Outcome, _ people: [String], at now: Instant) {
        for person in people {
            var attestation = attestations.first { $0.person == person } ?? Attestation(person: person)
            attestation.outcome = outcome
            attestation.attestTime = now.timestamp
            put(attestation)
        }
        settle()
    }

    /// Nobody has said what happened. False when somebody has, or it was called off.
    mutating func goUnattested() -> Bool {
        guard state == .scheduled, attestations.isEmpty, !unattested else { return false }
        unattested = true
        return true
    }
}
