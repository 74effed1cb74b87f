internal import GRDB
internal import Glibc

/// SQLite's online backup into a file that appears under its name only when it is complete and on disk.
enum Backup {
    static func copy(_ source: GRDB.Database, to path: String) throws {
        guard access(path, F_OK) != 0 else { throw StorageError.file("\(path) exists already") }
        let partial = path + ".partial"
        unlink(partial)
        defer { unlink(partial) }
        try StorageError.translating {
            let destination = try DatabaseQueue(path: partial)
            guard chmod(partial, 0o600) == 0 else { throw StorageError.file("cannot make \(partial) private") }
            try destination.inDatabase { copy in
                try source.backup(to: copy)
                // One self-contained file, so that copying it about loses no journal beside it.
                try copy.execute(sql: "PRAGMA journal_mode = DELETE")
                try copy.execute(sql: "PRAGMA synchronous = EXTRA")
                try copy.execute(sql: "UPDATE storage_identity SET is_backup = 1")
            }
            try destination.close()
        }
        // link, unlike rename, refuses to replace what someone else put there meanwhile.
        guard link(partial, path) == 0 else {
            throw StorageError.file("cannot name the backup \(path): \(DatabaseFile.reason())")
        }
        try DatabaseFile.syncDirectory(of: path)
    }
}
