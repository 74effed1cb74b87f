import Schema
import ServiceKit
import Storage
import TrustModel

/// Roll-ups are kept for 60 months (docs/domain.md §6.10). Then what a roll-up says goes, and its link of the chain stays. So
/// does what the rules of later months still look back on, which nobody can ask for: of each cell the last number that was
/// shown, and of whom.
enum RollupRetention {
    static let months = 60
    static let duty = "rollup.retention"

    /// The first instant at which a month's roll-up is kept no more.
    static func end(of month: RollupMonth) -> Instant { RollupMonth(number: month.number + months).end }

    /// Sees to it that every published roll-up goes in time, also those of programs that knew no retention.
    static func schedule(_ published: [Rollup], in change: Change) throws {
        for rollup in published {
            let end = try end(of: rollup.month)
            try change.schedule(duty, for: rollup.name, at: ServiceKit.Instant(microseconds: end.microseconds))
        }
    }

    static func remove(_ name: ResourceName, in transaction: Transaction) throws {
        guard let rollup = try RollupTables.rollups.find(name.text, in: transaction), rollup.state == .published
        else { return }
        try RollupLink.keep(RollupLink(rollup), of: name.organization, in: transaction)
        while case let exports = try RollupTables.exports.list(
            parent: name, after: nil, limit: 200, in: transaction), !exports.isEmpty
        {
            for export in exports { try RollupTables.exports.remove(export.name, in: transaction) }
        }
        for report in try AssociationTables.all(of: name, in: transaction) {
            try AssociationTables.reports.remove(report.name, in: transaction)
        }
        try transaction.execute(
            "DELETE FROM rollup_private WHERE organization = ?1 AND cell >= ?2 || '/cells/' AND cell < ?2 || '/cells0'",
            [.text(name.organization), .text(name.text)])
        try RollupTables.rollups.remove(name.text, in: transaction)
        try reduce(name.parent, in: transaction)
    }

    /// Of roll-ups that are gone, only what is the last of its cell stays.
    private static func reduce(_ organization: ResourceName, in transaction: Transaction) throws {
        let records = try RollupTables.records(of: organization.text, in: transaction)
        let last = RollupRecord.lastShown(in: records)
        for (place, record) in records.enumerated() {
            let name = organization.child("rollups", record.month.description)
            guard try RollupTables.rollups.find(name.text, in: transaction) == nil else { continue }
            let kept = record.reduced(to: last[place])
            let names = CellNames(name.text, tree: record.tree)
            let numbers = Set(kept.shown.values.flatMap { $0.map(names.name) })
            for cell in try RollupTables.allCells(of: name, in: transaction) where !numbers.contains(cell.name) {
                try RollupTables.cells.remove(cell.name, in: transaction)
            }
            try RollupTables.replace(kept, of: organization.text, in: transaction)
        }
    }
}

/// What is left of a roll-up in its chain.
struct RollupLink: Hashable, Sendable {
    static let statements = [
        """
        CREATE TABLE rollup_link (
            organization TEXT NOT NULL, sequence INTEGER NOT NULL, previous_hash TEXT NOT NULL, hash TEXT NOT NULL,
            PRIMARY KEY (organization, sequence)) STRICT, WITHOUT ROWID
        """
    ]
    static let migration = Migration(version: 131, name: "the end of roll-ups", statements: statements)

    var sequence: Int64
    var previousHash: String
    var hash: String

    init(_ rollup: Rollup) {
        self.init(sequence: rollup.sequence, previousHash: rollup.previousHash, hash: rollup.hash)
    }

    private init(sequence: Int64, previousHash: String, hash: String) {
        self.sequence = sequence
        self.previousHash = previousHash
        self.hash = hash
    }

    /// Whether it stands behind `previous`.
    func follows(_ previous: RollupLink?) -> Bool {
        sequence == (previous?.sequence ?? 0) + 1 && previousHash == previous?.hash ?? ""
    }

    static func keep(_ link: RollupLink, of organization: String, in transaction: Transaction) throws {
        try transaction.execute(
            "INSERT INTO rollup_link (organization, sequence, previous_hash, hash) VALUES (?, ?, ?, ?)",
            [.text(organization), .integer(link.sequence), .text(link.previousHash), .text(link.hash)])
    }

    /// Of roll-ups that are gone, in their order.
    static func removed(of organization: String, in snapshot: Snapshot) throws -> [RollupLink] {
        try snapshot.query(
            "SELECT sequence, previous_hash, hash FROM rollup_link WHERE organization = ? ORDER BY sequence",
            [.text(organization)]
        ).map { RollupLink(sequence: try $0.int64(0), previousHash: try $0.text(1), hash: try $0.text(2)) }
    }
}
