import FoundationEssentials
import Synchronization
import Testing

@testable import Storage

@Suite struct DatabaseTests {
    @Test func aNewFileIsPrivate() async throws {
        try await withPath { path in
            let database = try await Database.open(path, migrations: itemMigrations, logger: quiet)
            try await database.insert(1)
            for file in [path, path + "-wal", path + "-shm", path + "-lock"] {
                let attributes = try FileManager.default.attributesOfItem(atPath: file)
                #expect(attributes[.posixPermissions] as? Int == 0o600, "\(file)")
            }
            await database.close()
        }
    }

    @Test func aLooseFileIsMadePrivate() async throws {
        try await withPath { path in
            await (try Database.open(path, migrations: itemMigrations, logger: quiet)).close()
            try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: path)
            await (try Database.open(path, migrations: itemMigrations, logger: quiet)).close()
            #expect(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int == 0o600)
        }
    }

    @Test func theWriterSyncsEveryCommit() async throws {
        try await withDatabase { database in
            let (synchronous, journal) = try await database.write { transaction in
                (
                    try transaction.first("SELECT synchronous FROM pragma_synchronous")?.int64(0),
                    try transaction.first("SELECT journal_mode FROM pragma_journal_mode")?.text(0)
                )
            }
            #expect(synchronous == 2)
            #expect(journal == "wal")
        }
    }

    @Test func aReadSeesEveryAnsweredWrite() async throws {
        try await withDatabase { database in
            for number in 1...50 {
                try await database.insert(number)
                #expect(try await database.numbers().last == Int64(number))
            }
        }
    }

    @Test func aReadSeesOneMomentWhileOthersWrite() async throws {
        try await withDatabase { database in
            try await database.insert(1)
            let (begun, written) = (Gate(), Gate())
            async let counts = database.read { snapshot in
                let before = try snapshot.first("SELECT count(*) FROM item")?.int64(0)
                begun.open()
                written.wait()
                return [before, try snapshot.first("SELECT count(*) FROM item")?.int64(0)]
            }
            await offloadWait(begun)
            try await database.insert(2)
            written.open()
            #expect(try await counts == [1, 1])
            #expect(try await database.numbers() == [1, 2])
        }
    }

    @Test func valuesOfEveryTypeComeBackAsTheyWere() async throws {
        let migration = Migration(version: 1, name: "any", statements: ["CREATE TABLE any_value (value ANY) STRICT"])
        try await withDatabase([migration]) { database in
            let values: [Value] = [
                nil, 0, .integer(.min), .integer(.max), 1.5, .real(-.leastNonzeroMagnitude), "", "trust ✓", .blob([]),
                .blob([0, 255]), Value(true), .id(Identifier(high: 1, low: 2)),
            ]
            try await database.write { transaction in
                for value in values { try transaction.execute("INSERT INTO any_value (value) VALUES (?)", [value]) }
            }
            let stored = try await database.read {
                try $0.query("SELECT value FROM any_value ORDER BY rowid").map { $0[0] }
            }
            #expect(stored == values)
        }
    }

    @Test func aTextWithNulIsRefusedRatherThanCut() async throws {
        try await withDatabase { (database: Database) async throws in
            await #expect(throws: StorageError.invalid("a text contains U+0000")) {
                try await database.insert(1, "half\u{0}lost")
            }
            #expect(try await database.numbers() == [])
        }
    }

    @Test func aColumnOfAnotherTypeIsAnError() async throws {
        try await withDatabase { database in
            let row = try #require(try await database.read { try $0.first("SELECT 1, 'x', NULL, x'00', 2.5") })
            #expect(try row.int64(0) == 1)
            #expect(try row.bool(0))
            #expect(try row.double(0) == 1)
            #expect(try row.text(1) == "x")
            #expect(try row.optionalText(2) == nil)
            #expect(try row.blob(3) == [0])
            #expect(try row.double(4) == 2.5)
            #expect(throws: StorageError.column("column 1 is text, not an integer")) { try row.int64(1) }
            #expect(throws: StorageError.column("column 2 is null, not text")) { try row.text(2) }
            #expect(throws: StorageError.column("column 3 is bytes, not an identifier")) { try row.id(3) }
            #expect(throws: StorageError.column("column 5 does not exist, the row has 5")) { try row.text(5) }
        }
    }

    @Test(arguments: [
        "COMMIT", " rollback", "PRAGMA synchronous = OFF", "ATTACH 'x' AS x", "SAVEPOINT s", "VACUUM", "",
    ])
    func aClosureCannotEndTransactionsOrChangeSettings(_ sql: String) async throws {
        try await withDatabase { database in
            await #expect(throws: StorageError.self) { try await database.write { try $0.execute(sql) } }
            await #expect(throws: StorageError.self) { try await database.write { try $0.query(sql) } }
            await #expect(throws: StorageError.self) { try await database.read { try $0.first(sql) } }
        }
    }

    @Test func twoStatementsInOneTextAreRefused() async throws {
        try await withDatabase { (database: Database) async throws in
            await #expect(throws: StorageError.self) {
                try await database.write { try $0.execute("INSERT INTO item (number) VALUES (1); COMMIT") }
            }
            #expect(try await database.numbers() == [])
        }
    }

    @Test func aSnapshotCannotWrite() async throws {
        try await withDatabase { database in
            await #expect(throws: StorageError.self) {
                try await database.read { try $0.query("INSERT INTO item (number) VALUES (1) RETURNING number") }
            }
            let returned = try await database.write {
                try $0.query("INSERT INTO item (number) VALUES (1) RETURNING number")
            }
            #expect(returned.map(\.values) == [[1]])
        }
    }

    @Test func aSnapshotIsOnlyValidInsideItsClosure() async throws {
        final class Box: @unchecked Sendable { var snapshot: Snapshot? }
        try await withDatabase { database in
            let box = Box()
            try await database.read { box.snapshot = $0 }
            #expect(throws: StorageError.outsideTransaction) { try box.snapshot?.query("SELECT 1") }
            try await database.write { box.snapshot = $0 }
            #expect(throws: StorageError.outsideTransaction) { try box.snapshot?.first("SELECT 1") }
        }
    }

    @Test func eachMayRunTheSameStatementInside() async throws {
        try await withDatabase { database in
            for number in 1...3 { try await database.insert(number) }
            let seen = try await database.read { snapshot in
                var seen: [[Int64]] = []
                try snapshot.each("SELECT number FROM item ORDER BY number") { row in
                    let inner = try snapshot.query("SELECT number FROM item ORDER BY number").map { try $0.int64(0) }
                    seen.append([try row.int64(0)] + inner)
                }
                return seen
            }
            #expect(seen == [[1, 1, 2, 3], [2, 1, 2, 3], [3, 1, 2, 3]])
        }
    }

    @Test func moreWaitingReadsThanTheLimitAreRefused() async throws {
        var configuration = DatabaseConfiguration()
        configuration.waitingReads = 2
        configuration.readers = 1
        try await withDatabase(itemMigrations, configuration) { database in
            let (begun, gate) = (Gate(), Gate())
            let running = Task {
                try await database.read { _ in
                    begun.open()
                    gate.wait()
                }
            }
            await offloadWait(begun)
            let outcomes = await withTaskGroup(of: Bool.self) { group in
                for _ in 0..<4 {
                    group.addTask {
                        do {
                            try await database.read { _ in }
                            return true
                        } catch {
                            #expect(error as? StorageError == .overloaded)
                            return false
                        }
                    }
                }
                var outcomes: [Bool] = []
                for await outcome in group {
                    outcomes.append(outcome)
                    if outcomes.count == 3 { gate.open() }
                }
                return outcomes
            }
            try await running.value
            #expect(outcomes == [false, false, false, true])
            try await database.read { _ in }
        }
    }

    @Test func closeAnswersWhatIsQueuedAndRefusesWhatComesLater() async throws {
        try await withPath { path in
            let database = try await Database.open(path, migrations: itemMigrations, logger: quiet)
            let (gate, done) = await database.occupyWriter()
            let queued = (1...20).map { number in Task { try await database.insert(number) } }
            await eventually { database.queuedWrites == 20 }
            let closing = Task { await database.close() }
            await eventually { !database.isWritable }
            await #expect(throws: StorageError.closed) { try await database.insert(99) }
            gate.open()
            try await done.value
            for write in queued { try await write.value }
            await closing.value
            await #expect(throws: StorageError.closed) { try await database.read { _ in } }
            await #expect(throws: StorageError.closed) { try await database.write { _ in } }
            await #expect(throws: StorageError.closed) { try await database.backup(to: path + ".copy") }
            await database.close()

            let again = try await Database.open(path, migrations: itemMigrations, logger: quiet)
            #expect(try await again.numbers() == Array(1...20))
            await again.close()
        }
    }

    @Test(arguments: ["", ":memory:", "file:x?mode=memory"])
    func whatIsNotAFileIsRefused(_ path: String) async throws {
        await #expect(throws: StorageError.file("“\(path)” is not the path of a file")) {
            try await Database.open(path, migrations: [], logger: quiet)
        }
    }

    @Test func aDirectoryThatDoesNotExistIsNamed() async throws {
        try await withPath { path in
            let error = await #expect(throws: StorageError.self) {
                try await Database.open(path + "/missing/x.db", migrations: [], logger: quiet)
            }
            #expect(error?.description.contains("/missing/x.db") == true)
        }
    }

    @Test func configurationOutsideItsRangesIsRefused() async throws {
        let wrong: [(inout DatabaseConfiguration) -> Void] = [
            { $0.readers = 0 }, { $0.readers = 65 }, { $0.groupLimit = 0 }, { $0.waitingWrites = 0 },
            { $0.waitingReads = 0 },
            { $0.busyTimeout = .seconds(-1) }, { $0.openTimeout = .seconds(-1) },
        ]
        for change in wrong {
            var configuration = DatabaseConfiguration()
            change(&configuration)
            #expect(throws: StorageError.self) { try configuration.check() }
        }
        try DatabaseConfiguration().check()
    }
}
