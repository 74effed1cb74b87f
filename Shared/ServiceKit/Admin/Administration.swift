import RPC
import Schema
import Standard
import Storage

/// Tells operators how a service and its database do (rapport.admin.v1).
struct Administration: AdminServiceHandlers {
    /// Microseconds that a duty may be late before it counts as overdue: the look at the clock every quarter of a
    /// second and some work take their time.
    static let dueGrace: Int64 = 1_000_000
    /// Problems that one report names.
    static let problemLimit = 100
    /// Events read at once while the outbox is checked.
    private static let batch = 1000

    private let service: any RapportService
    private let runtime: Runtime
    private let started: Instant

    init(_ service: any RapportService, _ runtime: Runtime) {
        self.service = service
        self.runtime = runtime
        started = runtime.clock.now
    }

    func getStatus(_ request: GetStatusRequest, _ context: ServerContext) async throws -> ServiceStatus {
        try context.requireOperator()
        let database = runtime.database
        let now = runtime.clock.now
        let backlog = try await database.read { try $0.dueBacklog(at: now.microseconds - Administration.dueGrace) }
        return ServiceStatus(
            service: runtime.service, version: Version.current, startTime: started.timestamp, time: now.timestamp,
            epoch: database.epoch.description, outboxPosition: database.outbox.position,
            databaseBytes: database.fileBytes, queuedWrites: Int64(database.statistics.waiting),
            writable: database.isWritable,
            consumers: runtime.consumers.withLock { $0 }.sorted { $0.key < $1.key }.map { source, progress in
                Consumer(
                    source: source, cursor: progress.cursor?.message, newestPosition: progress.newest,
                    lag: progress.lag, lastBatchTime: progress.lastBatch?.timestamp, connected: progress.isConnected)
            }, dueWork: backlog.message)
    }

    func verifyIntegrity(
        _ request: VerifyIntegrityRequest, _ context: ServerContext
    ) async throws -> IntegrityReport {
        try context.requireOperator()
        let (problems, bytes) = try await runtime.database.read { try $0.integrityProblems() }
        var report = IntegrityReport(problems: Array(problems.prefix(Administration.problemLimit)))
        report.databaseBytes = bytes
        try await readOutbox(into: &report)
        return report
    }

    func verifyReplays(
        _ request: VerifyReplaysRequest, _ context: ServerContext, _ responses: ResponseWriter<ReplayProgress>
    ) async throws {
        try context.requireOperator()
        try await service.verifyReplays { try await responses.write($0) }
    }

    /// Positions without a gap, each event readable.
    private func readOutbox(into report: inout IntegrityReport) async throws {
        var cursor: Storage.Cursor?
        var expected: Int64?
        let outbox = runtime.database.outbox
        while case .events(let events, let next) = try await outbox.read(after: cursor, limit: Administration.batch),
            !events.isEmpty
        {
            check(events, &expected, &report)
            cursor = next
        }
    }

    private func check(
        _ events: [OutboxEvent], _ expected: inout Int64?, _ report: inout IntegrityReport
    ) {
        for event in events {
            var problem: String?
            if let expected, event.position != expected {
                problem = "outbox: position \(event.position) follows \(expected - 1)"
            } else if (try? Event(serialized: event.payload)) == nil {
                problem = "outbox: the event at position \(event.position) cannot be read"
            }
            if let problem, report.problems.count < Administration.problemLimit { report.problems.append(problem) }
            expected = event.position + 1
            report.events += 1
        }
    }

}

extension DueBacklog {
    fileprivate var message: DueWork {
        func time(_ microseconds: Int64?) -> Timestamp? {
            microseconds.map { Instant(microseconds: $0).timestamp }
        }
        return DueWork(
            overdue: overdue, oldestOverdueTime: time(oldest), nextTime: time(next), scheduled: scheduled, held: held)
    }
}
