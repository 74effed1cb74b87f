import Schema
import ServiceKit

/// The life of a promise (docs/domain.md §6.1, rules 5, 6, 13 and 27). The owner promises; the
/// beneficiary is the other party.
extension Commitment {
    /// A new promise from what its owner wrote.
    static func proposed(_ draft: Commitment, name: String, owner: String, at now: Instant) throws -> Commitment {
        try Check.text(draft.text, "commitment.text", 1...2000)
        let due = try Check.instant(draft.dueTime, "commitment.due_time")
        if due > now.adding(days: Span.horizonDays) {
            throw Refusal.invalid("commitment.due_time", "at most \(Span.horizonDays) days ahead")
        }
        // What another resource asked for (a support action) may have passed its due date on the way here.
        if draft.source.isEmpty, due < now {
            throw Refusal.invalid("commitment.due_time", "a promise is due after it is made")
        }
        return Commitment(
            name: name, owner: owner, text: draft.text, dueTime: due.timestamp, state: .proposed, source: draft.source)
    }

    /// Promised, and nothing has come of it yet.
    var isOpen: Bool { [.proposed, .accepted, .renegotiated].contains(state) }

    var due: Instant { get throws { try Check.instant(dueTime, "commitment.due_time") } }
    var claimed: Instant { get throws { try Check.instant(claimTime, "commitment.claim_time") } }

    /// A claim up to this instant keeps the promise; after it the promise is missed.
    func missDeadline(graceHours: Int32) throws -> Instant {
        try due.adding(hours: Int(graceHours))
    }

    /// Notice up to this instant leaves a missed promise missed; after it, it is abandoned.
    func noticeDeadline(graceHours: Int32) throws -> Instant {
        try missDeadline(graceHours: graceHours).adding(days: Span.noticeDays)
    }

    /// What the beneficiary has agreed to.
    enum Acceptance: Equatable {
        case promise
        /// The later due date that the owner asked for at this instant.
        case renegotiation(asked: Instant)
    }

    mutating func accept(by person: String) throws -> Acceptance {
        try requireBeneficiary(person, to: "accept the promise")
        switch state {
        case .proposed:
            state = .accepted
            return .promise
        case .renegotiated:
            let asked = try Check.instant(renegotiateTime, "commitment.renegotiate_time")
            dueTime = proposedDueTime
            proposedDueTime = nil
            renegotiations += 1
            state = .accepted
            return .renegotiation(asked: asked)
        default:
            throw Refusal.wrongState("commitment", is: state, needs: "PROPOSED or RENEGOTIATED")
        }
    }

    /// The owner asks for a later due date. The old one runs on until the beneficiary accepts.
    mutating func renegotiate(to later: Instant, by person: String, at now: Instant) throws {
        try requireOwner(person, to: "renegotiate it")
        guard state == .accepted || state == .renegotiated else { throw refusedUnaccepted(needs: "ACCEPTED") }
        let due = try due
        guard now <= due else {
            throw Refusal(
                .failedPrecondition, "RETROACTIVE_REVISION", "The due date has passed: it can no longer be moved.")
        }
        guard later > due, later <= now.adding(days: Span.horizonDays) else {
            throw Refusal.invalid(
                "due_time", "later than the present due date, and at most \(Span.horizonDays) days ahead")
        }
        state = .renegotiated
        proposedDueTime = later.timestamp
        renegotiateTime = now.timestamp
    }

    /// The owner says that it is kept. In MISSED this is notice: the promise can still be kept late.
    mutating func claimKept(by person: String, at now: Instant) throws {
        try requireOwner(person, to: "claim it")
        switch state {
        case .accepted, .renegotiated:
            state = .claimedKept
            proposedDueTime = nil
        case .missed where claimTime == nil:
            break
        default:
            throw refusedUnaccepted(needs: "ACCEPTED, or MISSED and not yet claimed")
        }
        claimTime = now.timestamp
    }

    /// The beneficiary agrees: KEPT, or KEPT_LATE when it had been missed.
    mutating func confirmKept(by person: String, at now: Instant) throws {
        try requireBeneficiary(person, to: "confirm it")
        switch state {
        case .claimedKept, .keptUnconfirmed, .disputed: state = .kept
        case .missed where claimTime != nil: state = .keptLate
        default: throw refusedUnaccepted(needs: "CLAIMED_KEPT, or MISSED and claimed")
        }
        resolveTime = now.timestamp
    }

    /// Whole days from the due date to the claim; 0 when the claim was in time.
    var daysLate: Int32 {
        get throws {
            guard state == .keptLate else { return 0 }
            return Int32((try claimed - due) / Instant.microsecondsPerDay)
        }
    }

    // What time does. Each answers whether it applied: a fact may have come first.

    mutating func lapse(at now: Instant) -> Bool {
        guard state == .proposed else { return false }
        state = .lapsed
        resolveTime = now.timestamp
        return true
    }

    mutating func miss() -> Bool {
        guard state == .accepted || state == .renegotiated else { return false }
        state = .missed
        proposedDueTime = nil
        return true
    }

    mutating func abandon(at now: Instant) -> Bool {
        guard state == .missed, claimTime == nil else { return false }
        state = .abandoned
        resolveTime = now.timestamp
        return true
    }

    mutating func goUnconfirmed(at now: Instant) -> Bool {
        guard state == .claimedKept else { return false }
        state = .keptUnconfirmed
        resolveTime = now.timestamp
        return true
    }

    func requireOwner(_ person: String, to act: String) throws {
        guard person == owner else { throw Refusal.roleForbidden("Only the one who promised can \(act).") }
    }

    func requireBeneficiary(_ person: String, to act: String) throws {
        guard person != owner else {
            throw Refusal.roleForbidden("Only the one to whom it was promised can \(act).")
        }
    }

    func refusedUnaccepted(needs: String) -> Refusal {
        guard state == .proposed else { return Refusal.wrongState("commitment", is: state, needs: needs) }
        return Refusal(.failedPrecondition, "NOT_ACCEPTED", "The promise has not been accepted yet.")
    }
}
