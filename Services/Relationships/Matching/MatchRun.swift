import Schema
import ServiceKit

/// A run from the request to what came of it (docs/domain.md §6.1).
extension MatchRun {
    /// Of a programme, whatever became of them.
    static let maximumPerProgramme = 500

    static func asked(_ name: String, of programme: Programme, seed: Int64) -> MatchRun {
        MatchRun(
            name: name, seed: seed, rules: (programme.matchingRules ?? MatchingRules()).whole,
            excludeReportingLine: programme.excludeReportingLine, state: .pending)
    }

    /// Begins, or begins again after a restart. False when it is over.
    mutating func begin(at now: Instant) -> Bool {
        guard state == .pending || state == .running else { return false }
        if state == .pending { startTime = now.timestamp }
        state = .running
        progressPercent = 0
        return true
    }

    mutating func fail(_ refusal: Refusal, at now: Instant) {
        state = .failed
        failureReason = refusal.reason
        failureMessage = refusal.message
        endTime = now.timestamp
    }

    mutating func cancel(at now: Instant) throws {
        guard state == .pending || state == .running || state == .succeeded else {
            throw Refusal.wrongState("the run", is: state, needs: "PENDING, RUNNING or SUCCEEDED")
        }
        if state != .succeeded { endTime = now.timestamp }
        state = .cancelled
    }
}

/// Two people who could work together (docs/domain.md §6.1).
extension MatchProposal {
    func isParty(_ person: String) -> Bool { person == trustee || person == trustor }

    mutating func accept(by person: String, relationship: String, at now: Instant) throws {
        try requireOpen(at: now)
        state = .accepted
        answeredBy = person
        self.relationship = relationship
    }

    mutating func decline(by person: String, at now: Instant) throws {
        try requireOpen(at: now)
        state = .declined
        answeredBy = person
    }

    /// Its time is over, or its run was cancelled. False when it was answered.
    mutating func close(_ end: State) -> Bool {
        guard state == .proposed else { return false }
        state = end
        return true
    }

    /// An answer at exactly the end still counts (docs/domain.md rule 18).
    func requireOpen(at now: Instant) throws {
        let isOver = try Check.instant(expireTime, "expire_time") < now
        guard state == .proposed, !isOver else {
            throw Refusal.wrongState(
                "the proposal", is: state == .proposed ? .expired : state, needs: "PROPOSED")
        }
    }
}

extension WaitlistEntry {
    /// How often which exclusion ruled a coach out may tell what a coach has said: it is for administrators alone.
    var seenByPerson: WaitlistEntry {
        var entry = self
        entry.exclusions = []
        return entry
    }
}
