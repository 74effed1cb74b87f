import Schema
import ServiceKit
import Standard

/// What waits for one party, read off what is open between the two.
struct Obligations: Sendable {
    let person: String
    let now: Instant

    init(of person: String, at now: Instant) {
        self.person = person
        self.now = now
    }

    func section(
        _ commitments: Fetched<[Commitment]>, _ sessions: Fetched<[Session]>, _ feedback: Fetched<[FeedbackItem]>,
        _ requests: Fetched<[FeedbackRequest]>, _ goals: Fetched<[Goal]>
    ) -> ObligationsSection {
        let all =
            (commitments.content ?? []).compactMap(obligation) + (sessions.content ?? []).compactMap(obligation)
            + (feedback.content ?? []).compactMap(obligation) + (requests.content ?? []).compactMap(obligation)
            + (goals.content ?? []).compactMap(obligation)
        return ObligationsSection(
            state: .of(commitments.state, sessions.state, feedback.state, requests.state, goals.state),
            obligations: all.sorted { Obligations.precedes($0, $1) })
    }

    func obligation(_ commitment: Commitment) -> Obligation? {
        let isOwn = commitment.owner == person
        switch commitment.state {
        case .accepted, .missed, .renegotiated:
            // The old date runs on until the other accepts the new one.
            if isOwn { return make(.keepCommitment, commitment.name, commitment.dueTime) }
            return commitment.state == .renegotiated
                ? make(.answerCommitment, commitment.name, commitment.dueTime) : nil
        case .proposed: return isOwn ? nil : make(.answerCommitment, commitment.name, commitment.dueTime)
        case .claimedKept:
            return isOwn
                ? nil : make(.confirmCommitment, commitment.name, commitment.claimTime, after: Wait.confirmation)
        case .disputed: return make(.resolveCommitment, commitment.name, nil)
        default: return nil
        }
    }

    /// Until 7 days after its start a session can be attested (docs/domain.md rule 8).
    func obligation(_ session: Session) -> Obligation? {
        if session.state == .disputed { return make(.resolveSession, session.name, nil) }
        guard [.scheduled, .held].contains(session.state), let start = session.startTime.flatMap({ try? Instant($0) }),
            start <= now, !session.attestations.contains(where: { $0.person == person })
        else { return nil }
        guard session.state == .scheduled || now - start <= Wait.attestation else { return nil }
        return make(.attestSession, session.name, session.startTime, after: Wait.attestation)
    }

    func obligation(_ item: FeedbackItem) -> Obligation? {
        guard item.receiver == person else { return nil }
        switch item.state {
        case .delivered:
            return make(.acknowledgeFeedback, item.name, item.readableTime, after: Wait.acknowledgement)
        case .acknowledged, .discussed:
            guard ![.recognition, .neutral].contains(item.effectiveKind) else { return nil }
            return make(.actOnFeedback, item.name, item.readableTime, after: Wait.action)
        default: return nil
        }
    }

    func obligation(_ request: FeedbackRequest) -> Obligation? {
        guard request.state == .open, request.giver == person else { return nil }
        return make(.answerFeedbackRequest, request.name, request.dueTime)
    }

    func obligation(_ goal: Goal) -> Obligation? {
        guard goal.state == .proposed, !goal.signatures.contains(where: { $0.person == person }) else { return nil }
        return make(.signGoal, goal.name, nil)
    }

    /// Microseconds (docs/domain.md rule 48, §3.12).
    enum Wait {
        static let confirmation = 7 * Instant.microsecondsPerDay
        static let attestation = 7 * Instant.microsecondsPerDay
        static let acknowledgement = 72 * Instant.microsecondsPerHour
        static let action = 14 * Instant.microsecondsPerDay
    }

    private func make(
        _ kind: Obligation.Kind, _ subject: String, _ time: Timestamp?, after wait: Int64 = 0
    ) -> Obligation {
        let due = time.flatMap { try? Instant($0) }?.adding(microseconds: wait)
        return Obligation(
            kind: kind, subject: subject, dueTime: due?.timestamp, overdue: due.map { $0 < now } ?? false)
    }

    private static func precedes(_ a: Obligation, _ b: Obligation) -> Bool {
        let (first, second) = (a.dueTime.flatMap { try? Instant($0) }, b.dueTime.flatMap { try? Instant($0) })
        return switch (first, second) {
        case (let first?, let second?) where first != second: first < second
        case (_?, nil): true
        case (nil, _?): false
        default: a.subject < b.subject
        }
    }
}

extension FeedbackItem {
    /// Since when its receiver can read it.
    fileprivate var readableTime: Timestamp? { revealTime ?? deliverTime }
    /// The receiver's tag counts more than the giver's (docs/domain.md §6.2).
    fileprivate var effectiveKind: Kind { receiverKind == .unspecified ? kind : receiverKind }
}
