import RPC
import Schema
import Storage

extension Runtime {
    /// Applies another service's events in order, each batch in one transaction with the cursor behind it, so that each takes
    /// effect exactly once. Reconnects with backoff, for ever. Before `apply` sees an event, the projection knows its
    /// relationship.
    func follow(_ source: String, for service: some RapportService) async throws {
        var delay: Duration = .milliseconds(50)
        while !Task.isCancelled {
            do {
                defer { progress(of: source) { $0.isConnected = false } }
                try await receive(from: source, for: service) { delay = .milliseconds(50) }
            } catch let error as RPCError where error.reason == "CURSOR_LOST" {
                logger.warning("rebuilding from \(source): its events begin anew")
                try await database.write { [projection] transaction in
                    if source == "relationships" { try projection?.forget(in: transaction) }
                    try service.forget(source, in: transaction)
                    try transaction.removeCheckpoint(of: source)
                }
            } catch is CancellationError {
                return
            } catch {
                logger.debug("events of \(source) are interrupted", metadata: ["error": "\(error)"])
            }
            try await Task.sleep(for: delay)
            delay = min(delay * 2, .seconds(2))
        }
    }

    private func receive(
        from source: String, for service: some RapportService, progressed: () -> Void
    ) async throws {
        var cursor = try await database.read { try $0.checkpoint(of: source) }
        progress(of: source) { $0.cursor = cursor }
        let options = try await workloadOptions(timeout: nil)
        let responses = try await EventsServiceClient(call(source)).watchEvents(
            WatchEventsRequest(cursor: cursor?.message), options: options)
        for try await response in responses {
            progress(of: source) { progress in
                progress.isConnected = true
                progress.newest = response.newestPosition
            }
            guard let next = try response.cursor.flatMap(Storage.Cursor.init(message:)) else { continue }
            for event in response.events where !event.relationship.isEmpty {
                if case .relationshipChanged = event.payload { continue }
                _ = try await projection?.find(event.relationship)
            }
            let from = cursor
            let recordedAt = clock.now
            try await database.write { [self] transaction in
                for event in response.events {
                    try applyClock(of: event, recordedAt: recordedAt, in: transaction)
                    try ErasureJobs.take(event, in: transaction)
                    try AuditChain.take(event, in: transaction)
                    try service.apply(event, from: source, in: transaction)
                }
                try transaction.advanceCheckpoint(of: source, from: from, to: next)
            }
            service.applied(response.events)
            cursor = next
            progress(of: source) { progress in
                progress.cursor = next
                progress.lastBatch = clock.now
            }
            progressed()
        }
    }

    /// Parties, state, mode and import clock travel in events (docs/domain.md rule 1).
    private func applyClock(of event: Event, recordedAt: Instant, in transaction: Transaction) throws {
        guard let projection, !event.relationship.isEmpty else { return }
        if case .relationshipChanged(let change) = event.payload, let relationship = change.relationship {
            try RelationshipProjection.store(relationship, in: transaction)
            // Before the commit, so that the rest of the batch sees it; should the commit fail, it is still the truth.
            projection.remember(relationship)
            let scope = try ResourceName(relationship.name, "organizations", "relationships")
            if let pausedSince = change.pausedSince, let resumed = event.occurredAt {
                try transaction.due.shift(
                    organization: scope.organizationKey, scope: scope.text,
                    by: try Instant(resumed) - Instant(pausedSince))
            }
            if relationship.importing || relationship.state == .paused {
                try transaction.due.hold(organization: scope.organizationKey, scope: scope.text)
            } else {
                try transaction.due.release(organization: scope.organizationKey, scope: scope.text)
            }
        }
        guard let clock = event.importClock,
            let relationship = projection.relationship(event.relationship, in: transaction)
        else { return }
        let instant = try Instant(clock)
        try fireDuties(of: relationship, before: instant, recordedAt: recordedAt, in: transaction)
        try RelationshipClock.advance(relationship.name, to: instant, in: transaction)
    }
}

/// How far a source's events have been followed, as an operator wants to know it.
struct ConsumerProgress: Sendable {
    /// Nil before the first batch, and while a rebuild begins.
    var cursor: Storage.Cursor?
    /// The source's newest position when it last said so.
    var newest: Int64 = 0
    /// Nil until a batch has come since the start.
    var lastBatch: Instant?
    /// The source has answered on the stream that is open now.
    var isConnected = false

    /// Events known of and not applied.
    var lag: Int64 { max(0, newest - (cursor?.position ?? 0)) }
}

extension Runtime {
    private func progress(of source: String, _ change: (inout ConsumerProgress) -> Void) {
        consumers.withLock { change(&$0[source, default: ConsumerProgress()]) }
    }
}
