import FoundationEssentials
import Testing

@testable import Storage

@Suite struct BackupTests {
    @Test func aCopyTakenWhileOthersWriteIsWholeAndPrivate() async throws {
        try await withPath { path in
            let database = try await Database.open(path, migrations: itemMigrations, logger: quiet)
            for number in 1...20 { try await database.insert(number) }
            let stop = Gate()
            let writer = Task {
                var number = 20
                while !Task.isCancelled {
                    number += 1
                    let (item, child) = (number, number)
                    // Shielded from cancellation, so that the last write is complete as well.
                    try await Task {
                        try await database.write { transaction in
                            try transaction.execute("INSERT INTO item (number) VALUES (?)", [Value(item)])
                            try transaction.execute("INSERT INTO child (item) VALUES (?)", [Value(child)])
                        }
                    }.value
                    if number == 40 { stop.open() }
                }
            }
            await offloadWait(stop)
            try await database.backup(to: path + ".copy")
            writer.cancel()
            try await writer.value
            await database.close()

            let mode = try FileManager.default.attributesOfItem(atPath: path + ".copy")[.posixPermissions]
            #expect(mode as? Int == 0o600)
            #expect(!FileManager.default.fileExists(atPath: path + ".copy.partial"))
            let copy = try await Database.open(path + ".copy", migrations: itemMigrations, logger: quiet)
            let counts = try await copy.read { snapshot in
                (
                    items: try snapshot.first("SELECT count(*) FROM item WHERE number > 20")?.int64(0),
                    children: try snapshot.first("SELECT count(*) FROM child")?.int64(0),
                    check: try snapshot.first("SELECT integrity_check FROM pragma_integrity_check")?.text(0)
                )
            }
            #expect(counts.items == counts.children)
            #expect((counts.items ?? 0) >= 20)
            #expect(counts.check == "ok")
            await copy.close()
        }
    }

    @Test func aRestoredCopyBeginsANewEpochOnce() async throws {
        try await withPath { path in
            let database = try await Database.open(path, migrations: itemMigrations, logger: quiet)
            try await database.write { try $0.outbox.append([1]) }
            try await database.backup(to: path + ".copy")
            try await database.write { try $0.outbox.append([2]) }
            let cursor = try await database.read { try $0.outboxEnd() }
            await database.close()

            // What an operator does: the copy takes the place of the lost file.
            for file in [path, path + "-wal", path + "-shm"] { try? FileManager.default.removeItem(atPath: file) }
            try FileManager.default.moveItem(atPath: path + ".copy", toPath: path)

            let restored = try await Database.open(path, migrations: itemMigrations, logger: quiet)
            #expect(restored.epoch != database.epoch)
            // Position 2 will exist again, with another event: only the epoch tells the difference.
            try await restored.write { try $0.outbox.append([3]) }
            let batch = try await restored.outbox.read(after: cursor)
            #expect(batch == .rebuild(from: Cursor(epoch: restored.epoch, position: 0)))
            await restored.close()

            let again = try await Database.open(path, migrations: itemMigrations, logger: quiet)
            #expect(again.epoch == restored.epoch)
            await again.close()
        }
    }

    @Test func aCopyOverAnExistingFileIsRefused() async throws {
        try await withPath { path in
            let database = try await Database.open(path, migrations: itemMigrations, logger: quiet)
            try Data("precious".utf8).write(to: URL(filePath: path + ".copy"))
            await #expect(throws: StorageError.file("\(path).copy exists already")) {
                try await database.backup(to: path + ".copy")
            }
            #expect(try Data(contentsOf: URL(filePath: path + ".copy")) == Data("precious".utf8))
            await #expect(throws: StorageError.self) { try await database.backup(to: path + "/nowhere/x") }
            await database.close()
        }
    }

    @Test func aCopyCanBeCopied() async throws {
        try await withPath { path in
            let database = try await Database.open(path, migrations: itemMigrations, logger: quiet)
            try await database.insert(1)
            try await database.backup(to: path + ".1")
            await database.close()
            let first = try await Database.open(path + ".1", migrations: itemMigrations, logger: quiet)
            try await first.insert(2)
            try await first.backup(to: path + ".2")
            await first.close()
            let second = try await Database.open(path + ".2", migrations: itemMigrations, logger: quiet)
            #expect(try await second.numbers() == [1, 2])
            #expect(Set([database.epoch, first.epoch, second.epoch]).count == 3)
            await second.close()
        }
    }
}
