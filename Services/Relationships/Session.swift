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

    /// The trustee's word alone counts from this instant on; up to it the trustor may speak first.
    var selfReportTime: Instant { get throws { try start.adding(days: Span.attestationDays) } }

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

    /// The trustor's word, unless the trustee's contradicts it: what evidence rests on.
    func firmOutcome(trustor: String) -> Attestation.Outcome? {
        state == .disputed ? nil : word(of: trustor)
    }

    /// Puts down one party's word on what happened. False when that party had said so already.
    mutating func attest(_ outcome: Attestation.Outcome, by person: String, at now: Instant) throws -> Bool {
        let outcome = outcome == .unspecified ? .held : outcome
        try Check.known(outcome, "outcome")
        guard [.scheduled, .held, .noShow, .disputed].contains(state) else {
            throw Refusal.wrongState("session", is: state, needs: "SCHEDULED, HELD, NO_SHOW or DISPUTED")
        }
        guard now >= (try start) else {
            throw Refusal.wrongState("session", is: "NOT STARTED", needs: "started: nobody can know it before")
        }
        guard word(of: person) != outcome else { return false }
        if let other = attestations.first(where: { $0.person != person }), other.outcome != outcome {
            let said = try Check.instant(other.attestTime, "attestation.attest_time")
            guard now <= said.adding(days: Span.attestationDays) else {
                throw Refusal.wrongState(
                    "session", is: state, needs: "contradicted within \(Span.attestationDays) days of the other's word")
            }
        }
        let attestation = Attestation(person: person, outcome: outcome, attestTime: now.timestamp)
        if let index = attestations.firstIndex(where: { $0.person == person }) {
            attestations[index] = attestation
        } else {
            attestations.append(attestation)
        }
        settle()
        return true
    }

    /// The state follows from the two words: one is enough, two that differ are a dispute.
    private mutating func settle() {
        switch Set(attestations.map(\.outcome)) {
        case []: state = .scheduled
        case [.held]: state = .held
        case let words where words.count == 1: state = .noShow
        default: state = .disputed
        }
    }
}
