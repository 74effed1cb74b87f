import Schema
import ServiceKit

/// What a coach promises openly to all whom they coach (docs/domain.md S48). Self-reported: never evidence.
extension LeaderCommitment {
    static let maximumOpen = 50
    static let horizonDays = 400
    /// A promise that its leader says nothing of is missed.
    static let silenceDays = 7

    static func promised(_ draft: LeaderCommitment, name: String, at now: Instant) throws -> LeaderCommitment {
        try Check.text(draft.text, "leader_commitment.text", 1...2000)
        guard draft.text.saysSomething else { throw Refusal.invalid("leader_commitment.text", "is required") }
        let due = try Check.instant(draft.dueTime, "leader_commitment.due_time")
        try checkDue(due, "leader_commitment.due_time", at: now)
        return LeaderCommitment(name: name, text: draft.text, dueTime: due.timestamp, state: .open)
    }

    /// Kept, missed with an account of it, or moved to a later date with a reason.
    mutating func settle(_ request: SettleLeaderCommitmentRequest, at now: Instant) throws {
        guard state == .open else { throw Refusal.wrongState("the commitment", is: state, needs: "OPEN") }
        try Check.text(request.account, "account", 0...2000)
        guard request.newDueTime == nil else { return try renegotiate(request, at: now) }
        switch request.state {
        case .kept: break
        case .missed:
            guard request.account.saysSomething else {
                throw Refusal.invalid("account", "say what happened: those to whom it was promised read it")
            }
        default: throw Refusal.invalid("state", "KEPT or MISSED, or a new_due_time")
        }
        state = request.state
        account = request.account
        settleTime = now.timestamp
    }

    private mutating func renegotiate(_ request: SettleLeaderCommitmentRequest, at now: Instant) throws {
        guard request.state == .unspecified else { throw Refusal.invalid("state", "none with new_due_time") }
        guard request.account.saysSomething else { throw Refusal.invalid("account", "say why the date moves") }
        let due = try Check.instant(dueTime, "due_time")
        guard now <= due else {
            throw Refusal(
                .failedPrecondition, "RETROACTIVE_REVISION", "The due date has passed: it can no longer be moved.")
        }
        let later = try Check.instant(request.newDueTime, "new_due_time")
        guard later > due else { throw Refusal.invalid("new_due_time", "later than the present due date") }
        try Self.checkDue(later, "new_due_time", at: now)
        dueTime = later.timestamp
        account = request.account
        renegotiations += 1
    }

    /// Nobody has said anything of it. False when somebody has.
    mutating func miss(at now: Instant) -> Bool {
        guard state == .open else { return false }
        state = .missed
        settleTime = now.timestamp
        return true
    }

    private static func checkDue(_ due: Instant, _ field: String, at now: Instant) throws {
        guard due > now, due <= now.adding(days: horizonDays) else {
            throw Refusal.invalid(field, "after now, and at most \(horizonDays) days ahead")
        }
    }
}
