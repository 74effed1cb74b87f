import Schema
import ServiceKit
import Storage

/// Which changes of context were answered, as Goals tells it: one that was is not reported as ignored
/// (docs/domain.md rule 12).
enum ContextAnswers {
    static let statements = [
        "CREATE TABLE context_answer (context_change TEXT PRIMARY KEY NOT NULL) STRICT, WITHOUT ROWID"
    ]

    /// A support action of the trustee answers a change; so does a revision that both have signed, or both their word
    /// that nothing follows.
    static func apply(_ event: Event, in transaction: Transaction) throws {
        switch event.payload {
        case .supportPlanned(let support) where event.actorRole == .trustee:
            try remember(support.contextChange, in: transaction)
        case .revisionChanged(let revision):
            try remember(revision.contextChange, in: transaction)
        default: break
        }
    }

    private static func remember(_ contextChange: String, in transaction: Transaction) throws {
        guard !contextChange.isEmpty else { return }
        try transaction.execute(
            "INSERT INTO context_answer (context_change) VALUES (?) ON CONFLICT DO NOTHING", [.text(contextChange)])
    }

    static func isAnswered(_ contextChange: String, in snapshot: Snapshot) throws -> Bool {
        try snapshot.first("SELECT 1 FROM context_answer WHERE context_change = ?", [.text(contextChange)]) != nil
    }

    static func forget(in transaction: Transaction) throws {
        try transaction.execute("DELETE FROM context_answer")
    }
}
