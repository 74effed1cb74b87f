import Schema
import ServiceKit
import Storage

/// Which changes of context exist, as Relationships tells, and which of them the trustee has answered
/// (docs/domain.md rule 12).
enum ContextChanges {
    static let statements = [
        // A projection: may be dropped and told again.
        "CREATE TABLE context_change (name TEXT NOT NULL PRIMARY KEY) STRICT, WITHOUT ROWID",
        // Goals' own: the trustee's first answer to each.
        "CREATE TABLE adaptation (context_change TEXT NOT NULL PRIMARY KEY, support_action TEXT NOT NULL) STRICT, WITHOUT ROWID",
    ]

    static func isKnown(_ name: String, in snapshot: Snapshot) throws -> Bool {
        try snapshot.first("SELECT 1 FROM context_change WHERE name = ?", [.text(name)]) != nil
    }

    static func apply(_ event: Event, in transaction: Transaction) throws {
        guard case .contextChanged(let change) = event.payload else { return }
        try transaction.execute(
            "INSERT INTO context_change (name) VALUES (?) ON CONFLICT (name) DO NOTHING", [.text(change.contextChange)])
    }

    static func forget(in transaction: Transaction) throws {
        try transaction.execute("DELETE FROM context_change")
    }

    /// - Returns: whether this is the first answer; asked for the trustee's answers alone.
    static func answer(_ name: String, with action: String, in transaction: Transaction) throws -> Bool {
        try transaction.execute(
            """
            INSERT INTO adaptation (context_change, support_action) VALUES (?, ?)
            ON CONFLICT (context_change) DO NOTHING
            """,
            [.text(name), .text(action)]) == 1
    }
}
