import FoundationEssentials
import GRDB
import Testing

@testable import Storage

@Suite struct MigrationTests {
    private let first = Migration(version: 1, name: "one", statements: ["CREATE TABLE one (x INTEGER) STRICT"])
    private let second = Migration(
        version: 2, name: "two", statements: ["CREATE TABLE two (x INTEGER) STRICT", "INSERT INTO two (x) VALUES (2)"])

    private func open(_ path: String, _ migrations: [Migration]) async throws -> Storage.Database {
        try await Storage.Database.open(path, migrations: migrations, logger: quiet)
    }

    @Test func stepsAreAppliedOnceAndInOrder() async throws {
        try await withPath { path in
            await (try open(path, [first])).close()
            for _ in 0..<3 {
                let database = try await open(path, [first, second])
                #expect(try await database.read { try $0.query("SELECT x FROM two").map(\.values) } == [[2]])
                await database.close()
            }
        }
    }

    @Test func aFileOfANewerProgramIsRefusedAndLeftAlone() async throws {
        try await withPath { path in
            await (try open(path, [first, second])).close()
            let error = await #expect(throws: StorageError.newerFile(component: "service", found: 2, known: 1)) {
                try await open(path, [first])
            }
            #expect(error?.description.contains("run the newer program") == true)
            let database = try await open(path, [first, second])
            #expect(try await database.read { try $0.query("SELECT x FROM two").count } == 1)
            await database.close()
        }
    }

    @Test func aFileWithNewerStorageTablesIsRefused() async throws {
        try await withPath { path in
            await (try open(path, [first])).close()
            let queue = try DatabaseQueue(path: path)
            try await queue.write {
                try $0.execute(sql: "INSERT INTO storage_migration VALUES ('storage', 99, 'future')")
            }
            try queue.close()
            await #expect(throws: StorageError.newerFile(component: "storage", found: 99, known: 4)) {
                try await open(path, [first])
            }
        }
    }

    @Test func theFileOfAnotherServiceIsRefused() async throws {
        try await withPath { path in
            await (try open(path, [first])).close()
            let other = Migration(version: 1, name: "goals", statements: ["CREATE TABLE goal (x INTEGER) STRICT"])
            let error = await #expect(throws: StorageError.self) { try await open(path, [other]) }
            #expect(error?.description.contains("another service") == true)
        }
    }

    @Test func someOtherProgramsFileIsRefused() async throws {
        try await withPath { path in
            let queue = try DatabaseQueue(path: path)
            try await queue.write { try $0.execute(sql: "CREATE TABLE bookmark (url TEXT)") }
            try queue.close()
            await #expect(throws: StorageError.file("the file is an SQLite database, but not of Rapport")) {
                try await open(path, [first])
            }
            try Data("no database at all, only some text that is long enough".utf8).write(to: URL(filePath: path))
            await #expect(throws: StorageError.self) { try await open(path, [first]) }
        }
    }

    @Test func aStepThatFailsLeavesTheSchemaAsItWas() async throws {
        try await withPath { path in
            await (try open(path, [first])).close()
            let broken = Migration(
                version: 2, name: "broken",
                statements: ["CREATE TABLE half (x INTEGER)", "CREATE TABLE one (x INTEGER)"])
            let error = await #expect(throws: StorageError.self) { try await open(path, [first, broken]) }
            #expect(error?.description.contains("service version 2 “broken”") == true)
            let database = try await open(path, [first, second])
            let half = try await database.read { try $0.query("SELECT 1 FROM sqlite_schema WHERE name = 'half'") }
            #expect(half.isEmpty)
            await database.close()
        }
    }

    @Test func versionsAscend() async throws {
        try await withPath { path in
            let again = Migration(version: 1, name: "again", statements: [])
            await #expect(throws: StorageError.migration("service step “again” has version 1, not above 1")) {
                try await open(path, [first, again])
            }
        }
    }

    @Test func aStepMayComeIntoAGap() async throws {
        try await withPath { path in
            let far = Migration(version: 100, name: "far", statements: ["CREATE TABLE far (x INTEGER)"])
            await (try open(path, [first, far])).close()
            let database = try await open(path, [first, second, far])
            #expect(try await database.read { try $0.query("SELECT x FROM two").count } == 1)
            await database.close()
        }
    }

    @Test func manyOpeningsAtOnceMigrateOnce() async throws {
        try await withPath { path in
            let (one, two) = (first, second)
            let epochs = try await withThrowingTaskGroup(of: Identifier.self) { group in
                for _ in 0..<6 {
                    group.addTask {
                        let database = try await Storage.Database.open(path, migrations: [one, two], logger: quiet)
                        let rows = try await database.read { try $0.query("SELECT x FROM two").count }
                        #expect(rows == 1)
                        await database.close()
                        return database.epoch
                    }
                }
                return try await group.reduce(into: Set<Identifier>()) { $0.insert($1) }
            }
            #expect(epochs.count == 1)
        }
    }

    @Test func manyProcessesOpeningAtOnceMigrateOnce() async throws {
        try await withPath { path in
            let children = try (0..<4).map { _ in try ChildProcess(["open", path]) }
            var epochs: Set<String> = []
            for child in children {
                #expect(try await child.end() == 0)
                epochs.insert(try child.output())
            }
            #expect(epochs.count == 1)
        }
    }

    @Test func anOpeningThatWaitsTooLongSaysWhy() async throws {
        try await withPath { path in
            let holder = FileManager.default.createFile(atPath: path + "-lock", contents: nil)
            #expect(holder)
            let descriptor = try #require(lockFile(path + "-lock"))
            var configuration = DatabaseConfiguration()
            configuration.openTimeout = .milliseconds(30)
            let error = await #expect(throws: StorageError.self) {
                try await Storage.Database.open(path, migrations: [], configuration: configuration, logger: quiet)
            }
            #expect(error?.description.contains("another process holds") == true)
            unlockFile(descriptor)
            // A process that another test is just starting may hold the file for a moment more.
            configuration.openTimeout = DatabaseConfiguration().openTimeout
            await (try Storage.Database.open(path, migrations: [], configuration: configuration, logger: quiet)).close()
        }
    }
}
