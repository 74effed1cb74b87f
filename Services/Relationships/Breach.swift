import Schema
import ServiceKit

/// A broken promise or an absence of the trustee, and its repair. A miss opens the case as CONFIRMED: it needs no
/// finding (docs/domain.md §6.1, rule 9).
extension BreachCase {
    mutating func confirm(at now: Instant) {
        state = .confirmed
        confirmTime = now.timestamp
    }

    /// A repair up to this instant counts.
    var repairDeadline: Instant {
        get throws { try Check.instant(confirmTime, "breach_case.confirm_time").adding(days: Span.repairDays) }
    }

    /// The trustee owns up, once.
    mutating func acknowledge(what: String, effect: String, change: String, at now: Instant) throws {
        try Check.text(what, "what", 1...2000)
        try Check.text(effect, "effect", 1...2000)
        try Check.text(change, "change", 1...2000)
        try requireFinding()
        guard state == .confirmed else { throw Refusal.wrongState("breach case", is: state, needs: "CONFIRMED") }
        acknowledgement = Acknowledgement(
            what: what, effect: effect, change: change, acknowledgeTime: now.timestamp)
        state = .acknowledged
    }

    /// The trustor accepts the repair, once, after the acknowledgement.
    mutating func acceptRepair(at now: Instant) throws {
        try requireFinding()
        guard state == .acknowledged else {
            throw Refusal.wrongState("breach case", is: state, needs: "ACKNOWLEDGED")
        }
        repairTime = now.timestamp
        state = .repaired
    }

    /// The time for repair is over. False when it was repaired before.
    mutating func goUnrepaired() -> Bool {
        guard state == .confirmed || state == .acknowledged else { return false }
        state = .unrepaired
        return true
    }

    /// The other party contradicted what had been confirmed.
    mutating func withdraw() throws {
        guard state == .confirmed else {
            throw Refusal.wrongState("breach case", is: state, needs: "CONFIRMED, that is not yet acknowledged")
        }
        state = .notConfirmed
    }

    private func requireFinding() throws {
        guard state != .reported, state != .notConfirmed else {
            throw Refusal(.failedPrecondition, "BREACH_NOT_CONFIRMED", "The breach has not been confirmed.")
        }
    }
}
