import FoundationEssentials
import Testing

@testable import Storage

@Suite struct DeletionTests {
    /// Rows of a hash-ordered table as well, whose pages are not emptied whole.
    @Test func whatWasDeletedIsNotInTheFile() async throws {
        let migrations = [
            Migration(
                version: 1, name: "slots",
                statements: ["CREATE TABLE slot (key BLOB PRIMARY KEY, body BLOB NOT NULL) STRICT, WITHOUT ROWID"])
        ]
        try await withPath { path in
            let secret = Array("what nobody is to find".utf8)
            func isStored() -> Bool {
                Array(FileManager.default.contents(atPath: path) ?? Data()).firstRange(of: secret) != nil
            }
            for deletes in [false, true] {
                let database = try await Database.open(path, migrations: migrations, logger: quiet)
                try await database.write { transaction in
                    guard !deletes else {
                        try transaction.execute("DELETE FROM slot WHERE key < ?", [.blob([100])])
                        return
                    }
                    for number in 0..<200 as Range<UInt8> {
                        let body = number < 100 ? secret : [number]
                        try transaction.execute(
                            "INSERT INTO slot (key, body) VALUES (?, ?)", [.blob([number]), .blob(body)])
                    }
                }
                // Closing carries the log over into the file.
                await database.close()
                #expect(isStored() == !deletes)
            }
        }
    }
}
