import Storage

/// The clock of one relationship in one service: the instant of its last transition, and during history import the largest
/// `occurred_at` received (docs/domain.md rule 1).
enum RelationshipClock {
    static let statements = [
        "CREATE TABLE relationship_clock (name TEXT PRIMARY KEY NOT NULL, instant INTEGER NOT NULL) STRICT"
    ]

    static func read(_ name: String, in snapshot: Snapshot) throws -> Instant? {
        try snapshot.first("SELECT instant FROM relationship_clock WHERE name = ?", [.text(name)])
            .map { Instant(microseconds: try $0.int64(0)) }
    }

    /// Never goes back.
    static func advance(_ name: String, to instant: Instant, in transaction: Transaction) throws {
        _ = try transaction.execute(
            """
            INSERT INTO relationship_clock (name, instant) VALUES (?, ?)
            ON CONFLICT (name) DO UPDATE SET instant = max(instant, excluded.instant)
            """,
            [.text(name), .integer(instant.microseconds)])
    }
}
