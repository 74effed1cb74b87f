import ServiceKit
import Storage
import TrustModel

/// The snapshots of one relationship in the database: appended, never changed.
struct SnapshotStore {
    private let scope: [Value]

    init(_ relationship: ResourceName) {
        scope = relationship.scope
    }

    static let migration = Migration(
        version: 103, name: "snapshots",
        statements: [
            """
            CREATE TABLE trust_snapshot (
                organization TEXT NOT NULL, relationship ANY NOT NULL, sequence INTEGER NOT NULL,
                as_of INTEGER NOT NULL, id TEXT NOT NULL, corrects TEXT NOT NULL, profile BLOB NOT NULL,
                previous_hash BLOB NOT NULL, hash BLOB NOT NULL, created_at INTEGER NOT NULL,
                PRIMARY KEY (organization, relationship, sequence)) STRICT, WITHOUT ROWID
            """,
            "CREATE UNIQUE INDEX trust_snapshot_by_id ON trust_snapshot (organization, relationship, id)",
            """
            CREATE UNIQUE INDEX trust_snapshot_by_day ON trust_snapshot (organization, relationship, as_of, sequence)
            """,
        ])

    private static func select(_ index: String = "") -> String {
        """
        SELECT sequence, as_of, id, corrects, profile, previous_hash, hash, created_at FROM trust_snapshot \(index)
        WHERE organization = ? AND relationship = ?
        """
    }

    func append(_ link: SnapshotLink, in transaction: Transaction) throws {
        try transaction.execute(
            """
            INSERT INTO trust_snapshot (organization, relationship, sequence, as_of, id, corrects, profile,
                previous_hash, hash, created_at)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            scope + [
                .integer(link.sequence), .integer(link.asOf.microseconds), .text(link.id), .text(link.corrects),
                .blob(link.profile), .blob(link.previousHash), .blob(link.hash), .integer(link.createdAt.microseconds),
            ])
    }

    /// The last of the chain.
    func head(in snapshot: Snapshot) throws -> SnapshotLink? {
        try snapshot.first("\(Self.select()) ORDER BY sequence DESC LIMIT 1", scope).map(link)
    }

    func find(_ id: String, in snapshot: Snapshot) throws -> SnapshotLink? {
        try snapshot.first("\(Self.select()) AND id = ?", scope + [.text(id)]).map(link)
    }

    /// Up to `limit`, after a sequence.
    func page(after sequence: Int64, limit: Int, in snapshot: Snapshot) throws -> [SnapshotLink] {
        try snapshot.query(
            "\(Self.select()) AND sequence > ? ORDER BY sequence LIMIT ?", scope + [.integer(sequence), Value(limit)]
        ).map(link)
    }

    /// What stands for each midnight from an instant on, the earliest first; up to `limit` of them.
    func standing(from instant: Instant, limit: Int, in snapshot: Snapshot) throws -> [SnapshotLink] {
        try snapshot.query(
            """
            \(Self.select("INDEXED BY trust_snapshot_by_day")) AND as_of >= ? AND sequence = (
                SELECT max(sequence) FROM trust_snapshot AS later INDEXED BY trust_snapshot_by_day
                WHERE later.organization = trust_snapshot.organization
                    AND later.relationship = trust_snapshot.relationship AND later.as_of = trust_snapshot.as_of)
            ORDER BY as_of LIMIT ?
            """, scope + [.integer(instant.microseconds), Value(limit)]
        ).map(link)
    }

    /// How many there are of one midnight.
    func count(at midnight: Instant, in snapshot: Snapshot) throws -> Int {
        try snapshot.first(
            """
            SELECT count(*) FROM trust_snapshot INDEXED BY trust_snapshot_by_day
            WHERE organization = ? AND relationship = ? AND as_of = ?
            """, scope + [.integer(midnight.microseconds)]
        )?.int(0) ?? 0
    }

    private func link(_ row: Row) throws -> SnapshotLink {
        SnapshotLink(
            sequence: try row.int64(0), asOf: Instant(microseconds: try row.int64(1)), id: try row.text(2),
            corrects: try row.text(3), profile: try row.blob(4), previousHash: try row.blob(5), hash: try row.blob(6),
            createdAt: Instant(microseconds: try row.int64(7)))
    }
}
