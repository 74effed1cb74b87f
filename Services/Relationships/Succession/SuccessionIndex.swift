import Schema
import ServiceKit
import Storage

/// Which hand-over a relationship comes of.
enum SuccessionIndex {
    static let statements = [
        """
        CREATE TABLE hand_over_successor (
            successor TEXT PRIMARY KEY NOT NULL, hand_over TEXT NOT NULL) STRICT, WITHOUT ROWID
        """
    ]

    static func insert(_ handOver: HandOver, in transaction: Transaction) throws {
        try transaction.execute(
            "INSERT INTO hand_over_successor (successor, hand_over) VALUES (?, ?)",
            [.text(handOver.successor), .text(handOver.name)])
    }

    static func handOver(to successor: String, in snapshot: Snapshot) throws -> String? {
        try snapshot.first("SELECT hand_over FROM hand_over_successor WHERE successor = ?", [.text(successor)])?.text(0)
    }
}
