import Schema
import ServiceKit
import Storage
import TrustModel

extension AssociationReport: ServiceKit.Resource {}
extension ListAssociationReportsRequest: ListRequest {}

/// An association that was shown, and of whom: what those of later months are compared with.
struct AssociationRecord: Sendable {
    var programme: String
    var result: AssociatedResult
    var month: RollupMonth
    /// Pseudonyms of relationships, and of the coachee that each protects.
    var members: [UInt64: UInt64]
    var association: AssociationReport.Association
}

/// Association reports, and what was shown in them of whom.
enum AssociationTables {
    static let form = ["organizations", "rollups", "associationReports"]
    static let reports = Table<AssociationReport>(
        "association_report", collections: form, below: RollupTables.rollups)

    static let migration = Migration(
        version: 130, name: "association reports",
        statements: reports.statements + [
            """
            CREATE TABLE association_record (
                organization TEXT NOT NULL, programme TEXT NOT NULL, result INTEGER NOT NULL, month INTEGER NOT NULL,
                members BLOB NOT NULL, association BLOB NOT NULL,
                PRIMARY KEY (organization, programme, result, month)) STRICT
            """
        ])

    /// All of a roll-up, by programme.
    static func all(of rollup: ResourceName, in snapshot: Snapshot) throws -> [AssociationReport] {
        var all: [AssociationReport] = []
        while true {
            let last = try all.last.map { try ResourceName($0.name, form).id }
            let page = try reports.list(parent: rollup, after: last, limit: 500, in: snapshot)
            all += page
            if page.count < 500 { return all }
        }
    }

    // MARK: What was shown

    /// Of the last 12 months before `month`, and of those before them the last that was shown; in the order of time.
    static func records(
        of organization: String, before month: RollupMonth, in snapshot: Snapshot
    ) throws -> [AssociationRecord] {
        try snapshot.query(
            """
            SELECT programme, result, month, members, association FROM association_record
            WHERE organization = ? AND month < ? ORDER BY month
            """, [.text(organization), Value(month.number)]
        ).compactMap { row in
            guard let result = AssociatedResult(rawValue: Int32(try row.int(1))) else { return nil }
            return AssociationRecord(
                programme: try row.text(0), result: result, month: RollupMonth(number: try row.int(2)),
                members: try members(try row.blob(3)), association: try .init(serialized: try row.blob(4)))
        }
    }

    /// Keeps what is new, and lets go what nothing is compared with any more.
    static func keep(
        _ records: [AssociationRecord], of organization: String, month: RollupMonth, in transaction: Transaction
    ) throws {
        for record in records {
            try transaction.execute(
                """
                INSERT INTO association_record (organization, programme, result, month, members, association)
                VALUES (?, ?, ?, ?, ?, ?)
                """,
                [
                    .text(organization), .text(record.programme), Value(Int(record.result.rawValue)),
                    Value(record.month.number), .blob(bytes(record.members)), .blob(record.association.serialized()),
                ])
        }
        try transaction.execute(
            """
            DELETE FROM association_record WHERE organization = ?1 AND month < ?2 AND EXISTS (
                SELECT 1 FROM association_record AS later WHERE later.organization = ?1
                    AND later.programme = association_record.programme AND later.result = association_record.result
                    AND later.month > association_record.month)
            """, [.text(organization), Value(month.number + 1 - ResultAssociation.rememberedMonths)])
    }

    /// Pairs of a relationship and a coachee, 8 bytes each in network byte order.
    private static func bytes(_ members: [UInt64: UInt64]) -> [UInt8] {
        members.sorted { $0.key < $1.key }.flatMap { id, person in
            [id, person].flatMap { number in withUnsafeBytes(of: number.bigEndian) { Array($0) } }
        }
    }

    private static func members(_ bytes: [UInt8]) throws -> [UInt64: UInt64] {
        guard bytes.count % 16 == 0 else { throw StorageError.column("a record of an association is cut off") }
        func number(at place: Int) -> UInt64 { bytes[place..<(place + 8)].reduce(0) { $0 << 8 | UInt64($1) } }
        return Dictionary(stride(from: 0, to: bytes.count, by: 16).map { (number(at: $0), number(at: $0 + 8)) }) {
            first, _ in first
        }
    }
}
