import Schema
import ServiceKit
import Storage

/// When each of a pair has last done anything: in this service by what it has published, in feedback and goals as they tell
/// it.
enum Activity {
    static let statements = [
        """
        CREATE TABLE activity (
            relationship TEXT NOT NULL, person TEXT NOT NULL, source TEXT NOT NULL, instant INTEGER NOT NULL,
            PRIMARY KEY (relationship, person, source)) STRICT, WITHOUT ROWID
        """,
        """
        CREATE TABLE inactive_pair (
            programme TEXT NOT NULL, report TEXT NOT NULL, PRIMARY KEY (programme, report)) STRICT, WITHOUT ROWID
        """,
    ]

    /// Events that are looked through: whoever is not among the actors of so many has done nothing for long.
    private static let depth = 500
    /// Between two instants of one person that are told apart: a write a day is enough.
    private static let grain = Instant.microsecondsPerDay / 24

    /// What another service tells.
    static func apply(_ event: Event, from source: String, in transaction: Transaction) throws {
        guard !event.actor.isEmpty, !event.relationship.isEmpty,
            event.actorRole == .trustor || event.actorRole == .trustee, let timestamp = event.occurredAt
        else { return }
        let instant = try Instant(timestamp).microseconds
        let key: [Value] = [.text(event.relationship), .text(event.actor), .text(source)]
        let known = try transaction.first(
            "SELECT instant FROM activity WHERE relationship = ? AND person = ? AND source = ?", key)?.int64(0)
        guard known.map({ $0 + grain <= instant }) ?? true else { return }
        try transaction.execute(
            """
            INSERT INTO activity (relationship, person, source, instant) VALUES (?, ?, ?, ?)
            ON CONFLICT (relationship, person, source) DO UPDATE SET instant = excluded.instant
            """, key + [.integer(instant)])
    }

    static func forget(_ source: String, in transaction: Transaction) throws {
        try transaction.execute("DELETE FROM activity WHERE source = ?", [.text(source)])
    }

    /// Nil for somebody who has done nothing.
    static func last(of person: String, in relationship: String, _ snapshot: Snapshot) throws -> Instant? {
        let elsewhere = try snapshot.first(
            "SELECT max(instant) FROM activity WHERE relationship = ? AND person = ?",
            [.text(relationship), .text(person)])?.optionalInt64(0)
        let here = try snapshot.query(
            "SELECT payload FROM storage_outbox WHERE scope = ? AND scope <> '' ORDER BY position DESC LIMIT ?",
            [.text(relationship), Value(depth)]
        ).lazy.map { try Event(serialized: try $0.blob(0)) }.first { $0.actor == person }?.occurredAt
        return try [elsewhere.map(Instant.init(microseconds:)), here.map { try Instant($0) }].compactMap { $0 }.max()
    }

    // MARK: Pairs of which a programme was told

    static func tell(_ report: String, of programme: String, in transaction: Transaction) throws {
        try transaction.execute(
            "INSERT INTO inactive_pair (programme, report) VALUES (?, ?) ON CONFLICT DO NOTHING",
            [.text(programme), .text(report)])
    }

    static func untell(_ report: String, of programme: String, in transaction: Transaction) throws {
        try transaction.execute(
            "DELETE FROM inactive_pair WHERE programme = ? AND report = ?", [.text(programme), .text(report)])
    }

    static func told(of programme: String, after report: String?, limit: Int, in snapshot: Snapshot) throws -> [String]
    {
        try snapshot.query(
            "SELECT report FROM inactive_pair WHERE programme = ? AND report > ? ORDER BY report LIMIT ?",
            [.text(programme), .text(report ?? ""), Value(limit)]
        ).map { try $0.text(0) }
    }
}
