import FoundationEssentials
import Testing

@testable import Storage

/// What is encrypted at rest (docs/domain.md §6.8): no page of the file tells it, and nobody without the keyring.
@Suite struct EncryptionTests {
    private static let sealed = ResourceTable("sealed", isEncrypted: true)
    private static let migrations = [Migration(version: 1, name: "sealed", statements: sealed.statements)]
    private static let secret = "the-secret-of-the-two-7f3a"

    private static func row(_ id: String, of scope: String = "pair", _ body: String = secret) -> ResourceRow {
        ResourceRow(organization: "acme", parent: .text(scope), id: .text(id), body: Array(body.utf8))
    }

    private func with(
        _ ring: String, at path: String, _ body: (Database) async throws -> Void
    ) async throws {
        var configuration = DatabaseConfiguration()
        configuration.keyring = ring.isEmpty ? nil : try Keyring(ring)
        let database = try await Database.open(
            path, migrations: Self.migrations, configuration: configuration, logger: quiet)
        do {
            try await body(database)
            await database.close()
        } catch {
            await database.close()
            throw error
        }
    }

    private func text(_ id: String, of scope: String = "pair", in database: Database) async throws -> String? {
        try await database.read { snapshot in
            try Self.sealed.get("acme", .text(scope), .text(id), in: snapshot).map {
                String(decoding: $0.body, as: UTF8.self)
            }
        }
    }

    /// All bytes of the database and its journals.
    private func bytes(at path: String) -> [UInt8] {
        ["", "-wal", "-shm"].flatMap { [UInt8](FileManager.default.contents(atPath: path + $0) ?? Data()) }
    }

    @Test func noByteOfTheFileOrItsJournalTellsASecret() async throws {
        try await withPath { path in
            try await with(Keyring.fresh(named: "one"), at: path) { (database: Database) async throws in
                for id in 0..<50 {
                    try await database.write { try Self.sealed.insert(Self.row("note-\(id)"), in: $0) }
                }
                try await database.write {
                    var row = Self.row("note-7", "another " + Self.secret)
                    row.revision = 1
                    try Self.sealed.put(row, in: $0)
                    try Self.sealed.delete("acme", "pair", "note-8", in: $0)
                }
                #expect(try await text("note-7", in: database) == "another " + Self.secret)
                #expect(try await text("note-8", in: database) == nil)
                let listed = try await database.read { try Self.sealed.list("acme", "pair", limit: 100, in: $0) }
                #expect(listed.count == 49)
                let latest = try await database.read { try Self.sealed.latest("acme", "pair", limit: 100, in: $0) }
                #expect(latest == listed.reversed())
                #expect(!bytes(at: path).contains(Array(Self.secret.utf8)), "while it is open")
                #expect(bytes(at: path).contains(Array("note-7".utf8)), "the search would find it")
            }
            #expect(!bytes(at: path).contains(Array(Self.secret.utf8)), "after it is closed")
        }
    }

    @Test func withoutTheKeyringNothingIsRead() async throws {
        try await withPath { path in
            let ring = Keyring.fresh(named: "one")
            try await with(ring, at: path) { (database: Database) async throws in
                try await database.write { try Self.sealed.insert(Self.row("a"), in: $0) }
            }
            for (other, cause) in [
                (Keyring.fresh(named: "one"), "cannot be opened"), (Keyring.fresh(named: "two"), "lacks the key one"),
                ("", "without a keyring"),
            ] {
                try await with(other, at: path) { (database: Database) async throws in
                    // At the start, not only when somebody reads.
                    await #expect(throws: StorageError.self) { try await database.read { try $0.checkKeyring() } }
                    let error = await #expect(throws: StorageError.self) { try await text("a", in: database) }
                    #expect("\(error.map { "\($0)" } ?? "")".contains(cause), "\(String(describing: error))")
                }
            }
            try await with(ring, at: path) { (database: Database) async throws in
                let found = try await text("a", in: database)
                #expect(found == Self.secret)
            }
        }
    }

    @Test func whatIsPutElsewhereCannotBeOpened() async throws {
        try await withPath { path in
            try await with(Keyring.fresh(named: "one"), at: path) { (database: Database) async throws in
                try await database.write {
                    try Self.sealed.insert(Self.row("a"), in: $0)
                    try Self.sealed.insert(Self.row("b", "harmless"), in: $0)
                    try Self.sealed.insert(Self.row("c", of: "others", "harmless"), in: $0)
                    try $0.execute("UPDATE sealed SET body = (SELECT body FROM sealed WHERE id = 'a') WHERE id = 'b'")
                    try $0.execute(
                        "UPDATE storage_key SET wrapped = (SELECT wrapped FROM storage_key WHERE scope = 'pair') WHERE scope = 'others'"
                    )
                }
                await #expect(throws: StorageError.self) { try await text("b", in: database) }
                await #expect(throws: StorageError.self) { try await text("c", of: "others", in: database) }
                #expect(try await text("a", in: database) == Self.secret)
            }
        }
    }

    @Test func aChangedBitIsFound() async throws {
        try await withPath { path in
            try await with(Keyring.fresh(named: "one"), at: path) { (database: Database) async throws in
                try await database.write { try Self.sealed.insert(Self.row("a"), in: $0) }
                let body = try #require(
                    try await database.read { try $0.first("SELECT body FROM sealed")?.blob(0) })
                for index in body.indices.dropFirst() {
                    var changed = body
                    changed[index] ^= 1
                    try await database.write { [changed] in
                        try $0.execute("UPDATE sealed SET body = ?", [.blob(changed)])
                    }
                    await #expect(throws: StorageError.self, "byte \(index)") { try await text("a", in: database) }
                }
            }
        }
    }

    @Test func aShreddedScopeIsGoneAndOthersStay() async throws {
        try await withPath { path in
            try await with(Keyring.fresh(named: "one"), at: path) { (database: Database) async throws in
                try await database.write {
                    try Self.sealed.insert(Self.row("a"), in: $0)
                    try Self.sealed.insert(Self.row("a", of: "others"), in: $0)
                    #expect(try Self.sealed.shredKey("acme", "pair", in: $0))
                    #expect(try !Self.sealed.shredKey("acme", "pair", in: $0))
                }
                #expect(try await text("a", in: database) == nil)
                #expect(try await database.read { try Self.sealed.list("acme", "pair", limit: 10, in: $0) }.isEmpty)
                #expect(try await text("a", of: "others", in: database) == Self.secret)
                // A new key opens nothing that an old one has encrypted.
                try await database.write { try Self.sealed.insert(Self.row("b"), in: $0) }
                await #expect(throws: StorageError.self) { try await text("a", in: database) }
            }
        }
    }

    @Test("Parents of two kinds with one id have two keys: who chooses an id destroys nothing of another's")
    func kinds() async throws {
        let kind = ResourceTable("sealed", isEncrypted: true, keyKind: "people")
        try await withPath { path in
            try await with(Keyring.fresh(named: "one"), at: path) { (database: Database) async throws in
                try await database.write {
                    try Self.sealed.insert(Self.row("a"), in: $0)
                    #expect(try !kind.shredKey("acme", "pair", in: $0))
                }
                #expect(try await text("a", in: database) == Self.secret)
            }
        }
    }

    @Test func aNewKeyTakesOverAndTheOldOneMayGo() async throws {
        try await withPath { path in
            let (old, new) = (Keyring.fresh(named: "old"), Keyring.fresh(named: "new"))
            try await with(old, at: path) { (database: Database) async throws in
                try await database.write {
                    for scope in 0..<5 { try Self.sealed.insert(Self.row("a", of: "pair-\(scope)"), in: $0) }
                }
            }
            try await with(new + old, at: path) { (database: Database) async throws in
                #expect(try await text("a", of: "pair-3", in: database) == Self.secret, "both serve")
                #expect(try await database.write { try $0.rewrapKeys(limit: 3) } == 3)
                #expect(try await database.write { try $0.rewrapKeys(limit: 3) } == 2)
                #expect(try await database.write { try $0.rewrapKeys() } == 0)
            }
            try await with(new, at: path) { (database: Database) async throws in
                let found = try await text("a", of: "pair-3", in: database)
                #expect(found == Self.secret)
            }
        }
    }

    @Test func whatWasStoredInClearIsReadAndThenEncrypted() async throws {
        try await withPath { path in
            try await with(Keyring.fresh(named: "one"), at: path) { (database: Database) async throws in
                try await database.write {
                    for id in ["a", "b", "c"] {
                        try $0.execute(
                            "INSERT INTO sealed (organization, parent, id, revision, state, body) VALUES ('acme', 'pair', ?, 1, 0, ?)",
                            [.text(id), .blob(Array(Self.secret.utf8))])
                    }
                }
                #expect(try await text("a", in: database) == Self.secret)
                #expect(try await database.write { try Self.sealed.encryptRows(limit: 2, in: $0) } == 2)
                #expect(try await database.write { try Self.sealed.encryptRows(limit: 2, in: $0) } == 1)
                #expect(try await database.write { try Self.sealed.encryptRows(limit: 2, in: $0) } == 0)
                try await database.emptyJournal()
                #expect(!bytes(at: path).contains(Array(Self.secret.utf8)), "in no page and no journal")
                #expect(try await text("a", in: database) == Self.secret)
            }
            #expect(!bytes(at: path).contains(Array(Self.secret.utf8)), "not in the free space either")
        }
    }

    @Test(arguments: [
        "", "# nothing", "one", "one two three", "ONE AAAA", "one AAAA",
        "one " + String(repeating: "A", count: 43) + "!",
    ])
    func aRingThatIsNoneIsRefusedWithoutTellingIt(text: String) {
        let error = #expect(throws: StorageError.self) { try Keyring(text) }
        #expect(!"\(error.map { "\($0)" } ?? "")".contains("AAAA"))
    }

    @Test func aRingTellsNamesAlone() throws {
        let text = Keyring.fresh(named: "one")
        let secret = try #require(text.split(separator: " ").last?.prefix(20))
        let ring = try Keyring("# kept apart\n\n" + text)
        #expect(!"\(ring)".contains(secret))
        #expect("\(ring)" == "keyring one")
        #expect(throws: StorageError.self) { try Keyring(text + text) }
        #expect(Keyring.fresh(named: "one") != text)
    }
}
