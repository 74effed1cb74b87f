import ServiceKit

/// What happens by time alone. A duty fires at its instant unless a fact at or before that instant beat it
/// (docs/domain.md rules 18 and 48).
enum DutyKind: String, CaseIterable {
    case requestExpires = "request.expires"
    case commitmentLapses = "commitment.lapses"
    case commitmentMissed = "commitment.missed"
    case commitmentAbandoned = "commitment.abandoned"
    case claimUnconfirmed = "claim.unconfirmed"
    case breachUnrepaired = "breach.unrepaired"
    case decisionUnexplained = "decision.unexplained"
    case sessionSelfAttested = "session.self_attested"
    case sessionUnattested = "session.unattested"
    case relationshipEnds = "relationship.ends"
    case disputeVoid = "dispute.void"
    case reflectionReveals = "reflection.reveals"
    case notePurged = "note.purged"
    /// Of notes.
    case retentionEnds = "retention.ends"
    case evidenceRetentionEnds = "retention.evidence_ends"
    case auditRetentionEnds = "retention.audit_ends"
    case exportExpires = "export.expires"
    case sharingExpires = "sharing.expires"
    case breakGlassExpires = "break_glass.expires"
    case breakGlassTold = "break_glass.told"
    case inactivityStep = "inactivity.step"
    case leaderSilent = "leader.silent"
}

/// The lengths of time of docs/domain.md rule 48. The grace of a due date is the relationship's own.
enum Span {
    /// A request that nobody answers expires.
    static let requestDays = 14
    /// A claim that nobody answers counts as kept, unconfirmed.
    static let confirmationDays = 7
    /// A missed promise without notice is abandoned.
    static let noticeDays = 7
    /// An acknowledged or unacknowledged breach stays open for repair.
    static let repairDays = 90
    /// A decision is to be explained within this time.
    static let explanationHours = 48
    /// The trustor may attest, and one party contradict the other, before the trustee's word stands alone.
    static let attestationDays = 7
    /// Between the first word about the end and the end.
    static let endingDays = 14
    /// A dispute that nobody decides counts for nothing.
    static let disputeDays = 30
    /// The affected party may deny that an explanation explains.
    static let knowWhyDays = 7
    /// The first reflection waits for the other one.
    static let revealDays = 7
    /// Something is to follow from a change of context.
    static let adaptationDays = 14
    /// A rating may be changed.
    static let ratingDays = 7
    /// Nothing is planned further ahead: five years.
    static let horizonDays = 1830
}

extension Change {
    func schedule(_ kind: DutyKind, for name: String, at instant: Instant) throws {
        try schedule(kind.rawValue, for: name, at: instant)
    }

    func cancel(_ kind: DutyKind, for name: String) throws {
        try cancel(kind.rawValue, for: name)
    }
}
