import Storage

/// What the disk gives to one who waits for it: writes one after another, each durable before the next begins, by the
/// same code that the services use. The divisor of "at least five times".
struct OneCommit {
    private static let table = ResourceTable("row")
    /// Bytes of a stored promise, roughly.
    private static let body = [UInt8](repeating: 0x61, count: 250)

    private let database: Database
    private let identifiers = IdentifierGenerator()
    private let parent: Identifier

    init(directory: String) async throws {
        let schema = [Migration(version: 1, name: "rows", statements: Self.table.statements)]
        database = try await Database.open("\(directory)/one-commit.sqlite", migrations: schema, logger: .silent)
        parent = identifiers.next(at: 0)
    }

    /// Commits a second.
    func run(seconds: Double) async throws -> Double {
        let began = ContinuousClock.now
        let end = began + .seconds(seconds)
        var count = 0
        while ContinuousClock.now < end {
            let row = ResourceRow(
                organization: "bench", parent: .id(parent), id: .id(identifiers.next(at: Int64(count))),
                body: Self.body)
            try await database.write { try Self.table.insert(row, in: $0) }
            count += 1
        }
        return Double(count) / (ContinuousClock.now - began).inSeconds
    }

    func close() async { await database.close() }
}
