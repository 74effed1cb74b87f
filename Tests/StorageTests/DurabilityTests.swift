import GRDB
import Testing

@testable import Storage

@Suite struct DurabilityTests {
    @Test(arguments: ["OFF", "NORMAL"])
    func aConnectionThatSyncsLessIsRefused(_ level: String) async throws {
        try await withPath { path in
            let pool = try DatabasePool(path: path)
            try await pool.writeWithoutTransaction { connection in
                try connection.execute(sql: "PRAGMA synchronous = \(level)")
                #expect(throws: StorageError.self) { try DatabaseFile.requireDurable(connection) }
                try DatabaseFile.makeDurable(connection)
                try DatabaseFile.requireDurable(connection)
            }
            try pool.close()
        }
    }

    @Test func aRollbackJournalIsRefused() async throws {
        try await withPath { path in
            let queue = try DatabaseQueue(path: path)
            try await queue.writeWithoutTransaction { connection in
                _ = #expect(throws: StorageError.durability("the journal mode is delete, not WAL")) {
                    try DatabaseFile.makeDurable(connection)
                }
            }
        }
    }
}
