/// One published event.
public struct OutboxEvent: Sendable, Hashable {
    /// Counts up from 1 in the order of commits.
    public let position: Int64
    public let payload: [UInt8]
}

public enum OutboxBatch: Sendable, Hashable {
    /// Events after the cursor, in order; empty at the end. Store `next` with what you derive from them.
    case events([OutboxEvent], next: Cursor)
    /// The cursor belongs to another epoch, lies beyond the end or before what is still kept. Drop what was derived and
    /// go on from `from`, the oldest place that is left.
    case rebuild(from: Cursor)
}

/// The events that a service publishes, committed with the change that they tell of.
///
/// With SQLite one writer gives the positions, so their order is the order of commits and nothing appears late.
public struct Outbox: Sendable {
    static let statements = [
        // AUTOINCREMENT: a position that was pruned or rolled back is never given to another event that anyone has
        // seen.
        "CREATE TABLE storage_outbox (position INTEGER PRIMARY KEY AUTOINCREMENT, payload BLOB NOT NULL) STRICT"
    ]

    /// Events of one scope are found without the others.
    static let scopeStatements = [
        "ALTER TABLE storage_outbox ADD COLUMN scope TEXT NOT NULL DEFAULT ''",
        "CREATE INDEX storage_outbox_scope ON storage_outbox (scope, position) WHERE scope <> ''",
    ]

    let database: Database

    /// - Parameters:
    ///   - cursor: nil for the oldest event that is kept.
    ///   - scope: only the events of this one, such as a relationship; nil for all.
    ///   - limit: events in one answer, 1 to `Limits.rows`.
    public func read(after cursor: Cursor?, scope: String? = nil, limit: Int = 256) async throws -> OutboxBatch {
        try Limits.check(rows: limit)
        return try await database.read { try Self.batch($0, after: cursor, scope: scope, limit: limit) }
    }

    /// Every event after `cursor`, of one scope or of all, then each new one as it commits, without polling. What
    /// commits in other scopes does not wake the tail of one.
    public func tail(after cursor: Cursor?, scope: String? = nil, limit: Int = 256) -> OutboxTail {
        OutboxTail(outbox: self, cursor: cursor, scope: scope, limit: limit)
    }

    /// The newest position now; 0 before the first event.
    public var position: Int64 { database.positions.value }

    /// The newest position: at once, and after each commit that published. A slow reader sees the latest only.
    public func watch() -> LatestValues<Int64> { database.positions.listen() }

    func watch(scope: String?) -> LatestValues<Int64> {
        scope.map { database.scopes.listen(to: $0) } ?? database.positions.listen()
    }

    static func end(_ snapshot: Snapshot) throws -> Int64 {
        try snapshot.first("SELECT seq FROM sqlite_sequence WHERE name = 'storage_outbox'")?.int64(0) ?? 0
    }

    private static func batch(
        _ snapshot: Snapshot, after cursor: Cursor?, scope: String?, limit: Int
    ) throws -> OutboxBatch {
        let epoch = snapshot.identity.epoch
        let pruned = try snapshot.first("SELECT outbox_pruned FROM storage_identity")?.int64(0) ?? 0
        let cursor = cursor ?? Cursor(epoch: epoch, position: pruned)
        guard cursor.epoch == epoch, cursor.position >= pruned, cursor.position <= (try end(snapshot)) else {
            return .rebuild(from: Cursor(epoch: epoch, position: pruned))
        }
        // An empty scope is none, and the index leaves it out.
        let ofScope = scope.map { _ in "scope = ?1 AND scope <> '' AND " } ?? ""
        let events = try snapshot.query(
            "SELECT position, payload FROM storage_outbox WHERE \(ofScope)position > ?2 ORDER BY position LIMIT ?3",
            [.text(scope ?? ""), .integer(cursor.position), Value(limit)]
        ).map { OutboxEvent(position: try $0.int64(0), payload: try $0.blob(1)) }
        return .events(events, next: Cursor(epoch: epoch, position: events.last?.position ?? cursor.position))
    }
}

/// The outbox inside a transaction.
public struct OutboxWriter {
    let transaction: Transaction

    /// Publishes an event with this transaction and returns its position.
    /// - Parameters:
    ///   - payload: at most `Limits.payload` bytes.
    ///   - scope: what it is about, such as a relationship; empty for none.
    @discardableResult
    public func append(_ payload: [UInt8], scope: String = "") throws -> Int64 {
        try Limits.check(payload: payload)
        try Limits.check(text: scope, "scope")
        try transaction.execute(
            "INSERT INTO storage_outbox (payload, scope) VALUES (?, ?)", [.blob(payload), .text(scope)])
        let position = try transaction.lastInsertedRowID()
        transaction.effects.position = position
        if !scope.isEmpty { transaction.effects.scopes.insert(scope) }
        return position
    }

    /// Forgets the oldest events up to `position`, at most `limit` of them, and returns how many.
    /// A consumer that has not seen them will be told to rebuild.
    @discardableResult
    public func prune(through position: Int64, limit: Int = 1000) throws -> Int {
        try Limits.check(rows: limit)
        let removed = try transaction.execute(
            """
            DELETE FROM storage_outbox WHERE position IN (
                SELECT position FROM storage_outbox WHERE position <= ? ORDER BY position LIMIT ?
            )
            """, [.integer(position), Value(limit)])
        let oldest = try transaction.first("SELECT min(position) FROM storage_outbox")?.optionalInt64(0)
        try transaction.execute(
            "UPDATE storage_identity SET outbox_pruned = ?",
            [.integer(try oldest.map { $0 - 1 } ?? Outbox.end(transaction))])
        return removed
    }
}

extension Transaction {
    public var outbox: OutboxWriter { OutboxWriter(transaction: self) }
}

extension Snapshot {
    /// Everything published up to here is part of what this snapshot shows: where a consumer that copied it goes on.
    public func outboxEnd() throws -> Cursor {
        Cursor(epoch: identity.epoch, position: try Outbox.end(self))
    }
}
