import ServiceKit
import Storage
import TrustModel

/// How often a relationship's log has changed, in this database. It says what a profile was made from where the state hash
/// would need the whole log.
struct LogRevision: Hashable, Sendable, CustomStringConvertible {
    var epoch: Identifier
    var number: Int64

    /// What a watch resumes from.
    var description: String { "\(epoch)-\(number)" }

    /// 0 before the first evidence.
    static func read(_ relationship: ResourceName, in snapshot: Snapshot) throws -> LogRevision {
        LogRevision(
            epoch: try snapshot.outboxEnd().epoch,
            number: try LogMark.read(relationship, in: snapshot)?.revision ?? 0)
    }
}

/// What is kept of a relationship's log as a whole.
struct LogMark: Sendable {
    var revision: Int64
    /// The earliest instant at which something changed that no snapshot shows yet.
    var staleFrom: Instant
    /// The next midnight that a snapshot is due at; nil once the relationship has ended.
    var nextSnapshot: Instant?

    static let nothingStale = Instant(microseconds: .max)

    static let migration = Migration(
        version: 101, name: "changes of the log",
        statements: [
            """
            CREATE TABLE evidence_log (
                organization TEXT NOT NULL, relationship ANY NOT NULL, revision INTEGER NOT NULL,
                stale_from INTEGER NOT NULL, next_snapshot INTEGER,
                PRIMARY KEY (organization, relationship)) STRICT, WITHOUT ROWID
            """
        ])

    static func read(_ relationship: ResourceName, in snapshot: Snapshot) throws -> LogMark? {
        try snapshot.first(
            """
            SELECT revision, stale_from, next_snapshot FROM evidence_log WHERE organization = ? AND relationship = ?
            """, relationship.scope
        ).map { row in
            LogMark(
                revision: try row.int64(0), staleFrom: Instant(microseconds: try row.int64(1)),
                nextSnapshot: try row.optionalInt64(2).map(Instant.init(microseconds:)))
        }
    }

    /// Something has changed.
    ///
    /// - Parameters:
    ///   - instant: from when on profiles differ.
    ///   - recordedAt: when it was learnt: the first snapshot is due at the midnight after (docs/domain.md rule 36).
    static func advance(
        _ relationship: ResourceName, from instant: Instant, recordedAt: Instant, in transaction: Transaction
    ) throws -> LogMark {
        let midnight = recordedAt.midnight.advanced(byDays: 1)
        try transaction.execute(
            """
            INSERT INTO evidence_log (organization, relationship, revision, stale_from, next_snapshot)
            VALUES (?, ?, 1, ?, ?)
            ON CONFLICT (organization, relationship) DO UPDATE SET revision = revision + 1,
                stale_from = min(stale_from, excluded.stale_from),
                next_snapshot = coalesce(next_snapshot, excluded.next_snapshot)
            """,
            relationship.scope + [.integer(instant.microseconds), .integer(midnight.microseconds)])
        guard let mark = try read(relationship, in: transaction) else { throw StorageError.notFound }
        return mark
    }

    func write(of relationship: ResourceName, in transaction: Transaction) throws {
        try transaction.execute(
            """
            UPDATE evidence_log SET revision = ?, stale_from = ?, next_snapshot = ?
            WHERE organization = ? AND relationship = ?
            """,
            [.integer(revision), .integer(staleFrom.microseconds), Value(nextSnapshot?.microseconds)]
                + relationship.scope)
    }

    /// Evidence of every relationship is being dropped.
    static func advanceAll(in transaction: Transaction) throws {
        try transaction.execute(
            "UPDATE evidence_log SET revision = revision + 1, stale_from = ?", [.integer(.min)])
    }
}

extension ResourceName {
    /// Of a relationship: what leads every key.
    var scope: [Value] { [.text(organization), .key(Key(id))] }
}
