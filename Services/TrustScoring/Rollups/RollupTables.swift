import Schema
import ServiceKit
import Storage
import TrustModel

extension Rollup: ServiceKit.Resource {}
extension RollupCell: ServiceKit.Resource {}
extension RollupExport: ServiceKit.Resource {}

extension PublishRollupRequest: Mutation {}
extension ExportRollupRequest: Mutation {}

extension ListRollupsRequest: ListRequest {}
extension ListRollupCellsRequest: ListRequest {}
extension ListRollupExportsRequest: ListRequest {}

/// Roll-ups, their cells and exports; what waits, what was shown of whom, and what privacy has cost.
enum RollupTables {
    static let rollups = Table<Rollup>("rollup", collections: Form.rollups, state: { $0.state.rawValue })
    static let cells = Table<RollupCell>("rollup_cell", collections: Form.cells, below: rollups)
    static let exports = Table<RollupExport>("rollup_export", collections: Form.exports, below: rollups)

    enum Form {
        static let rollups = ["organizations", "rollups"]
        static let cells = ["organizations", "rollups", "cells"]
        static let exports = ["organizations", "rollups", "exports"]
    }

    static let migration = Migration(
        version: 110, name: "roll-ups",
        statements: rollups.statements + cells.statements + exports.statements + PlaceStore.statements + [
            """
            CREATE TABLE rollup_queue (
                rollup TEXT PRIMARY KEY NOT NULL, organization TEXT NOT NULL UNIQUE) STRICT, WITHOUT ROWID
            """,
            """
            CREATE TABLE rollup_record (
                organization TEXT NOT NULL, month INTEGER NOT NULL, body BLOB NOT NULL, audit BLOB NOT NULL,
                PRIMARY KEY (organization, month)) STRICT
            """,
            """
            CREATE TABLE rollup_private (
                organization TEXT NOT NULL, cell TEXT NOT NULL, coachees INTEGER NOT NULL, trust REAL NOT NULL,
                healthy INTEGER NOT NULL, PRIMARY KEY (organization, cell)) STRICT, WITHOUT ROWID
            """,
            """
            CREATE TABLE privacy_budget (
                organization TEXT NOT NULL, quarter TEXT NOT NULL, spent INTEGER NOT NULL,
                PRIMARY KEY (organization, quarter)) STRICT, WITHOUT ROWID
            """,
        ])

    // MARK: The queue

    /// False when another roll-up of the organisation is being made.
    static func enqueue(_ rollup: ResourceName, in transaction: Transaction) throws -> Bool {
        try transaction.execute(
            "INSERT INTO rollup_queue (rollup, organization) VALUES (?, ?) ON CONFLICT DO NOTHING",
            [.text(rollup.text), .text(rollup.organization)]) == 1
    }

    static func next(in snapshot: Snapshot) throws -> String? {
        try snapshot.first("SELECT rollup FROM rollup_queue ORDER BY rollup LIMIT 1")?.text(0)
    }

    static func dequeue(_ rollup: String, in transaction: Transaction) throws {
        try transaction.execute("DELETE FROM rollup_queue WHERE rollup = ?", [.text(rollup)])
    }

    // MARK: What was shown

    static func keep(
        _ record: RollupRecord, audit: RollupAudit, of organization: String, in transaction: Transaction
    ) throws {
        try transaction.execute(
            "INSERT INTO rollup_record (organization, month, body, audit) VALUES (?, ?, ?, ?)",
            [
                .text(organization), Value(record.month.number), .blob(record.bytes), .blob(audit.serialized()),
            ])
    }

    /// In the order of time: whole as long as the roll-up is kept, then what rules still look back on.
    static func records(of organization: String, in snapshot: Snapshot) throws -> [RollupRecord] {
        try snapshot.query(
            "SELECT month, body FROM rollup_record WHERE organization = ? ORDER BY month", [.text(organization)]
        ).map { try RollupRecord(month: RollupMonth(number: try $0.int(0)), bytes: try $0.blob(1)) }
    }

    /// What is left of a record whose roll-up is gone; nothing of one that shows nothing. The proof goes with the roll-up.
    static func replace(
        _ record: RollupRecord, of organization: String, in transaction: Transaction
    ) throws {
        guard record.shown.values.contains(where: { !$0.isEmpty }) else {
            try transaction.execute(
                "DELETE FROM rollup_record WHERE organization = ? AND month = ?",
                [.text(organization), Value(record.month.number)])
            return
        }
        try transaction.execute(
            "UPDATE rollup_record SET body = ?, audit = x'' WHERE organization = ? AND month = ?",
            [.blob(record.bytes), .text(organization), Value(record.month.number)])
    }

    /// The last link of an organisation's chain, whether or not its roll-up is still kept.
    static func head(of organization: ResourceName, in snapshot: Snapshot) throws -> RollupLink? {
        try published(of: organization, in: snapshot).last.map(RollupLink.init)
            ?? RollupLink.removed(of: organization.text, in: snapshot).last
    }

    static func audit(of month: RollupMonth, in organization: String, in snapshot: Snapshot) throws -> RollupAudit? {
        try snapshot.first(
            "SELECT audit FROM rollup_record WHERE organization = ? AND month = ?",
            [.text(organization), Value(month.number)]
        ).map { try RollupAudit(serialized: try $0.blob(0)) }
    }

    /// All published ones, in the order of time.
    static func published(of organization: ResourceName, in snapshot: Snapshot) throws -> [Rollup] {
        try rollups.list(parent: organization, after: nil, limit: 500, in: snapshot).filter { $0.state == .published }
    }

    static func allCells(of rollup: ResourceName, in snapshot: Snapshot) throws -> [RollupCell] {
        var all: [RollupCell] = []
        while true {
            let last = try all.last.map { try ResourceName($0.name, Form.cells).id }
            let page = try cells.list(parent: rollup, after: last, limit: 500, in: snapshot)
            all += page
            if page.count < 500 { return all }
        }
    }

    // MARK: What exports need

    static func keep(
        _ bases: [RollupResult.PrivateBase], of organization: String, in transaction: Transaction
    ) throws {
        for base in bases {
            try transaction.execute(
                "INSERT INTO rollup_private (organization, cell, coachees, trust, healthy) VALUES (?, ?, ?, ?, ?)",
                [
                    .text(organization), .text(base.cell), Value(base.coachees), .real(base.trust), Value(base.healthy),
                ])
        }
    }

    static func privateBase(of cell: ResourceName, in snapshot: Snapshot) throws -> RollupResult.PrivateBase? {
        try snapshot.first(
            "SELECT coachees, trust, healthy FROM rollup_private WHERE organization = ? AND cell = ?",
            [.text(cell.organization), .text(cell.text)]
        ).map {
            RollupResult.PrivateBase(
                cell: cell.text, coachees: try $0.int(0), trust: try $0.double(1), healthy: try $0.int(2))
        }
    }

    static func budget(
        of organization: String, in quarter: String, _ snapshot: Snapshot
    ) throws -> PrivacyBudget {
        PrivacyBudget(
            spent: try snapshot.first(
                "SELECT spent FROM privacy_budget WHERE organization = ? AND quarter = ?",
                [.text(organization), .text(quarter)]
            )?.int64(0) ?? 0)
    }

    static func keep(
        _ budget: PrivacyBudget, of organization: String, in quarter: String, _ transaction: Transaction
    ) throws {
        try transaction.execute(
            """
            INSERT INTO privacy_budget (organization, quarter, spent) VALUES (?, ?, ?)
            ON CONFLICT (organization, quarter) DO UPDATE SET spent = excluded.spent
            """, [.text(organization), .text(quarter), .integer(budget.spent)])
    }
}
