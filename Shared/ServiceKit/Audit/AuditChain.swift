import Schema
import Storage

/// The audit entries of one organisation in this service: appended in the transaction of what they tell, never changed.
struct AuditChain {
    static let statements = [
        """
        CREATE TABLE audit_entry (
            organization TEXT NOT NULL, sequence INTEGER NOT NULL, content BLOB, digest BLOB NOT NULL,
            previous_hash BLOB NOT NULL, hash BLOB NOT NULL, relationship TEXT NOT NULL, hidden_until INTEGER NOT NULL,
            PRIMARY KEY (organization, sequence)) STRICT, WITHOUT ROWID
        """,
        "CREATE INDEX audit_entry_by_relationship ON audit_entry (relationship) WHERE content IS NOT NULL",
        """
        CREATE TABLE audit_person (
            organization TEXT NOT NULL, person TEXT NOT NULL, sequence INTEGER NOT NULL,
            PRIMARY KEY (organization, person, sequence)) STRICT, WITHOUT ROWID
        """,
    ]

    private static let columns = "sequence, content, digest, previous_hash, hash"

    let organization: String

    /// - Parameters:
    ///   - relationship: what it concerns, or something below; empty for none. Its end begins the entry's retention.
    ///   - hiddenUntil: until then the law forbids to tell those whom it is about.
    func append(
        _ entry: AuditEntry, relationship: String, hiddenUntil: Instant?, in transaction: Transaction
    ) throws {
        let head = try transaction.first(
            "SELECT sequence, hash FROM audit_entry WHERE organization = ? ORDER BY sequence DESC LIMIT 1",
            [.text(organization)]
        ).map { (sequence: try $0.int64(0), hash: try $0.blob(1)) }
        let link = AuditLink(after: head, entry.serialized())
        try transaction.execute(
            """
            INSERT INTO audit_entry (organization, sequence, content, digest, previous_hash, hash, relationship,
                hidden_until)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                .text(organization), .integer(link.sequence), Value(link.content), .blob(link.digest),
                .blob(link.previousHash), .blob(link.hash), .text(relationship),
                .integer(hiddenUntil?.microseconds ?? 0),
            ])
        for person in Set(entry.people) {
            try transaction.execute(
                "INSERT INTO audit_person (organization, person, sequence) VALUES (?, ?, ?)",
                [.text(organization), .text(person), .integer(link.sequence)])
        }
    }

    func links(after sequence: Int64, limit: Int, in snapshot: Snapshot) throws -> [AuditLink] {
        try snapshot.query(
            "SELECT \(Self.columns) FROM audit_entry WHERE organization = ? AND sequence > ? ORDER BY sequence LIMIT ?",
            [.text(organization), .integer(sequence), Value(limit)]
        ).map(Self.link)
    }

    /// Those about one person, of which that person may know at an instant.
    func links(
        about person: String, at now: Instant, after sequence: Int64, limit: Int, in snapshot: Snapshot
    ) throws -> [AuditLink] {
        try snapshot.query(
            """
            SELECT \(Self.columns) FROM audit_person CROSS JOIN audit_entry USING (organization, sequence)
            WHERE organization = ?1 AND hidden_until <= ?2 AND person = ?3 AND sequence > ?4
            ORDER BY sequence LIMIT ?5
            """,
            [
                .text(organization), .integer(now.microseconds), .text(person), .integer(sequence), Value(limit),
            ]
        ).map(Self.link)
    }

    /// What the entries about a relationship say goes; their hashes stay.
    /// - Returns: how many; at most `limit`.
    static func remove(of relationship: String, limit: Int, in transaction: Transaction) throws -> Int {
        let rows = try transaction.query(
            """
            SELECT organization, sequence FROM audit_entry WHERE relationship = ? AND content IS NOT NULL LIMIT ?
            """, [.text(relationship), Value(limit)])
        for row in rows {
            let key: [Value] = [.text(try row.text(0)), .integer(try row.int64(1))]
            try transaction.execute(
                "UPDATE audit_entry SET content = NULL WHERE organization = ? AND sequence = ?", key)
            try transaction.execute("DELETE FROM audit_person WHERE organization = ? AND sequence = ?", key)
        }
        return rows.count
    }

    /// What entries about a relationship say has been kept long enough (docs/domain.md §6.10).
    static func take(_ event: Event, in transaction: Transaction) throws {
        guard case .retentionEnded(let ended) = event.payload, ended.data == .audit else { return }
        while try remove(of: event.relationship, limit: 500, in: transaction) == 500 {}
    }

    private static func link(_ row: Row) throws -> AuditLink {
        AuditLink(
            sequence: try row.int64(0), content: try row.optionalBlob(1), digest: try row.blob(2),
            previousHash: try row.blob(3), hash: try row.blob(4))
    }
}

extension Transaction {
    /// Appends to the audit chain of the resource's organisation, with what is done.
    /// - Parameters:
    ///   - action: a stable word, for example `resource.read`.
    ///   - people: whom it is about; they read the entry.
    ///   - hiddenUntil: until then the law forbids to tell them.
    public func audit(
        _ action: String, _ resource: String, by caller: Caller, about people: [String], at now: Instant,
        decision: AuditEntry.Decision = .allowed, hiddenUntil: Instant? = nil
    ) throws {
        let organization = try ResourceName.organization(of: resource).text
        let entry = AuditEntry(
            time: now.timestamp, actor: caller.person ?? caller.service.map { "service:\($0)" } ?? "", action: action,
            resource: resource, purpose: caller.purpose, decision: decision, people: people)
        try AuditChain(organization: organization).append(
            entry, relationship: (try? ResourceName.relationship(of: resource).text) ?? "", hiddenUntil: hiddenUntil,
            in: self)
    }
}

extension Change {
    /// Appends to the audit chain what this change does. Nobody is the actor of what time does.
    public func audit(
        _ action: String, _ resource: String, about people: [String], hiddenUntil: Instant? = nil
    ) throws {
        try transaction.audit(
            action, resource, by: caller ?? Caller(), about: people, at: recordedAt, hiddenUntil: hiddenUntil)
    }

    /// What the relationship's audit entries say goes, when its retention is over. Some at a time.
    /// - Returns: whether more is left.
    public func removeAuditEntries(of relationship: String) throws -> Bool {
        let limit = 500
        return try AuditChain.remove(of: relationship, limit: limit, in: transaction) == limit
    }
}
