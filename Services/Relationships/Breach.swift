import Schema
import ServiceKit

/// A broken promise or an absence of the trustee, and its repair. A miss opens the case as CONFIRMED: it needs no
/// finding (docs/domain.md §6.1, rule 9).
extension BreachCase {
    /// A party reports what opens no case by itself. It is always the trustee's: evidence comes from the trustee's acts
    /// alone (docs/domain.md rule 3).
    /// - Parameter pair: whose resource the subject is, where one is named.
    static func reported(_ draft: BreachCase, name: String, by person: String, in pair: String) throws -> BreachCase {
        guard draft.kind == .confidentiality || draft.kind == .recordAltered else {
            throw Refusal.invalid(
                "breach_case.kind", "CONFIDENTIALITY or RECORD_ALTERED: the others open by themselves")
        }
        guard draft.subject.isEmpty || draft.subject.hasPrefix(pair + "/") && draft.subject.utf8.count <= 400 else {
            throw Refusal.invalid("breach_case.subject", "empty, or the name of a resource of the same relationship")
        }
        try Check.text(draft.statement, "breach_case.statement", 1...2000)
        return BreachCase(
            name: name, kind: draft.kind, subject: draft.subject, state: .reported, reportedBy: person,
            statement: draft.statement)
    }

    /// What somebody who may find has found: both parties alike decide, or the ombudsperson alone. True when that
    /// decides it (docs/domain.md rule 9).
    mutating func find(confirmed: Bool, by person: String, alone: Bool, at now: Instant) throws -> Bool {
        guard state == .reported else { throw Refusal.wrongState("breach case", is: state, needs: "REPORTED") }
        findings =
            findings.filter { $0.person != person }
            + [Finding(person: person, confirmed: confirmed, findTime: now.timestamp)]
        guard alone || findings.count == 2 && Set(findings.map(\.confirmed)).count == 1 else { return false }
        if confirmed { confirm(at: now) } else { state = .notConfirmed }
        return true
    }

    mutating func confirm(at now: Instant) {
        state = .confirmed
        confirmTime = now.timestamp
    }

    /// A repair up to this instant counts.
    func repairDeadline(in pair: Relationship = Relationship()) throws -> Instant {
        try pair.deadline(after: Check.instant(confirmTime, "breach_case.confirm_time"), days: Span.repairDays)
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

extension BreachCase {
    /// What a confirmed report says of the coach's openness (docs/domain.md §4.3, T1 and T2): confidence was broken, or a record
    /// altered. Nil for what the coach has reported.
    func brokenRule(in relationship: Relationship) -> TransparencyRule? {
        guard reportedBy == relationship.trustor else { return nil }
        switch kind {
        case .confidentiality: return .sharedOutsideAgreement
        case .recordAltered: return .changedInSilence
        default: return nil
        }
    }
}
