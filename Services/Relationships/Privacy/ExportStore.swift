import Schema
import ServiceKit
import Storage

/// What exports have gathered: each encrypted with a key of its own, which goes with it.
struct ExportStore {
    static let statements =
        chunks.statements + [
            "CREATE TABLE export_queue (data_export TEXT PRIMARY KEY NOT NULL) STRICT, WITHOUT ROWID"
        ]
    private static let chunks = ResourceTable("export_chunk", isEncrypted: true, keyKind: "dataExports")

    private let organization: Key
    private let export: Key
    private let name: String

    init(_ export: ResourceName) {
        organization = .text(export.organization)
        self.export = Key(export.id)
        name = export.text
    }

    // MARK: The queue

    static func waiting(in snapshot: Snapshot) throws -> [String] {
        try snapshot.query("SELECT data_export FROM export_queue ORDER BY data_export LIMIT 100").map {
            try $0.text(0)
        }
    }

    func enqueue(in transaction: Transaction) throws {
        try transaction.execute("INSERT INTO export_queue (data_export) VALUES (?)", [.text(name)])
    }

    func dequeue(in transaction: Transaction) throws {
        try transaction.execute("DELETE FROM export_queue WHERE data_export = ?", [.text(name)])
    }

    // MARK: Lines

    /// - Parameter number: 1 for the first.
    func append(_ lines: [UInt8], number: Int, in transaction: Transaction) throws {
        try Self.chunks.insert(
            ResourceRow(organization: organization, parent: export, id: Self.key(number), body: lines), in: transaction)
    }

    /// Whole lines behind a number; nil at the end.
    func chunk(after number: Int, in snapshot: Snapshot) throws -> [UInt8]? {
        try Self.chunks.list(organization, export, after: Self.key(number), limit: 1, in: snapshot).first?.body
    }

    /// The key goes, so that no copy of the file that is made from now on can be read, and what it has encrypted.
    func destroy(in transaction: Transaction) throws {
        try Self.chunks.shredKey(organization, export, in: transaction)
        try transaction.execute(
            "DELETE FROM export_chunk WHERE organization = ? AND parent = ?", [.key(organization), .key(export)])
    }

    /// In the order of numbers.
    private static func key(_ number: Int) -> Key {
        let digits = "\(number)"
        return .text(String(repeating: "0", count: max(0, 9 - digits.count)) + digits)
    }
}
