import Matching
import Schema
import ServiceKit
import Storage

/// Runs that wait for their turn, who was proposed to whom, and what the latest run of a programme looked at.
enum MatchIndex {
    static let statements = [
        """
        CREATE TABLE match_queue (
            run TEXT PRIMARY KEY NOT NULL, programme TEXT NOT NULL UNIQUE) STRICT, WITHOUT ROWID
        """,
        """
        CREATE TABLE match_pair (
            organization TEXT NOT NULL, proposal TEXT NOT NULL, programme TEXT NOT NULL, run TEXT NOT NULL,
            trustee TEXT NOT NULL, trustor TEXT NOT NULL, open INTEGER NOT NULL, declined INTEGER NOT NULL,
            expires INTEGER NOT NULL, PRIMARY KEY (organization, proposal)) STRICT, WITHOUT ROWID
        """,
        "CREATE INDEX match_pair_programme ON match_pair (programme, run, trustor)",
        "CREATE INDEX match_pair_trustee ON match_pair (organization, trustee, proposal)",
        "CREATE INDEX match_pair_trustor ON match_pair (organization, trustor, proposal)",
        "CREATE INDEX match_pair_expires ON match_pair (expires) WHERE open = 1",
        """
        CREATE TABLE match_participant (
            programme TEXT NOT NULL, run TEXT NOT NULL, role INTEGER NOT NULL, person TEXT NOT NULL,
            body BLOB NOT NULL, PRIMARY KEY (programme, run, role, person)) STRICT, WITHOUT ROWID
        """,
    ]

    // MARK: The queue

    /// False when another run of the programme is going on.
    static func enqueue(_ run: String, of programme: String, in transaction: Transaction) throws -> Bool {
        try transaction.execute(
            "INSERT INTO match_queue (run, programme) VALUES (?, ?) ON CONFLICT DO NOTHING",
            [.text(run), .text(programme)]) == 1
    }

    static func next(in snapshot: Snapshot) throws -> String? {
        try snapshot.first("SELECT run FROM match_queue ORDER BY run LIMIT 1")?.text(0)
    }

    static func dequeue(_ run: String, in transaction: Transaction) throws {
        try transaction.execute("DELETE FROM match_queue WHERE run = ?", [.text(run)])
    }

    // MARK: Proposals

    /// What runs have kept of a person goes.
    /// - Returns: the open proposals with the person.
    static func forget(
        person: String, of organization: String, in transaction: Transaction
    ) throws -> [String] {
        try transaction.execute("DELETE FROM match_participant WHERE person = ?", [.text(person)])
        return try transaction.query(
            "SELECT proposal FROM match_pair WHERE organization = ?1 AND open = 1 AND (trustee = ?2 OR trustor = ?2)",
            [.text(organization), .text(person)]
        ).map { try $0.text(0) }
    }

    static func insert(_ proposal: MatchProposal, of programme: ResourceName, in transaction: Transaction) throws {
        try transaction.execute(
            """
            INSERT INTO match_pair
                (organization, proposal, programme, run, trustee, trustor, open, declined, expires)
            VALUES (?, ?, ?, ?, ?, ?, 1, 0, ?)
            """,
            [
                .text(programme.organization), .text(proposal.name), .text(programme.text),
                .text(proposal.matchRun), .text(proposal.trustee), .text(proposal.trustor),
                .integer(try Check.instant(proposal.expireTime, "expire_time").microseconds),
            ])
    }

    /// It holds no place any more.
    static func close(_ proposal: MatchProposal, in transaction: Transaction) throws {
        let organization = try ResourceName(proposal.name, Tables.Form.matchProposals).organization
        try transaction.execute(
            "UPDATE match_pair SET open = 0, declined = ? WHERE organization = ? AND proposal = ?",
            [
                .integer(proposal.state == .declined ? 1 : 0), .text(organization), .text(proposal.name),
            ])
    }

    /// Open proposals whose time is over before an instant: at the instant itself they can still be answered.
    static func expired(before instant: Instant, limit: Int, in snapshot: Snapshot) throws -> [String] {
        try snapshot.query(
            "SELECT proposal FROM match_pair WHERE open = 1 AND expires < ? ORDER BY expires LIMIT ?",
            [.integer(instant.microseconds), .integer(Int64(limit))]
        ).map { try $0.text(0) }
    }

    static func open(of run: String, in programme: String, _ snapshot: Snapshot) throws -> [String] {
        try snapshot.query(
            "SELECT proposal FROM match_pair WHERE programme = ? AND run = ? AND open = 1",
            [.text(programme), .text(run)]
        ).map { try $0.text(0) }
    }

    /// Names of a person's proposals of a programme behind one, ascending.
    static func proposals(
        of person: String, in programme: ResourceName, after name: String?, limit: Int, _ snapshot: Snapshot
    ) throws -> [String] {
        let condition = "organization = ?1 AND programme = ?2 AND proposal > ?4"
        return try snapshot.query(
            """
            SELECT proposal FROM match_pair WHERE \(condition) AND trustee = ?3
            UNION ALL
            SELECT proposal FROM match_pair WHERE \(condition) AND trustor = ?3
            ORDER BY proposal LIMIT ?5
            """,
            [
                .text(programme.organization), .text(programme.text), .text(person), .text(name ?? ""),
                .integer(Int64(limit)),
            ]
        ).map { try $0.text(0) }
    }

    /// Names of a person's proposals of all programmes behind one, ascending.
    static func proposals(
        of person: String, after name: String?, limit: Int, _ snapshot: Snapshot
    ) throws -> [String] {
        let condition = "organization = ?1 AND proposal > ?3"
        return try snapshot.query(
            """
            SELECT proposal FROM match_pair WHERE \(condition) AND trustee = ?2
            UNION ALL
            SELECT proposal FROM match_pair WHERE \(condition) AND trustor = ?2
            ORDER BY proposal LIMIT ?4
            """,
            [
                .text(try ResourceName.organization(of: person).text), .text(person), .text(name ?? ""),
                .integer(Int64(limit)),
            ]
        ).map { try $0.text(0) }
    }

    /// Whether the two have an open proposal, in either direction.
    static func areProposed(
        _ one: String, _ other: String, organization: String, in snapshot: Snapshot
    ) throws -> Bool {
        try snapshot.first(
            """
            SELECT 1 FROM match_pair WHERE organization = ?1 AND open = 1 AND trustee = ?2 AND trustor = ?3
            UNION ALL
            SELECT 1 FROM match_pair WHERE organization = ?1 AND open = 1 AND trustee = ?3 AND trustor = ?2 LIMIT 1
            """,
            [.text(organization), .text(one), .text(other)]) != nil
    }

    /// Whom a run matched a coachee with.
    static func trustee(of trustor: String, by run: String, in programme: String, _ snapshot: Snapshot) throws
        -> String?
    {
        try snapshot.first(
            "SELECT trustee FROM match_pair WHERE programme = ? AND run = ? AND trustor = ?",
            [.text(programme), .text(run), .text(trustor)])?.text(0)
    }

    struct Pair {
        var trustee: String
        var trustor: String
        var isOpen: Bool
        /// A later run does not propose the two to each other.
        var isOver: Bool
    }

    /// Every relationship and proposal of a programme.
    static func pairs(of programme: ResourceName, in snapshot: Snapshot) throws -> [Pair] {
        try snapshot.query(
            """
            SELECT trustee, trustor, open, NOT open FROM relationship_pair WHERE organization = ?1 AND programme = ?2
            UNION ALL
            SELECT trustee, trustor, open, declined FROM match_pair
            WHERE programme = ?2 AND (open = 1 OR declined = 1)
            """,
            [.text(programme.organization), .text(programme.text)]
        ).map {
            Pair(
                trustee: try $0.text(0), trustor: try $0.text(1), isOpen: try $0.int64(2) != 0,
                isOver: try $0.int64(3) != 0)
        }
    }

    // MARK: What a run looked at

    static func keep(
        _ participants: some Sequence<(person: String, body: [UInt8])>, as role: Enrollment.Role, for run: String,
        of programme: String, in transaction: Transaction
    ) throws {
        for participant in participants {
            try transaction.execute(
                "REPLACE INTO match_participant (programme, run, role, person, body) VALUES (?, ?, ?, ?, ?)",
                [
                    .text(programme), .text(run), .integer(Int64(role.rawValue)), .text(participant.person),
                    .blob(participant.body),
                ])
        }
    }

    static func participant(
        _ person: String, as role: Enrollment.Role, for run: String, of programme: String, in snapshot: Snapshot
    ) throws -> [UInt8]? {
        try snapshot.first(
            "SELECT body FROM match_participant WHERE programme = ? AND run = ? AND role = ? AND person = ?",
            [.text(programme), .text(run), .integer(Int64(role.rawValue)), .text(person)])?.blob(0)
    }

    static func keepsParticipants(of run: String, in programme: String, _ snapshot: Snapshot) throws -> Bool {
        try snapshot.first(
            "SELECT 1 FROM match_participant WHERE programme = ? AND run = ? LIMIT 1",
            [.text(programme), .text(run)]) != nil
    }

    /// The latest run that succeeded can be explained: what the others looked at goes.
    static func forgetOthers(than run: String, of programme: String, in transaction: Transaction) throws {
        try transaction.execute(
            "DELETE FROM match_participant WHERE programme = ? AND run <> ?", [.text(programme), .text(run)])
    }

    static func forget(_ run: String, of programme: String, in transaction: Transaction) throws {
        try transaction.execute(
            "DELETE FROM match_participant WHERE programme = ? AND run = ?", [.text(programme), .text(run)])
    }
}
