internal import FoundationEssentials
internal import GRDB
internal import Glibc

/// An opened, migrated, durable file. Everything here blocks.
package struct DatabaseFile: Sendable {
    let pool: DatabasePool
    let path: String
    let identity: FileIdentity
    /// The position of the newest event.
    let position: Int64

    static func open(
        _ path: String, _ migrations: [Migration], _ configuration: DatabaseConfiguration
    ) throws -> DatabaseFile {
        guard !path.isEmpty, !path.hasPrefix(":"), !path.hasPrefix("file:") else {
            throw StorageError.file("“\(path)” is not the path of a file")
        }
        let lock = try OpeningLock(path + "-lock", timeout: configuration.openTimeout)
        defer { lock.release() }
        try createPrivate(path)
        return try StorageError.translating {
            let pool = try DatabasePool(path: path, configuration: engine(configuration))
            do {
                return try pool.writeWithoutTransaction { connection in
                    try makeDurable(connection)
                    // What is deleted leaves the file: distributions of SQLite differ in what they do unasked.
                    try connection.execute(sql: "PRAGMA secure_delete = ON")
                    try connection.execute(sql: "PRAGMA cache_size = -\(configuration.writerCache)")
                    try connection.execute(sql: "PRAGMA wal_autocheckpoint = \(configuration.checkpointPages)")
                    let (identity, position) = try prepare(connection, migrations, configuration.keyring)
                    return DatabaseFile(pool: pool, path: path, identity: identity, position: position)
                }
            } catch {
                try? pool.close()
                throw error
            }
        }
    }

    private static func engine(_ configuration: DatabaseConfiguration) -> Configuration {
        var engine = Configuration()
        engine.maximumReaderCount = configuration.readers
        engine.busyMode = .timeout(configuration.busyTimeout / .seconds(1))
        engine.prepareDatabase { connection in
            // The service's own file is the only schema that is ever opened, but a restored copy may come from
            // anywhere.
            try connection.execute(sql: "PRAGMA trusted_schema = OFF")
        }
        return engine
    }

    /// GRDB sets `synchronous=NORMAL` on its writer when it switches to WAL, which loses answered writes at a power
    /// cut; so FULL is set after the pool exists, and believed only when read back.
    static func makeDurable(_ connection: GRDB.Database) throws {
        try connection.execute(sql: "PRAGMA synchronous = FULL")
        try requireDurable(connection)
    }

    static func requireDurable(_ connection: GRDB.Database) throws {
        let synchronous = try Int.fetchOne(connection, sql: "PRAGMA synchronous") ?? 0
        guard synchronous >= 2 else { throw StorageError.durability("synchronous is \(synchronous), not FULL (2)") }
        let journal = try String.fetchOne(connection, sql: "PRAGMA journal_mode") ?? "unknown"
        guard journal == "wal" else { throw StorageError.durability("the journal mode is \(journal), not WAL") }
    }

    private static func prepare(
        _ connection: GRDB.Database, _ migrations: [Migration], _ keyring: Keyring?
    ) throws -> (FileIdentity, Int64) {
        var prepared: (FileIdentity, Int64)?
        try connection.inTransaction(.immediate) {
            try Migrator(service: migrations).migrate(connection)
            let now = Int64(Date().timeIntervalSince1970 * 1_000_000)
            let identity = try FileIdentity.establish(connection, keyring, now: now)
            prepared = (identity, try Outbox.end(Snapshot(connection, identity)))
            return .commit
        }
        guard let prepared else { throw StorageError.file("the database could not be prepared") }
        return prepared
    }

    /// SQLite gives its `-wal` and `-shm` files the mode of the database, so the first file decides for all three.
    private static func createPrivate(_ path: String) throws {
        // An existing file is never opened here: closing that descriptor would drop the locks that SQLite holds on it
        // elsewhere in this process (sqlite.org/howtocorrupt.html §2.2).
        let descriptor = systemOpen(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC)
        if descriptor >= 0 {
            _ = close(descriptor)
        } else if errno != EEXIST {
            throw StorageError.file("cannot create \(path): \(reason())")
        }
        guard chmod(path, 0o600) == 0 else { throw StorageError.file("cannot make \(path) private: \(reason())") }
    }

    /// The file and its journals.
    static func bytes(at path: String) -> Int64 {
        ["", "-wal", "-shm"].reduce(0) { sum, suffix in
            var status = stat()
            return stat(path + suffix, &status) == 0 ? sum + Int64(status.st_size) : sum
        }
    }

    /// Makes a new name in the directory survive a power cut. SQLite does this for its own journals.
    package static func syncDirectory(of path: String) throws {
        let directory = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
        let descriptor = systemOpen(directory, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw StorageError.file("cannot open \(directory): \(reason())") }
        defer { _ = close(descriptor) }
        guard fsync(descriptor) == 0 else { throw StorageError.file("cannot sync \(directory): \(reason())") }
    }

    fileprivate static func systemOpen(_ path: String, _ flags: Int32) -> Int32 {
        Glibc.open(path, flags, 0o600)
    }

    static func reason() -> String { String(cString: strerror(errno)) }
}

/// Keeps a second process from opening the file while one creates, migrates or recovers it. The system drops it with
/// the process.
private struct OpeningLock {
    private let descriptor: Int32

    init(_ path: String, timeout: Duration) throws {
        let descriptor = DatabaseFile.systemOpen(path, O_CREAT | O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else { throw StorageError.file("cannot create \(path): \(DatabaseFile.reason())") }
        let end = ContinuousClock.now + timeout
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            guard ContinuousClock.now < end else {
                _ = close(descriptor)
                throw StorageError.file("another process holds \(path) for longer than \(timeout)")
            }
            usleep(10_000)
        }
        self.descriptor = descriptor
    }

    func release() { _ = close(descriptor) }
}
