import FoundationEssentials
import Testing

@testable import Storage

@Suite struct RestorationTests {
    /// A database with two events, its writer still open, and a copy made as another process would make it.
    private func withCopy(_ body: (String, String, Database) async throws -> Void) async throws {
        try await withPath { path in
            let database = try await Database.open(path, migrations: itemMigrations, logger: quiet)
            for number in 1...2 {
                try await database.insert(number)
                try await database.write { try $0.outbox.append([UInt8(number)]) }
            }
            let copy = try await Database.backup(path, to: path + ".copy")
            #expect(copy.position == 2 && copy.bytes > 0 && copy.epoch == database.epoch)
            try await body(path, path + ".copy", database)
        }
    }

    @Test func theRunningFileIsCopiedAndNotTouched() async throws {
        try await withCopy { path, copy, database in
            try await database.insert(3)
            #expect(try await database.numbers() == [1, 2, 3])
            await #expect(throws: StorageError.file("\(copy) exists already")) {
                try await Database.backup(path, to: copy)
            }
            await #expect(throws: StorageError.file("\(path).none does not exist")) {
                try await Database.backup(path + ".none", to: copy + "2")
            }
            await database.close()
        }
    }

    @Test func aRestoredFileHoldsTheCopyAndBeginsANewEpoch() async throws {
        try await withCopy { path, copy, database in
            try await database.insert(3)
            await database.close()
            await #expect(throws: StorageError.file("\(path) exists; --replace puts the backup in its place")) {
                try await Database.restore(copy, to: path, replacing: false, migrations: itemMigrations)
            }
            let restored = try await Database.restore(copy, to: path, replacing: true, migrations: itemMigrations)
            #expect(restored.position == 2)
            let again = try await Database.open(path, migrations: itemMigrations, logger: quiet)
            #expect(again.epoch != database.epoch)
            #expect(try await again.numbers() == [1, 2])
            await again.close()
        }
    }

    @Test func whatDoesNotFitIsRefusedAndLeavesTheFileAlone() async throws {
        try await withCopy { path, copy, database in
            await database.close()
            await #expect(throws: StorageError.self) {
                try await Database.restore(copy, to: path, replacing: true, migrations: [])
            }
            var bytes = try #require(FileManager.default.contents(atPath: copy))
            bytes.replaceSubrange(4096..<8192, with: Data(repeating: 0x5a, count: 4096))
            try bytes.write(to: URL(filePath: copy + ".damaged"))
            await #expect(throws: StorageError.self) {
                try await Database.restore(copy + ".damaged", to: path, replacing: true, migrations: itemMigrations)
            }
            let same = try await Database.open(path, migrations: itemMigrations, logger: quiet)
            #expect(same.epoch == database.epoch)
            #expect(try await same.numbers() == [1, 2])
            await same.close()
        }
    }
}
