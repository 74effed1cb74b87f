import Dispatch
import FoundationEssentials
import Logging
import Synchronization

@testable import Storage

let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

/// The tables of most tests: `item (number, text)` and a child that refers to it by a key checked at COMMIT.
let itemMigrations = [
    Migration(
        version: 1, name: "items",
        statements: [
            "CREATE TABLE item (number INTEGER PRIMARY KEY, text TEXT) STRICT",
            "CREATE TABLE child (item INTEGER NOT NULL REFERENCES item DEFERRABLE INITIALLY DEFERRED) STRICT",
        ])
]

/// Gives `body` the path of a file in a directory of its own, which goes afterwards.
func withPath<T>(_ body: (String) async throws -> T) async throws -> T {
    let directory = FileManager.default.temporaryDirectory.appending(path: "storage-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    return try await body(directory.appending(path: "test.db").path)
}

func withDatabase<T>(
    _ migrations: [Migration] = itemMigrations, _ configuration: DatabaseConfiguration = DatabaseConfiguration(),
    body: (Database) async throws -> T
) async throws -> T {
    try await withPath { path in
        let database = try await Database.open(
            path, migrations: migrations, configuration: configuration, logger: quiet)
        do {
            let result = try await body(database)
            await database.close()
            return result
        } catch {
            await database.close()
            throw error
        }
    }
}

extension Database {
    func insert(_ number: Int, _ text: String = "") async throws {
        try await write {
            try $0.execute("INSERT INTO item (number, text) VALUES (?, ?)", [Value(number), .text(text)])
        }
    }

    func numbers() async throws -> [Int64] {
        try await read { try $0.query("SELECT number FROM item ORDER BY number").map { try $0.int64(0) } }
    }

    /// Keeps the writer busy until the returned gate opens, so that writes gather behind it.
    func occupyWriter() async -> (gate: Gate, done: Task<Void, any Error>) {
        let (entered, gate) = (Gate(), Gate())
        let task = Task {
            try await self.write { _ in
                entered.open()
                gate.wait()
            }
        }
        await offloadWait(entered)
        return (gate, task)
    }
}

/// A door that threads of the database wait at. Once open it stays open.
final class Gate: Sendable {
    private let semaphore = DispatchSemaphore(value: 0)

    func open() { semaphore.signal() }

    func wait() {
        semaphore.wait()
        semaphore.signal()
    }
}

func offloadWait(_ gate: Gate) async {
    _ = try? await offload { gate.wait() }
}

/// A number that closures of several threads change.
final class Counter: Sendable {
    private let state = Mutex(0)
    var value: Int { state.withLock { $0 } }
    func increment() { state.withLock { $0 += 1 } }
}

/// Waits until `condition` holds, which some other task brings about.
func eventually(_ condition: () async throws -> Bool) async rethrows {
    while !(try await condition()) { await Task.yield() }
}

/// A repeatable source of random cases (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}

/// A new seed for each run, printed so that a failure can be repeated.
func freshSeed(_ test: String) -> UInt64 {
    let seed = UInt64.random(in: .min ... .max)
    print("\(test): seed \(seed)")
    return seed
}
