import ServiceKit
import Storage

/// Evidence, and all that is made of it, goes when it was kept long enough after the end (docs/domain.md §6.10).
enum EvidenceRetention {
    private static let tables = [
        "evidence", "evidence_retraction", "evidence_log", "trust_snapshot", "observation", "conduct",
        "transparency_breach", "alert_course",
    ]

    static func end(of relationship: ResourceName, in transaction: Transaction) throws {
        for table in tables {
            try transaction.execute(
                "DELETE FROM \(table) WHERE organization = ? AND relationship = ?", relationship.scope)
        }
        while case let alerts = try AlertTable.alerts.list(
            parent: relationship, after: nil, limit: 500, in: transaction), !alerts.isEmpty
        {
            for alert in alerts { try AlertTable.alerts.remove(alert.name, in: transaction) }
        }
    }
}
