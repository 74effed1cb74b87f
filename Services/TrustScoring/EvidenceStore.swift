import Schema
import ServiceKit
import Standard
import Storage
import TrustModel

/// One row of the log, with what happened to it since.
struct EvidenceRecord: Sendable {
    var evidence: Evidence
    /// When the trustor accepted the repair.
    var repairedAt: Instant?
    var isRetracted = false
    /// Another piece, not retracted, stands in its place.
    var isSuperseded = false

    var stands: Bool { !isRetracted && !isSuperseded }
}

/// The log of one relationship in the database: organisation and relationship lead every key.
struct EvidenceStore {
    /// The relationship's resource name.
    let relationship: String
    private let name: ResourceName
    private let scope: [Value]

    init(_ relationship: ResourceName) {
        self.relationship = relationship.text
        name = relationship
        scope = relationship.scope
    }

    static let migrations = [
        Migration(
            version: 100, name: "evidence",
            statements: [
                // In the order of folding. Resources' names are kept without the relationship's, which leads them all.
                """
                CREATE TABLE evidence (
                    organization TEXT NOT NULL, relationship ANY NOT NULL, occurred_at INTEGER NOT NULL,
                    id BLOB NOT NULL, kind TEXT NOT NULL, value REAL NOT NULL, weight REAL NOT NULL,
                    source_class TEXT NOT NULL, source TEXT NOT NULL, recorded_at INTEGER NOT NULL, supersedes BLOB,
                    subject TEXT NOT NULL, further TEXT NOT NULL, origin TEXT NOT NULL, repaired_at INTEGER,
                    retracted INTEGER NOT NULL DEFAULT 0,
                    PRIMARY KEY (organization, relationship, occurred_at, id)) STRICT, WITHOUT ROWID
                """,
                "CREATE UNIQUE INDEX evidence_by_id ON evidence (organization, relationship, id)",
                "CREATE INDEX evidence_by_subject ON evidence (organization, relationship, subject)",
            ]),
        LogMark.migration,
        Migration(
            version: 102, name: "retractions outlive the evidence",
            statements: [
                """
                CREATE TABLE evidence_retraction (
                    organization TEXT NOT NULL, relationship ANY NOT NULL, id BLOB NOT NULL,
                    PRIMARY KEY (organization, relationship, id)) STRICT, WITHOUT ROWID
                """,
                """
                CREATE INDEX evidence_by_supersedes ON evidence (organization, relationship, supersedes)
                WHERE supersedes IS NOT NULL
                """,
            ]),
        SnapshotStore.migration, ObservationStore.migration, ConductStore.migration, RollupTables.migration,
        FairnessTables.migration, AssociationTables.migration, RollupLink.migration,
    ]

    // MARK: Writing

    /// - Parameter origin: the service whose event it comes from.
    /// What a service has once taken back stays so when its events come anew.
    func insert(_ evidence: Evidence, origin: String, in transaction: Transaction) throws {
        let references = evidence.references.map(relative)
        try transaction.execute(
            """
            INSERT INTO evidence (organization, relationship, occurred_at, id, kind, value, weight, source_class,
                source, recorded_at, supersedes, subject, further, origin, retracted)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, EXISTS (
                SELECT 1 FROM evidence_retraction WHERE organization = ?1 AND relationship = ?2 AND id = ?4))
            """,
            scope + [
                .integer(evidence.occurredAt.microseconds), .blob(evidence.id.bytes), .text(evidence.kind.rawValue),
                .real(evidence.v), .real(evidence.w), .text(evidence.sourceClass.rawValue), .text(evidence.sourceID),
                .integer(evidence.recordedAt.microseconds), Value(evidence.supersedes?.bytes),
                .text(references.first ?? ""), .text(references.dropFirst().joined(separator: "\n")), .text(origin),
            ])
    }

    func repair(_ id: EventID, at instant: Instant, in transaction: Transaction) throws {
        try transaction.execute(
            "UPDATE evidence SET repaired_at = ? WHERE organization = ? AND relationship = ? AND id = ?",
            [.integer(instant.microseconds)] + scope + [.blob(id.bytes)])
    }

    func retract(_ id: EventID, in transaction: Transaction) throws {
        try transaction.execute(
            "UPDATE evidence SET retracted = 1 WHERE organization = ? AND relationship = ? AND id = ?",
            scope + [.blob(id.bytes)])
    }

    /// For good: the service whose event it comes from takes it back.
    func retractForGood(_ id: EventID, in transaction: Transaction) throws {
        try retract(id, in: transaction)
        try transaction.execute(
            """
            INSERT INTO evidence_retraction (organization, relationship, id) VALUES (?, ?, ?) ON CONFLICT DO NOTHING
            """, scope + [.blob(id.bytes)])
    }

    /// Drops all that came from one service, of every relationship.
    static func forget(_ origin: String, in transaction: Transaction) throws {
        try transaction.execute("DELETE FROM evidence WHERE origin = ?", [.text(origin)])
        try LogMark.advanceAll(in: transaction)
    }

    // MARK: Reading

    /// Indexes are named, since without statistics the engine would rather walk through the whole relationship.
    private static func select(_ index: String = "") -> String {
        """
        SELECT occurred_at, id, kind, value, weight, source_class, source, recorded_at, supersedes, subject, further,
            repaired_at, retracted, EXISTS (
                SELECT 1 FROM evidence AS later INDEXED BY evidence_by_supersedes
                WHERE later.organization = evidence.organization AND later.relationship = evidence.relationship
                    AND later.supersedes = evidence.id AND later.retracted = 0)
        FROM evidence \(index) WHERE organization = ? AND relationship = ?
        """
    }

    func find(_ id: EventID, in snapshot: Snapshot) throws -> EvidenceRecord? {
        try snapshot.first("\(Self.select()) AND id = ?", scope + [.blob(id.bytes)]).map(record)
    }

    /// The service whose event a piece comes from.
    func origin(of id: EventID, in snapshot: Snapshot) throws -> String? {
        try snapshot.first(
            "SELECT origin FROM evidence WHERE organization = ? AND relationship = ? AND id = ?",
            scope + [.blob(id.bytes)]
        ).map { try $0.text(0) }
    }

    /// What is known about a resource, in the order of time.
    func about(_ resource: String, in snapshot: Snapshot) throws -> [EvidenceRecord] {
        try snapshot.query(
            "\(Self.select("INDEXED BY evidence_by_subject")) AND subject = ? ORDER BY occurred_at, id",
            scope + [.text(relative(resource))]
        ).map(record)
    }

    /// The whole log in the order of folding.
    func history(in snapshot: Snapshot) throws -> EvidenceHistory {
        EvidenceHistory(
            try snapshot.query("\(Self.select()) ORDER BY occurred_at, id", scope).map(record),
            revision: try LogRevision.read(name, in: snapshot))
    }

    /// A part of the log, after a position.
    func page(
        after position: Position?, limit: Int, withRatings: Bool, in snapshot: Snapshot
    ) throws -> [EvidenceRecord] {
        try snapshot.query(
            """
            \(Self.select()) AND (occurred_at, id) > (?, ?) AND (? OR kind NOT LIKE 'pulse.%')
            ORDER BY occurred_at, id LIMIT ?
            """,
            scope + [
                .integer(position?.occurredAt ?? .min), .blob(position?.id.bytes ?? []), Value(withRatings),
                Value(limit),
            ]
        ).map(record)
    }

    /// A place in the log, for page tokens.
    struct Position: LosslessStringConvertible {
        var occurredAt: Int64
        var id: Identifier

        init(of record: EvidenceRecord) {
            occurredAt = record.evidence.occurredAt.microseconds
            id = record.evidence.id.identifier
        }

        init?(_ description: String) {
            let parts = description.split(separator: " ")
            guard parts.count == 2, let occurredAt = Int64(parts[0]), let id = Identifier(String(parts[1])) else {
                return nil
            }
            self.occurredAt = occurredAt
            self.id = id
        }

        var description: String { "\(occurredAt) \(id)" }
    }

    private func record(_ row: Row) throws -> EvidenceRecord {
        guard let kind = EvidenceKind(rawValue: try row.text(2)),
            let source = SourceClass(rawValue: try row.text(5))
        else {
            throw StorageError.column("an evidence's kind or source class is unknown: a newer program wrote it")
        }
        let further = try row.text(10).split(separator: "\n").map(String.init)
        return EvidenceRecord(
            evidence: try Evidence(
                id: EventID(try row.id(1)), kind: kind, v: try row.double(3), w: try row.double(4), sourceClass: source,
                sourceID: try row.text(6), occurredAt: Instant(microseconds: try row.int64(0)),
                recordedAt: Instant(microseconds: try row.int64(7)),
                supersedes: try row.optionalBlob(8).flatMap { EventID(bytes: $0) },
                references: ([try row.text(9)] + further).filter { !$0.isEmpty }.map(absolute)),
            repairedAt: try row.optionalInt64(11).map(Instant.init(microseconds:)), isRetracted: try row.bool(12),
            isSuperseded: try row.bool(13))
    }

    private func relative(_ name: String) -> String {
        name.hasPrefix(relationship + "/") ? String(name.dropFirst(relationship.count + 1)) : name
    }

    private func absolute(_ name: String) -> String {
        name.hasPrefix("organizations/") ? name : "\(relationship)/\(name)"
    }
}
