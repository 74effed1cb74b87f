import Schema
import ServiceKit

/// The other ways out of a promise (docs/domain.md §6.1, rules 27, 28 and 46).
extension Commitment {
    /// Nothing has been settled: released when the relationship ends, moved by a pause.
    static let openStates: [State] = [.proposed, .accepted, .renegotiated]

    /// What the beneficiary does not want.
    enum Declined: Equatable {
        case promise
        /// The later due date: the old one holds.
        case renegotiation
    }

    mutating func decline(by person: String, at now: Instant) throws -> Declined {
        try requireBeneficiary(person, to: "decline it")
        switch state {
        case .proposed:
            state = .declined
            resolveTime = now.timestamp
            return .promise
        case .renegotiated:
            state = .accepted
            proposedDueTime = nil
            return .renegotiation
        default:
            throw Refusal.wrongState("commitment", is: state, needs: "PROPOSED or RENEGOTIATED")
        }
    }

    /// The beneficiary lets the owner off.
    mutating func release(by person: String, at now: Instant) throws {
        try requireBeneficiary(person, to: "release it")
        guard state == .accepted || state == .renegotiated else { throw refusedUnaccepted(needs: "ACCEPTED") }
        release(at: now)
    }

    /// The relationship has ended. False when nothing was open.
    mutating func releaseAtEnd(at now: Instant) -> Bool {
        guard Self.openStates.contains(state) else { return false }
        release(at: now)
        return true
    }

    private mutating func release(at now: Instant) {
        state = .released
        proposedDueTime = nil
        resolveTime = now.timestamp
    }

    /// The beneficiary finds it small, before it is claimed. False when that was said before.
    mutating func markTrivial(by person: String) throws -> Bool {
        try requireBeneficiary(person, to: "call it small")
        guard Self.openStates.contains(state) else {
            throw Refusal.wrongState("commitment", is: state, needs: "PROPOSED, ACCEPTED or RENEGOTIATED")
        }
        guard !trivial else { return false }
        trivial = true
        return true
    }

    /// The beneficiary denies that it was kept.
    mutating func dispute(by person: String, at now: Instant) throws {
        try requireBeneficiary(person, to: "dispute it")
        guard state == .claimedKept || state == .keptUnconfirmed else {
            throw refusedUnaccepted(needs: "CLAIMED_KEPT or KEPT_UNCONFIRMED")
        }
        state = .disputed
        disputeTime = now.timestamp
        resolveTime = nil
    }

    /// The owner takes the claim back: the promise is open again, until it is missed.
    mutating func withdrawClaim(by person: String) throws {
        try requireOwner(person, to: "withdraw the claim")
        guard state == .claimedKept || state == .disputed else {
            throw refusedUnaccepted(needs: "CLAIMED_KEPT or DISPUTED")
        }
        state = .accepted
        claimTime = nil
        disputeTime = nil
    }

    /// Nobody has decided the dispute. False when somebody did.
    mutating func goVoid(at now: Instant) -> Bool {
        guard state == .disputed else { return false }
        state = .void
        resolveTime = now.timestamp
        return true
    }

    /// A pause moves what is due. False when nothing is.
    mutating func shift(by microseconds: Int64) throws -> Bool {
        guard Self.openStates.contains(state) else { return false }
        dueTime = try due.adding(microseconds: microseconds).timestamp
        if proposedDueTime != nil {
            proposedDueTime = try Check.instant(proposedDueTime, "commitment.proposed_due_time")
                .adding(microseconds: microseconds).timestamp
        }
        return true
    }
}
