import Schema
import Standard
import Storage

extension Runtime {
    /// How many duties one transaction fires; the rest follow in the next.
    static let dutyBatch = 100

    /// Fires what fell due before `instant` for one relationship, at the instants at which it fell due.
    ///
    /// A duty may create another one that is due as well, so this goes on until nothing is left. A paused relationship's
    /// duties wait (docs/domain.md rule 28).
    /// - Returns: whether there were any.
    @discardableResult
    func fireDuties(
        of relationship: Relationship, before instant: Instant, recordedAt: Instant, in transaction: Transaction
    ) throws -> Bool {
        guard relationship.state != .paused, let service = firing.withLock({ $0 }) else { return false }
        var hasFired = false
        let scope = try ResourceName(relationship.name, "organizations", "relationships")
        while let duty = try transaction.due.claim(
            upTo: instant.microseconds - 1, organization: scope.organizationKey, scope: scope.text, limit: 1
        ).first {
            hasFired = true
            try fire(duty, of: service, recordedAt: recordedAt, in: transaction)
        }
        return hasFired
    }

    private func fire(
        _ duty: Duty, of service: any RapportService, recordedAt: Instant, in transaction: Transaction
    ) throws {
        let now = Instant(microseconds: duty.due)
        let relationship = try duty.scope.isEmpty ? nil : source.relationship(duty.scope, in: transaction)
        guard relationship != nil || duty.scope.isEmpty else { return }
        try service.fire(
            duty,
            Change(
                transaction, now: now, recordedAt: recordedAt, caller: nil,
                organization: "\(duty.organization)", relationship: relationship, identifiers: identifiers))
        if relationship != nil { try RelationshipClock.advance(duty.scope, to: now, in: transaction) }
    }

    /// Fires what the wall clock makes due, until cancelled. Held relationships wait for their own clock.
    func runDuties() async throws {
        while !Task.isCancelled {
            try await fireDueNow()
            try await untilNextDuty()
        }
    }

    func fireDueNow() async throws {
        guard let service = firing.withLock({ $0 }) else { return }
        var fired: Int
        repeat {
            let recordedAt = clock.now
            fired = try await database.write { [self] transaction in
                let due = try transaction.due.claim(upTo: recordedAt.microseconds, limit: Runtime.dutyBatch)
                for duty in due { try fire(duty, of: service, recordedAt: recordedAt, in: transaction) }
                return due.count
            }
        } while fired > 0
    }

    /// Forgets requests that are too old to be repeated (docs/domain.md §6.0: 24 h), once an hour.
    func purgeRequests() async throws {
        while !Task.isCancelled {
            let now = clock.now.microseconds
            while case let purged = try await database.write({ try $0.idempotency.purge(at: now) }), purged > 0 {
                purgedRequests.add(UInt64(purged), ordering: .relaxed)
            }
            try await Task.sleep(for: .seconds(3600))
        }
    }

    /// One indexed look four times a second is cheap, and notices duties that are new and a clock that was moved.
    private func untilNextDuty() async throws {
        repeat {
            try await Task.sleep(for: .milliseconds(250))
        } while try await database.read { try $0.nextDue() }.map { $0 > clock.now.microseconds } ?? true
    }
}
