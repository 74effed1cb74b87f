import Schema
import ServiceKit
import Storage

/// How long what is kept after a pair's end (docs/domain.md §6.10).
extension Programme {
    static let evidenceRetention: ClosedRange<Int32> = 1...24
    static let auditRetention: ClosedRange<Int32> = 1...36

    var keptEvidenceMonths: Int32 {
        evidenceRetentionMonths == 0 ? Self.evidenceRetention.upperBound : evidenceRetentionMonths
    }

    var keptAuditMonths: Int32 { auditRetentionMonths == 0 ? Self.auditRetention.upperBound : auditRetentionMonths }

    /// Days after the end for each kind of data; a month has a twelfth of 365 days.
    var retention: [(data: RetainedData, days: Int)] {
        [
            (.notes, Int(keptDays)), (.evidence, Int(keptEvidenceMonths) * 365 / 12),
            (.audit, Int(keptAuditMonths) * 365 / 12),
        ]
    }
}

extension RetainedData {
    /// What falls due for them; nil for data of a later program.
    var duty: DutyKind? {
        switch self {
        case .notes: .retentionEnds
        case .evidence: .evidenceRetentionEnds
        case .audit: .auditRetentionEnds
        default: nil
        }
    }
}

/// What will be removed when, of relationships that have ended.
enum RetentionIndex {
    static let statements = [
        """
        CREATE TABLE retention_item (
            organization TEXT NOT NULL, remove_at INTEGER NOT NULL, relationship TEXT NOT NULL, data INTEGER NOT NULL,
            PRIMARY KEY (organization, remove_at, relationship, data)) STRICT, WITHOUT ROWID
        """,
        "CREATE INDEX retention_item_by_relationship ON retention_item (relationship)",
    ]

    static func insert(
        _ data: RetainedData, of relationship: String, in organization: String, at instant: Instant,
        _ transaction: Transaction
    ) throws {
        try transaction.execute(
            """
            INSERT INTO retention_item (organization, remove_at, relationship, data) VALUES (?, ?, ?, ?)
            ON CONFLICT DO NOTHING
            """,
            [
                .text(organization), .integer(instant.microseconds), .text(relationship),
                .integer(Int64(data.rawValue)),
            ])
    }

    static func remove(_ data: RetainedData, of relationship: String, in transaction: Transaction) throws {
        try transaction.execute(
            "DELETE FROM retention_item WHERE relationship = ? AND data = ?",
            [.text(relationship), .integer(Int64(data.rawValue))])
    }

    static func items(of relationship: String, in snapshot: Snapshot) throws -> [(data: RetainedData, at: Instant)] {
        try snapshot.query("SELECT data, remove_at FROM retention_item WHERE relationship = ?", [.text(relationship)])
            .map { (RetainedData(rawValue: Int32(try $0.int64(0))), Instant(microseconds: try $0.int64(1))) }
    }

    /// The earliest first.
    /// - Parameter position: as given with the last one; nil begins.
    static func page(
        of organization: String, after position: String?, limit: Int, in snapshot: Snapshot
    ) throws -> [(RetentionItem, position: String)] {
        let start = position.map { $0.split(separator: " ").map(String.init) } ?? []
        let key: [Value] =
            start.count == 3
            ? [.integer(Int64(start[0]) ?? 0), .text(start[1]), .integer(Int64(start[2]) ?? 0)]
            : [.integer(.min), "", 0]
        return try snapshot.query(
            """
            SELECT remove_at, relationship, data FROM retention_item
            WHERE organization = ? AND (remove_at, relationship, data) > (?, ?, ?)
            ORDER BY remove_at, relationship, data LIMIT ?
            """, [.text(organization)] + key + [Value(limit)]
        ).map { row in
            let (instant, name, data) = (try row.int64(0), try row.text(1), try row.int64(2))
            let relationship = try Tables.relationships.find(name, in: snapshot)
            let item = RetentionItem(
                relationship: name, data: RetainedData(rawValue: Int32(data)),
                removeTime: Instant(microseconds: instant).timestamp,
                held: try relationship.map { try LegalHolds.cover($0, of: organization, in: snapshot) } ?? false)
            return (item, "\(instant) \(name) \(data)")
        }
    }
}

extension Change {
    /// What holds now is what holds.
    /// - Parameter end: of the relationship.
    func startRetention(of relationship: Relationship, from end: Instant) throws {
        let programme = try find(Tables.programmes, relationship.programme) ?? Programme()
        for (data, days) in programme.retention {
            guard let duty = data.duty else { continue }
            // What a program of before has scheduled stands.
            let instant = try deadline(duty.rawValue, for: relationship.name) ?? end.adding(days: days)
            try schedule(duty, for: relationship.name, at: instant)
            try RetentionIndex.insert(data, of: relationship.name, in: organization, at: instant, transaction)
        }
    }

    /// The time of some data is over. What is held stays, and is looked at again when the hold is released.
    func endRetention(of data: RetainedData) throws {
        guard let duty = data.duty,
            try !LegalHolds.cover(relationship, of: organization, in: transaction)
        else { return }
        var isMore = false
        switch data {
        case .notes: isMore = try forgetNotes()
        case .audit: isMore = try removeAuditEntries(of: relationship.name)
        default: break
        }
        guard !isMore else { return try schedule(duty, for: relationship.name, at: now) }
        // Each service removes its own.
        try publish("retention.ended.v1", .retentionEnded(RetentionEnded(data: data)))
        try RetentionIndex.remove(data, of: relationship.name, in: transaction)
    }

    /// What was to be removed while it was held is removed now.
    func resumeRetention(after hold: LegalHold) throws {
        let relationships =
            hold.isOnPerson
            ? try OwnRelationships().relationships(of: hold.subject, in: transaction).map(\.name) : [hold.subject]
        for relationship in relationships {
            for (data, instant) in try RetentionIndex.items(of: relationship, in: transaction) {
                guard let duty = data.duty else { continue }
                try schedule(duty, for: relationship, at: max(instant, now))
            }
        }
    }
}
