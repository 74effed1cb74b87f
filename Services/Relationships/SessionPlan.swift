import Schema
import ServiceKit

/// Moving and calling off what has not begun, objecting to what was said of it, and its depth (docs/domain.md §6.1, rules
/// 8 and 29).
extension Session {
    /// Less notice than this is late: of the trustee it counts as a late cancellation.
    static let noticeHours = 24

    /// A new time for what has not begun. True when it comes late.
    /// - Parameter minutes: the new duration; 0 leaves it.
    mutating func reschedule(to later: Instant, minutes: Int32, at now: Instant) throws -> Bool {
        try requireAhead(at: now)
        let before = try start
        guard later >= now, later != before, later <= now.adding(days: Span.horizonDays) else {
            throw Refusal.invalid(
                "start_time", "another time than the present one, from now on, at most \(Span.horizonDays) days ahead")
        }
        if minutes != 0 {
            try Check.range(minutes, "duration_minutes", 5...480)
            durationMinutes = minutes
        }
        startTime = later.timestamp
        reschedules += 1
        return isLate(before, at: now)
    }

    mutating func cancel(by person: String, at now: Instant) throws {
        try requireAhead(at: now)
        cancellation = Cancellation(person: person, cancelTime: now.timestamp, late: isLate(try start, at: now))
        state = .cancelled
    }

    private func isLate(_ start: Instant, at now: Instant) -> Bool {
        now > start.adding(hours: -Self.noticeHours)
    }

    private func requireAhead(at now: Instant) throws {
        guard state == .scheduled else { throw Refusal.wrongState("session", is: state, needs: "SCHEDULED") }
        guard now <= (try start) else {
            throw Refusal.wrongState("session", is: "STARTED", needs: "SCHEDULED, before its start")
        }
    }

    /// A party objects to what the other one has said, or to the cancellation, within seven days.
    mutating func dispute(by person: String, at now: Instant, in pair: Relationship = Relationship()) throws {
        guard [.held, .noShow, .cancelled].contains(state) else {
            throw Refusal.wrongState("session", is: state, needs: "HELD, NO_SHOW or CANCELLED")
        }
        let word =
            state == .cancelled
            ? cancellation.flatMap { $0.person == person ? nil : $0.cancelTime }
            : attestations.first { $0.person != person }?.attestTime
        guard let word else {
            throw Refusal.wrongState("session", is: state, needs: "the other party's word: say what happened instead")
        }
        let said = try Check.instant(word, "attestation.attest_time")
        guard now <= (try pair.deadline(after: said, days: Span.attestationDays)) else {
            throw Refusal.wrongState(
                "session", is: state, needs: "disputed within \(Span.attestationDays) days of the other's word")
        }
        resolutions = []
        state = .disputed
    }

    /// A party says how the dispute is to end. True when both have said the same: so it ends.
    mutating func resolve(
        _ outcome: Resolution.Outcome, by person: String, at now: Instant, in pair: Relationship
    ) throws -> Bool {
        try Check.known(outcome, "outcome")
        guard state == .disputed else { throw Refusal.wrongState("session", is: state, needs: "DISPUTED") }
        let resolution = Resolution(person: person, outcome: outcome, resolveTime: now.timestamp)
        resolutions = resolutions.filter { $0.person != person } + [resolution]
        guard resolutions.count == 2, Set(resolutions.map(\.outcome)).count == 1 else { return false }
        let agreed = resolutions
        switch outcome {
        case .held: agree(on: .held, [pair.trustor, pair.trustee], at: now)
        case .trusteeNoShow: agree(on: .trusteeNoShow, [pair.trustor, pair.trustee], at: now)
        case .trustorNoShow: agree(on: .trustorNoShow, [pair.trustor, pair.trustee], at: now)
        default: state = .void
        }
        resolutions = agreed
        return true
    }

    /// The trustor's word on how deep it went. False when it was said so before.
    mutating func set(depth: Depth) throws -> Bool {
        try Check.known(depth, "depth")
        guard state == .held else { throw Refusal.wrongState("session", is: state, needs: "HELD") }
        guard self.depth != depth else { return false }
        self.depth = depth
        return true
    }
}

/// What a party wants to talk about (docs/domain.md S04).
extension AgendaItem {
    /// More items of one session are refused with RESOURCE_EXHAUSTED, CAPACITY_FULL.
    static let maximumPerSession = 50
    /// What is added later than this after the start belongs to no session's agenda (docs/domain.md rule 31).
    static let openHours = 24

    static func added(
        _ draft: AgendaItem, name: String, author: String, to session: Session, at now: Instant
    ) throws -> AgendaItem {
        try Check.text(draft.text, "agenda_item.text", 1...500)
        guard session.state != .cancelled, session.state != .void else {
            throw Refusal.wrongState("session", is: session.state, needs: "one that takes place")
        }
        guard now <= (try session.start).adding(hours: openHours) else {
            throw Refusal.wrongState(
                "session", is: "OVER", needs: "an agenda that is open until \(openHours) hours after the start")
        }
        return AgendaItem(name: name, author: author, text: draft.text, concern: draft.concern)
    }
}
