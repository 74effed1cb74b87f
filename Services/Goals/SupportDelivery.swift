import Logging
import Schema
import ServiceKit
import Storage

/// Brings each support action's commitment to Relationships (docs/domain.md rule 13: two databases, so by an outbox).
///
/// A row says what is still to be delivered. It is written in the transaction of the action and deleted after
/// Relationships has answered, so that a crash at any point leaves it to be delivered again; the permanent source makes
/// that harmless.
struct SupportDelivery: Sendable {
    static let statements = [
        // Never reuses an id: `seen` below counts on it.
        "CREATE TABLE support_delivery (id INTEGER PRIMARY KEY AUTOINCREMENT, request BLOB NOT NULL) STRICT"
    ]

    /// How many deliveries are under way at once.
    static let batch = 32
    /// After a failure: doubled from the first to the last, and back to the first when all is delivered.
    static let firstPause = Duration.milliseconds(100)
    static let lastPause = Duration.seconds(30)

    let database: Database
    let logger: Logger
    /// Asks Relationships for the commitment.
    let create: @Sendable (CreateCommitmentRequest) async throws -> Void

    static func enqueue(_ action: SupportAction, in transaction: Transaction) throws {
        try transaction.execute(
            "INSERT INTO support_delivery (request) VALUES (?)", [.blob(try action.commitmentRequest.serialized())])
    }

    /// Delivers what waits, then what follows, as soon as it is committed. Ends when cancelled.
    func run() async throws {
        let (wakes, wake) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        try await withThrowingDiscardingTaskGroup { group in
            group.addTask {
                // At once and after each commit.
                for await _ in database.outbox.watch() { wake.yield() }
                wake.finish()
            }
            var seen: Int64 = 0
            var pause = Self.firstPause
            var retry: ContinuousClock.Instant?
            for await _ in wakes {
                // Between retries only what is new is tried, so that an outage does not make each commit walk the backlog.
                if let instant = retry, instant <= .now {
                    retry = nil
                    seen = 0
                }
                let isWhole = seen == 0
                let pass = try await deliver(after: seen)
                seen = pass.last
                if pass.failed == 0 {
                    if isWhole { pause = Self.firstPause }
                } else if retry == nil {
                    let instant = ContinuousClock.now + pause
                    retry = instant
                    pause = min(pause * 2, Self.lastPause)
                    group.addTask {
                        try? await Task.sleep(until: instant)
                        wake.yield()
                    }
                }
            }
            group.cancelAll()
        }
    }

    /// One attempt at each waiting delivery beyond `seen`.
    /// - Returns: how far it came, and how many are still waiting.
    func deliver(after seen: Int64) async throws -> (last: Int64, failed: Int) {
        var last = seen
        var failed = 0
        while true {
            let waiting = try await database.read { [last] snapshot in
                try snapshot.query(
                    "SELECT id, request FROM support_delivery WHERE id > ? ORDER BY id LIMIT ?",
                    [.integer(last), .integer(Int64(Self.batch))]
                ).map { row in (id: try row.int64(0), request: try CreateCommitmentRequest(serialized: row.blob(1))) }
            }
            guard let newest = waiting.last?.id else { return (last, failed) }
            let delivered = await withTaskGroup(of: Int64?.self) { group in
                for row in waiting {
                    group.addTask { await self.isDelivered(row.request) ? row.id : nil }
                }
                return await group.reduce(into: [Int64]()) { ids, id in if let id { ids.append(id) } }
            }
            try Task.checkCancellation()
            if !delivered.isEmpty {
                try await database.write { transaction in
                    for id in delivered {
                        try transaction.execute("DELETE FROM support_delivery WHERE id = ?", [.integer(id)])
                    }
                }
            }
            failed += waiting.count - delivered.count
            last = newest
        }
    }

    private func isDelivered(_ request: CreateCommitmentRequest) async -> Bool {
        do {
            try await create(request)
            return true
        } catch {
            logger.warning(
                "a support action's commitment is not delivered yet",
                metadata: ["action": "\(request.commitment?.source ?? "")", "error": "\(error)"])
            return false
        }
    }
}
