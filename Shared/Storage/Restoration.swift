internal import GRDB
internal import Glibc

/// A copy of a database, as a backup or a restore has found it.
public struct DatabaseCopy: Sendable, Hashable {
    public let epoch: Identifier
    /// Position of the newest event.
    public let position: Int64
    public let bytes: Int64
}

extension Database {
    /// Copies the file at `source`, which another process may be writing, into a new file at `path`. It is opened for
    /// reading only: nothing in it is migrated or changed.
    /// - Throws: `StorageError.file` when `path` exists or `source` is missing or no database of Rapport.
    public static func backup(_ source: String, to path: String) async throws -> DatabaseCopy {
        try await offload {
            try readOnly(source) { connection in
                guard try connection.tableExists("storage_identity") else {
                    throw StorageError.file("\(source) is no database of Rapport")
                }
                try Backup.copy(connection, to: path)
            }
            return try described(path)
        }
    }

    /// Puts a checked copy of `backup` in the place of the database at `path`, durably. Its next opening begins a new
    /// epoch, so that consumers of its events rebuild.
    /// - Parameter replacing: whether a database that is there may be replaced.
    /// - Throws: `StorageError.file` when a process has the database open, when one is there and `replacing` is false,
    ///   or when SQLite finds the backup damaged; `.newerFile` and `.migration` when it does not fit `migrations`.
    public static func restore(
        _ backup: String, to path: String, replacing: Bool, migrations: [Migration]
    ) async throws -> DatabaseCopy {
        try await offload {
            try requireUnused(path, replacing: replacing)
            let draft = path + ".restoring"
            unlink(draft)
            defer { unlink(draft) }
            try readOnly(backup) { connection in
                let problems = try Snapshot.integrityProblems(connection)
                guard problems.isEmpty else {
                    throw StorageError.file("\(backup) is damaged: \(problems.prefix(3).joined(separator: "; "))")
                }
                try Migrator(service: migrations).check(connection)
                try Backup.copy(connection, to: draft)
            }
            // The journal of the file that goes must not be taken for that of the one that comes.
            for suffix in ["-wal", "-shm"] { unlink(path + suffix) }
            guard rename(draft, path) == 0 else {
                throw StorageError.file("cannot put \(path) in place: \(DatabaseFile.reason())")
            }
            try DatabaseFile.syncDirectory(of: path)
            return try described(path)
        }
    }

    private static func readOnly(_ path: String, _ body: (GRDB.Database) throws -> Void) throws {
        guard access(path, F_OK) == 0 else { throw StorageError.file("\(path) does not exist") }
        try StorageError.translating {
            var configuration = Configuration()
            configuration.readonly = true
            configuration.busyMode = .timeout(5)
            configuration.prepareDatabase { try $0.execute(sql: "PRAGMA trusted_schema = OFF") }
            let queue = try DatabaseQueue(path: path, configuration: configuration)
            try queue.read(body)
            try queue.close()
        }
    }

    private static func described(_ path: String) throws -> DatabaseCopy {
        var copy: DatabaseCopy?
        try readOnly(path) { connection in
            let row = try GRDB.Row.fetchOne(connection, sql: "SELECT epoch FROM storage_identity").map(Row.init)
            let position = try Int64.fetchOne(
                connection, sql: "SELECT seq FROM sqlite_sequence WHERE name = 'storage_outbox'")
            guard let epoch = try row?.id(0) else { throw StorageError.file("\(path) has lost its identity") }
            copy = DatabaseCopy(epoch: epoch, position: position ?? 0, bytes: DatabaseFile.bytes(at: path))
        }
        guard let copy else { throw StorageError.file("\(path) cannot be read") }
        return copy
    }

    private static func requireUnused(_ path: String, replacing: Bool) throws {
        guard access(path, F_OK) == 0 else { return }
        guard replacing else { throw StorageError.file("\(path) exists; --replace puts the backup in its place") }
        let descriptor = Glibc.open(path, O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else { throw StorageError.file("cannot open \(path): \(DatabaseFile.reason())") }
        defer { Glibc.close(descriptor) }
        // Whoever has a database in WAL mode open holds SQLite's shared lock on it: 510 bytes from 0x4000_0002.
        var lock = flock()
        lock.l_type = Int16(F_WRLCK)
        lock.l_whence = Int16(SEEK_SET)
        lock.l_start = 0x4000_0002
        lock.l_len = 510
        guard fcntl(descriptor, F_GETLK, &lock) == 0, lock.l_type == Int16(F_UNLCK) else {
            throw StorageError.file("a process (pid \(lock.l_pid)) has \(path) open: stop the service first")
        }
    }
}

extension Snapshot {
    /// What SQLite finds wrong in the whole file, and the size of its pages in bytes.
    public func integrityProblems() throws -> (problems: [String], bytes: Int64) {
        let bytes = try first(
            "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size")?.int64(0)
        let problems = try query("SELECT integrity_check FROM pragma_integrity_check").map { try $0.text(0) }
        return (problems.filter { $0 != "ok" }, bytes ?? 0)
    }

    static func integrityProblems(_ connection: GRDB.Database) throws -> [String] {
        try String.fetchAll(connection, sql: "PRAGMA integrity_check").filter { $0 != "ok" }
    }
}
