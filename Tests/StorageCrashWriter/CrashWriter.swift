import Glibc
import Logging
import Storage

/// The process that StorageTests kill, starve of disk space and trace.
///
///     StorageCrashWriter write PATH TASKS     writes until it is killed, and prints the number of each answered write
///     StorageCrashWriter once PATH            writes one row, prints "answered", and ends
///     StorageCrashWriter open PATH            opens the file, prints its epoch, and ends
///     StorageCrashWriter full PATH BYTES      writes with files limited to BYTES until refused, prints the errors
///     StorageCrashWriter rate PATH TASKS N R  N writes by TASKS tasks before R tails, prints writes per second
@main
struct CrashWriter {
    static let migrations = [
        Migration(
            version: 1, name: "pairs",
            statements: [
                "CREATE TABLE left_half (number INTEGER PRIMARY KEY, filler BLOB NOT NULL) STRICT",
                "CREATE TABLE right_half (number INTEGER PRIMARY KEY) STRICT",
            ])
    ]

    static func main() async throws {
        let arguments = CommandLine.arguments
        guard arguments.count >= 3 else { exit(64) }
        let logger = Logger(label: "crash-writer") { _ in SwiftLogNoOpLogHandler() }
        if arguments[1] == "full", let bytes = UInt(arguments[3]) {
            // The limit is to be met as an error of write(2), not as the signal's default action.
            signal(SIGXFSZ, SIG_IGN)
            var limit = rlimit(rlim_cur: bytes, rlim_max: bytes)
            guard setrlimit(__rlimit_resource_t(1), &limit) == 0 else { exit(71) }  // RLIMIT_FSIZE
        }
        let database = try await Database.open(arguments[2], migrations: migrations, logger: logger)
        switch arguments[1] {
        case "write": try await write(database, tasks: Int(arguments[3]) ?? 1)
        case "once":
            say("writing")
            try await store(1, database)
            say("answered")
            await database.close()
        case "open":
            say("\(database.epoch)")
            await database.close()
        case "full": await fill(database)
        case "rate":
            try await rate(
                database, tasks: Int(arguments[3]) ?? 1, writes: Int(arguments[4]) ?? 1000,
                tails: Int(arguments[5]) ?? 0)
        default: exit(64)
        }
    }

    /// One change in three places: half of it must never be found.
    static func store(_ number: Int, _ database: Database) async throws {
        try await database.write { transaction in
            try transaction.execute(
                "INSERT INTO left_half (number, filler) VALUES (?, ?)",
                [Value(number), .blob([UInt8](repeating: UInt8(truncatingIfNeeded: number), count: 100))])
            try transaction.outbox.append(Array("\(number)".utf8))
            try transaction.execute("INSERT INTO right_half (number) VALUES (?)", [Value(number)])
        }
    }

    static func write(_ database: Database, tasks: Int) async throws {
        let first = try await database.read { snapshot in
            (try snapshot.first("SELECT max(number) FROM left_half")?.optionalInt64(0)).map(Int.init) ?? 0
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for task in 1...tasks {
                group.addTask {
                    for number in stride(from: first + task, to: .max, by: tasks) {
                        try await store(number, database)
                        say("\(number)")
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    static func fill(_ database: Database) async {
        var number = 0
        var errors: [String] = []
        while errors.count < 3 {
            number += 1
            do {
                try await store(number, database)
                say("\(number)")
            } catch StorageError.unwritable {
                errors.append("unwritable")
            } catch {
                errors.append("\(error)")
            }
        }
        say("errors \(errors.joined(separator: ", "))")
    }

    static func rate(_ database: Database, tasks: Int, writes: Int, tails: Int) async throws {
        let followers = (0..<tails).map { _ in
            Task { for try await batch in database.outbox.tail(after: nil) { if case .rebuild = batch { break } } }
        }
        let start = ContinuousClock.now
        try await withThrowingTaskGroup(of: Void.self) { group in
            for task in 1...tasks {
                group.addTask {
                    for number in stride(from: task, through: writes, by: tasks) { try await store(number, database) }
                }
            }
            try await group.waitForAll()
        }
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        say("\(tasks) tasks: \(Int(Double(writes) / seconds)) writes/s")
        for follower in followers { follower.cancel() }
        await database.close()
    }

    /// One call of write(2) for each line, so that a line is either said or not.
    static func say(_ line: String) {
        let bytes = Array("\(line)\n".utf8)
        _ = Glibc.write(1, bytes, bytes.count)
    }
}
