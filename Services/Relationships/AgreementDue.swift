import Schema
import ServiceKit

/// A change of role, manager or sponsor asks for a new revision of the agreement before the next session
/// (docs/domain.md §6.1, §6.9).
extension Relationship {
    /// What a change in the directory means for what the two have agreed on; nil when it means nothing.
    /// - Parameter isDual: whether the coach is the coachee's line manager from now on.
    func agreementDue(from before: Person, to after: Person) -> (reason: AgreementDueReason, isDual: Bool)? {
        guard [.accepted, .active, .paused].contains(state), after.name == trustor || after.name == trustee else {
            return nil
        }
        let isCoachee = after.name == trustor
        let isDual = isCoachee ? after.manager == trustee : dualRole
        if isDual != dualRole { return (.dualRoleChanged, isDual) }
        if isCoachee, before.manager != after.manager { return (.managerChanged, isDual) }
        if before.unit != after.unit || before.level != after.level { return (.roleChanged, isDual) }
        return nil
    }

    /// - Throws: FAILED_PRECONDITION, AGREEMENT_NOT_SIGNED while a new revision is due.
    func requireCurrentAgreement() throws {
        guard agreementDueTime != nil else { return }
        let what =
            switch agreementDueReason {
            case .managerChanged: "the coachee has another manager"
            case .dualRoleChanged: "the coach has become the coachee's manager, or is it no more"
            case .sponsorChanged: "the sponsor has changed"
            default: "one of you has another role"
            }
        throw Refusal(
            .failedPrecondition, "AGREEMENT_NOT_SIGNED",
            "Since you signed, \(what): revise the agreement, and sign it both, before the next session.")
    }
}

extension Change {
    /// What a change of a person means for the agreements of the relationships that the person is in.
    func reopenAgreements(from before: Person, to after: Person, _ runtime: Runtime) throws {
        guard before.manager != after.manager || before.unit != after.unit || before.level != after.level else {
            return
        }
        try eachOpenRelationship(of: after.name, runtime) { change, relationship in
            guard !relationship.importing, let due = relationship.agreementDue(from: before, to: after) else { return }
            let isSigned = try change.agreements(of: relationship.name).contains { $0.state == .signed }
            guard isSigned || due.reason == .dualRoleChanged else { return }
            var relationship = relationship
            relationship.dualRole = due.isDual
            if isSigned {
                relationship.agreementDueTime = change.now.timestamp
                relationship.agreementDueReason = due.reason
            }
            try change.publish(
                isSigned ? "agreement.due.v1" : "relationship.dual_role.v1",
                change.save(Tables.relationships, relationship))
        }
    }

    /// Both have signed what holds now.
    func agreementIsCurrent() throws {
        guard relationship.agreementDueTime != nil else { return }
        var relationship = try get(Tables.relationships, relationship.name)
        relationship.agreementDueTime = nil
        relationship.agreementDueReason = .unspecified
        try publish("agreement.current.v1", save(Tables.relationships, relationship))
    }
}
