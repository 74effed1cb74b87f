import Logging
import RPC
import Schema
import ServiceKit
import Storage

/// Brings each support action's commitment to Relationships (docs/domain.md rule 13: two databases, so by an outbox).
///
/// A row says what is still to be delivered. It is written in the transaction of the action and deleted after
/// Relationships has answered, so that a crash at any point leaves it to be delivered again; the permanent source makes
/// that harmless. What Relationships refuses for good is not tried again: the action says so.
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
    /// Whether a relationship has ended, so that a state that is wrong for a commitment stays wrong.
    let isOver: @Sendable (_ relationship: String) async throws -> Bool

    private enum Outcome {
        case delivered
        /// With Relationships' reason.
        case refused(String)
        case failed
    }

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
            let outcomes = await withTaskGroup(of: (Int64, Outcome).self) { group in
                for row in waiting {
                    group.addTask { (row.id, await outcome(of: row.request)) }
                }
                return await group.reduce(into: [Int64: Outcome]()) { $0[$1.0] = $1.1 }
            }
            try Task.checkCancellation()
            let actions = Dictionary(uniqueKeysWithValues: waiting.map { ($0.id, $0.request.commitment?.source ?? "") })
            failed += try await database.write { transaction in
                try outcomes.count { id, outcome in
                    try !Self.settle(id, of: actions[id] ?? "", outcome, in: transaction)
                }
            }
            last = newest
        }
    }

    /// - Returns: whether nothing is left to be done.
    private static func settle(
        _ id: Int64, of name: String, _ outcome: Outcome, in transaction: Transaction
    ) throws -> Bool {
        var action = try Tables.supportActions.find(name, in: transaction)
        switch outcome {
        case .failed: return false
        case .delivered: action?.delivery = .delivered
        case .refused(let reason):
            action?.delivery = .refused
            action?.refusalReason = reason
        }
        if let action { _ = try Tables.supportActions.update(action, in: transaction) }
        try transaction.execute("DELETE FROM support_delivery WHERE id = ?", [.integer(id)])
        return true
    }

    private func outcome(of request: CreateCommitmentRequest) async -> Outcome {
        let action = request.commitment?.source ?? ""
        do {
            try await create(request)
            return .delivered
        } catch {
            let answer = error as? RPCError ?? (error as? any RPCErrorConvertible)?.rpcError
            if let answer, await isFinal(answer, for: request.parent) {
                logger.error(
                    "a support action's commitment is refused for good",
                    metadata: ["action": "\(action)", "reason": "\(answer.reason ?? answer.code.name)"])
                return .refused(answer.reason ?? answer.code.name)
            }
            logger.warning(
                "a support action's commitment is not delivered yet",
                metadata: ["action": "\(action)", "error": "\(error)"])
            return .failed
        }
    }

    /// No later attempt can do better.
    private func isFinal(_ error: RPCError, for relationship: String) async -> Bool {
        switch error.code {
        case .permissionDenied, .invalidArgument, .notFound: true
        case .failedPrecondition: (try? await isOver(relationship)) ?? false
        default: false
        }
    }
}
