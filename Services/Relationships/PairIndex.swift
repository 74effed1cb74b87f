import Schema
import Storage

/// Who is or was paired with whom, and who asked for it.
enum PairIndex {
    static let statements = [
        """
        CREATE TABLE relationship_pair (
            organization TEXT NOT NULL, relationship TEXT NOT NULL, programme TEXT NOT NULL, trustee TEXT NOT NULL,
            trustor TEXT NOT NULL, requester TEXT NOT NULL, open INTEGER NOT NULL,
            PRIMARY KEY (organization, relationship)) STRICT, WITHOUT ROWID
        """,
        """
        CREATE UNIQUE INDEX relationship_pair_open
            ON relationship_pair (organization, programme, trustee, trustor) WHERE open = 1
        """,
        "CREATE INDEX relationship_pair_people ON relationship_pair (organization, trustee, trustor)",
    ]

    /// A person's relationships, and how many of a programme are open, without a look at anybody else's.
    static let statementsByPerson = [
        "CREATE INDEX relationship_pair_trustee ON relationship_pair (organization, trustee, relationship)",
        "CREATE INDEX relationship_pair_trustor ON relationship_pair (organization, trustor, relationship)",
    ]

    static func insert(
        _ relationship: Relationship, organization: String, requester: String, in transaction: Transaction
    ) throws {
        try transaction.execute(
            """
            INSERT INTO relationship_pair (organization, relationship, programme, trustee, trustor, requester, open)
            VALUES (?, ?, ?, ?, ?, ?, 1)
            """,
            [
                .text(organization), .text(relationship.name), .text(relationship.programme),
                .text(relationship.trustee), .text(relationship.trustor), .text(requester),
            ])
    }

    /// The ordered pair may be opened again.
    static func close(_ relationship: Relationship, organization: String, in transaction: Transaction) throws {
        try transaction.execute(
            "UPDATE relationship_pair SET open = 0 WHERE organization = ? AND relationship = ?",
            [.text(organization), .text(relationship.name)])
    }

    static func isOpen(
        trustee: String, trustor: String, programme: String, organization: String, in snapshot: Snapshot
    ) throws -> Bool {
        try snapshot.first(
            """
            SELECT 1 FROM relationship_pair
            WHERE organization = ? AND programme = ? AND trustee = ? AND trustor = ? AND open = 1
            """,
            [.text(organization), .text(programme), .text(trustee), .text(trustor)]) != nil
    }

    static func requester(of relationship: String, organization: String, in snapshot: Snapshot) throws -> String {
        try snapshot.first(
            "SELECT requester FROM relationship_pair WHERE organization = ? AND relationship = ?",
            [.text(organization), .text(relationship)])?.text(0) ?? ""
    }

    /// Names of a person's relationships behind one, ascending.
    /// - Parameter open: only those that have not ended in one way or another.
    static func relationships(
        of person: String, organization: String, open: Bool = false, after name: String?, limit: Int,
        in snapshot: Snapshot
    ) throws -> [String] {
        let condition = "organization = ?1 AND relationship > ?3" + (open ? " AND open = 1" : "")
        return try snapshot.query(
            """
            SELECT relationship FROM relationship_pair WHERE \(condition) AND trustee = ?2
            UNION ALL
            SELECT relationship FROM relationship_pair WHERE \(condition) AND trustor = ?2
            ORDER BY relationship LIMIT ?4
            """,
            [.text(organization), .text(person), .text(name ?? ""), .integer(Int64(limit))]
        ).map { try $0.text(0) }
    }

    /// Everybody who is or was coached in a programme, ascending.
    static func trustors(programme: String, organization: String, in snapshot: Snapshot) throws -> [String] {
        try snapshot.query(
            """
            SELECT DISTINCT trustor FROM relationship_pair WHERE organization = ? AND programme = ? ORDER BY trustor
            """,
            [.text(organization), .text(programme)]
        ).map { try $0.text(0) }
    }

    /// How many relationships of a programme a person has in a role, asked for or begun.
    static func load(
        of person: String, as role: Enrollment.Role, programme: String, organization: String, in snapshot: Snapshot
    ) throws -> Int {
        let column = role == .trustee ? "trustee" : "trustor"
        let count = try snapshot.first(
            """
            SELECT count(*) FROM relationship_pair
            WHERE organization = ? AND \(column) = ? AND programme = ? AND open = 1
            """,
            [.text(organization), .text(person), .text(programme)])?.int64(0)
        return Int(count ?? 0)
    }

    /// A coachee's relationships of a programme, ascending.
    static func relationships(
        ofTrustor trustor: String, programme: String, organization: String, in snapshot: Snapshot
    ) throws -> [String] {
        try snapshot.query(
            """
            SELECT relationship FROM relationship_pair
            WHERE organization = ? AND trustor = ? AND programme = ? ORDER BY relationship
            """,
            [.text(organization), .text(trustor), .text(programme)]
        ).map { try $0.text(0) }
    }

    /// Whether one coaches the other now.
    static func coaches(
        _ trustee: String, _ trustor: String, organization: String, in snapshot: Snapshot
    ) throws -> Bool {
        try snapshot.first(
            """
            SELECT 1 FROM relationship_pair
            WHERE organization = ? AND trustee = ? AND trustor = ? AND open = 1 LIMIT 1
            """, [.text(organization), .text(trustee), .text(trustor)]) != nil
    }

    static func coachesSomebody(_ trustee: String, organization: String, in snapshot: Snapshot) throws -> Bool {
        try snapshot.first(
            "SELECT 1 FROM relationship_pair WHERE organization = ? AND trustee = ? AND open = 1 LIMIT 1",
            [.text(organization), .text(trustee)]) != nil
    }

    /// Whether the two share a relationship, in either direction.
    /// - Parameter open: of whatever state, or only one that has not ended.
    static func arePartners(
        _ one: String, _ other: String, organization: String, open: Bool = false, in snapshot: Snapshot
    ) throws -> Bool {
        let condition = "organization = ?1" + (open ? " AND open = 1" : "")
        return try snapshot.first(
            """
            SELECT 1 FROM relationship_pair WHERE \(condition) AND trustee = ?2 AND trustor = ?3
            UNION ALL
            SELECT 1 FROM relationship_pair WHERE \(condition) AND trustee = ?3 AND trustor = ?2 LIMIT 1
            """,
            [.text(organization), .text(one), .text(other)]) != nil
    }
}

/// The keys of the organisation's own directory, each taken once.
enum Directory {
    static let statements = [
        """
        CREATE TABLE directory_key (
            organization TEXT NOT NULL, external_id TEXT NOT NULL, person TEXT NOT NULL,
            PRIMARY KEY (organization, external_id)) STRICT, WITHOUT ROWID
        """
    ]

    /// False when another person has it.
    static func take(
        _ externalID: String, for person: String, organization: String, in transaction: Transaction
    ) throws -> Bool {
        try transaction.execute(
            "INSERT INTO directory_key (organization, external_id, person) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
            [.text(organization), .text(externalID), .text(person)]) == 1
    }

    static func holder(of externalID: String, organization: String, in snapshot: Snapshot) throws -> String? {
        try snapshot.first(
            "SELECT person FROM directory_key WHERE organization = ? AND external_id = ?",
            [.text(organization), .text(externalID)])?.text(0)
    }

    static func free(_ externalID: String, organization: String, in transaction: Transaction) throws {
        try transaction.execute(
            "DELETE FROM directory_key WHERE organization = ? AND external_id = ?",
            [.text(organization), .text(externalID)])
    }
}

/// What has to be found by session: whether the trustor has judged a reflect-back, and the case of an absence.
enum SessionIndex {
    static let statements = [
        """
        CREATE TABLE session_fact (
            session TEXT PRIMARY KEY NOT NULL, judged INTEGER NOT NULL DEFAULT 0, breach_case TEXT
        ) STRICT, WITHOUT ROWID
        """
    ]

    static func markJudged(_ session: String, in transaction: Transaction) throws {
        try transaction.execute(
            "INSERT INTO session_fact (session, judged) VALUES (?, 1) ON CONFLICT (session) DO UPDATE SET judged = 1",
            [.text(session)])
    }

    static func isJudged(_ session: String, in snapshot: Snapshot) throws -> Bool {
        try snapshot.first("SELECT 1 FROM session_fact WHERE session = ? AND judged = 1", [.text(session)]) != nil
    }

    static func remember(_ breachCase: String, of session: String, in transaction: Transaction) throws {
        try transaction.execute(
            """
            INSERT INTO session_fact (session, breach_case) VALUES (?, ?)
            ON CONFLICT (session) DO UPDATE SET breach_case = excluded.breach_case
            """,
            [.text(session), .text(breachCase)])
    }

    static func breachCase(of session: String, in snapshot: Snapshot) throws -> String? {
        try snapshot.first("SELECT breach_case FROM session_fact WHERE session = ?", [.text(session)])?
            .optionalText(0)
    }
}
