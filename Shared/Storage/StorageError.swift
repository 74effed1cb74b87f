internal import GRDB

/// What Storage itself reports. Errors that a closure throws pass through unchanged.
public enum StorageError: Error, Hashable {
    /// The queue of waiting reads or writes is full; nothing was applied and a retry later is safe.
    case overloaded
    /// The database is closed or closing; nothing was applied.
    case closed
    /// A commit failed on the disk and its outcome is unknown. No further write is accepted until the process restarts,
    /// because after a failed sync the page cache no longer tells what the disk holds.
    case unwritable(String)
    /// The file was written by a newer program. `component` is "storage" or "service".
    case newerFile(component: String, found: Int, known: Int)
    /// The list of migrations does not fit the file, or a statement of a migration failed.
    case migration(String)
    /// The connection does not sync each commit, so it must not answer for durability.
    case durability(String)
    /// The file cannot be created, locked, read or copied, or is not a Rapport database.
    case file(String)
    case alreadyExists
    case notFound
    /// Somebody else changed the resource; `stored` is its present revision.
    case revisionMismatch(stored: Int64)
    /// The stored checkpoint is not the one that the consumer started from: another consumer was faster.
    case checkpointMoved
    /// A constraint of the schema refused the statement.
    case constraint(String)
    /// A column does not exist or has another type than asked for.
    case column(String)
    /// An argument is outside its documented range.
    case invalid(String)
    /// What is encrypted cannot be opened, or nothing can be encrypted: the keyring is missing, lacks a key, or is wrong.
    case keyring(String)
    /// A page token is malformed, from elsewhere, or belongs to other arguments.
    case pageToken
    /// A statement that a closure may not run, such as COMMIT or PRAGMA.
    case statement(String)
    /// A snapshot or transaction was used after its closure had returned.
    case outsideTransaction
    /// Any other error of SQLite, with its extended result code.
    case sqlite(code: Int32, message: String)
}

extension StorageError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .overloaded: "the database has too much waiting work, try again later"
        case .closed: "the database is closed"
        case .unwritable(let cause):
            "a commit failed on the disk (\(cause)); restart the process after checking the disk"
        case .newerFile(let component, let found, let known):
            "the database file has \(component) schema version \(found), this program knows only \(known): "
                + "run the newer program, or restore a backup of the older one"
        case .migration(let cause): "the schema migration failed: \(cause)"
        case .durability(let cause): "the database would not survive a power cut: \(cause)"
        case .file(let cause): cause
        case .alreadyExists: "the resource already exists"
        case .notFound: "the resource does not exist"
        case .revisionMismatch(let stored): "the resource has changed, its revision is now \(stored)"
        case .checkpointMoved: "the checkpoint was moved by another consumer"
        case .constraint(let cause): cause
        case .column(let cause): cause
        case .invalid(let cause): cause
        case .keyring(let cause): cause
        case .pageToken: "the page token is not valid for this request"
        case .statement(let cause): cause
        case .outsideTransaction: "a snapshot or transaction is only valid inside its closure"
        case .sqlite(let code, let message): "SQLite error \(code): \(message)"
        }
    }
}

extension StorageError {
    init(_ error: DatabaseError) {
        let message = error.message ?? "no message"
        switch error.resultCode {
        case .SQLITE_CONSTRAINT: self = .constraint(message)
        default: self = .sqlite(code: Int32(error.extendedResultCode.rawValue), message: message)
        }
    }

    /// Runs `body` with the engine's errors turned into Storage's own.
    static func translating<T>(_ body: () throws -> T) throws -> T {
        do {
            return try body()
        } catch let error as DatabaseError {
            throw StorageError(error)
        }
    }

    /// Whether the disk itself failed, so that the outcome of a commit is unknown.
    var isDiskFailure: Bool {
        guard case .sqlite(let code, _) = self else { return false }
        return ResultCode(rawValue: code).primaryResultCode == .SQLITE_IOERR
    }
}
