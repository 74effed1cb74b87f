import Dispatch
internal import GRDB
public import Logging
import Synchronization

/// One service's database: an SQLite file in WAL mode with one writer and a few readers.
///
/// An answered write survives a power cut: the connection syncs at every COMMIT (`synchronous=FULL`), and answers leave
/// after it. No call blocks the caller's thread.
public final class Database: Sendable {
    /// Identifies this life of the file; a restored backup has another.
    public var epoch: Identifier { identity.epoch }
    /// The events that this service publishes.
    public var outbox: Outbox { Outbox(database: self) }

    /// False once a commit has failed on the disk (`StorageError.unwritable`) or the database is closed: not ready.
    public var isWritable: Bool { writes.isOpen }

    let positions: Broadcast<Int64>
    let scopes: ScopedBroadcast<Int64>
    private let duties = Broadcast<Void>(())
    private let identity: FileIdentity
    private let pool: DatabasePool
    private let path: String
    private let reads: SharedReads
    private let writes: GroupCommit
    private let configuration: DatabaseConfiguration
    private let logger: Logger

    init(_ file: DatabaseFile, configuration: DatabaseConfiguration, logger: Logger) {
        self.identity = file.identity
        self.pool = file.pool
        self.path = file.path
        self.configuration = configuration
        self.logger = logger
        let positions = Broadcast(file.position)
        let duties = duties
        self.positions = positions
        let scopes = ScopedBroadcast(file.position)
        self.scopes = scopes
        reads = SharedReads(file.pool, file.identity, configuration)
        writes = GroupCommit(file.pool, file.identity, configuration) { effects in
            if let position = effects.position {
                positions.send(position)
                scopes.send(position, to: effects.scopes)
            }
            if effects.duties { duties.send(()) }
        }
    }

    /// Opens the file, creating it with mode 0600 if it is missing, and brings its schema up to date.
    ///
    /// Only one process opens and migrates a file at a time; others wait up to `configuration.openTimeout`.
    /// - Parameters:
    ///   - path: a file on a local disk; WAL needs shared memory, so a network file system will not do.
    ///   - migrations: the service's schema, versions 1, 2, 3 …
    /// - Throws: `StorageError.newerFile` for a file of a newer program, `.migration`, `.durability`, `.file`.
    public static func open(
        _ path: String, migrations: [Migration], configuration: DatabaseConfiguration = DatabaseConfiguration(),
        logger: Logger
    ) async throws -> Database {
        try configuration.check()
        let file = try await offload { try DatabaseFile.open(path, migrations, configuration) }
        logger.info(
            "database open",
            metadata: ["path": "\(path)", "epoch": "\(file.identity.epoch)", "position": "\(file.position)"])
        return Database(file, configuration: configuration, logger: logger)
    }

    /// Runs `body` on a reader's thread, on one consistent snapshot that holds every write answered before the call.
    /// - Throws: what `body` throws, `.overloaded`, `.closed`, or `CancellationError` when cancelled before the call.
    public func read<T: Sendable>(_ body: @Sendable @escaping (Snapshot) throws -> T) async throws -> T {
        try Task.checkCancellation()
        return try await withCheckedThrowingContinuation { continuation in
            reads.submit(Read(body: body, continuation: continuation))
        }
    }

    /// Runs `body` on the writer's thread and returns its value after the COMMIT that made its changes durable.
    ///
    /// `body` **may run more than once** (a group that fails runs again, in the end one by one), so it must have no side
    /// effects; take clocks, random numbers and identifiers before the call. When it throws, nothing of it stays. A task
    /// cancelled before the call applies nothing; once the write is queued, cancellation does not touch it.
    /// - Throws: what `body` throws, `.overloaded`, `.closed`, `.unwritable`, or `CancellationError`.
    @discardableResult
    public func write<T: Sendable>(_ body: @Sendable @escaping (Transaction) throws -> T) async throws -> T {
        try Task.checkCancellation()
        return try await withCheckedThrowingContinuation { continuation in
            writes.submit(Write(body: body, continuation: continuation))
        }
    }

    /// Wakes at once and after each commit that scheduled, moved or released duties: the time to ask `nextDue()` again.
    public func dueChanges() -> LatestValues<Void> { duties.listen() }

    /// Copies one consistent snapshot into a new file at `path`, which must not exist, while reads and writes go on.
    ///
    /// To restore, stop the service, put the copy in the place of its file (with no `-wal` or `-shm` beside it) and
    /// start: the first `open` of a copy gives it a new epoch, so that every consumer of its events rebuilds.
    public func backup(to path: String) async throws {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            pool.asyncRead { access in
                continuation.resume(with: Result { try Backup.copy(Self.connection(access), to: path) })
            }
        }
        logger.info("database backed up", metadata: ["path": "\(path)"])
    }

    /// Brings what the journal holds into the file and empties it, so that nothing of what was overwritten is left in either;
    /// before anybody reads.
    public func emptyJournal() async throws {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            pool.asyncWriteWithoutTransaction { connection in
                continuation.resume(
                    with: Result { try StorageError.translating { _ = try connection.checkpoint(.truncate) } })
            }
        }
    }

    /// Writes the whole file anew (VACUUM) and empties the journal: `secure_delete` alone leaves copies of what was overwritten in
    /// the slack of pages that were split before. Reads go on, writes wait for as long as it takes to copy the file.
    public func rewrite() async throws {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            pool.asyncWriteWithoutTransaction { connection in
                continuation.resume(
                    with: Result { try StorageError.translating { try connection.execute(sql: "VACUUM") } })
            }
        }
        try await emptyJournal()
    }

    /// Answers the queued writes, ends the streams of events and closes the file. Later calls throw `.closed`.
    public func close() async {
        await writes.close()
        positions.finish()
        scopes.finish()
        duties.finish()
        do {
            try await offload { [pool] in try StorageError.translating { try pool.close() } }
        } catch {
            logger.warning("database did not close cleanly", metadata: ["error": "\(error)"])
        }
    }

    /// What the writes of this process came to so far.
    public var statistics: WriteStatistics { writes.statistics }
    /// Bytes of the file and the journals beside it.
    public var fileBytes: Int64 { DatabaseFile.bytes(at: path) }

    var queuedWrites: Int { writes.waiting }
    var commits: Int { writes.commits }

    static func connection(_ access: Result<GRDB.Database, any Error>) throws -> GRDB.Database {
        do {
            return try access.get()
        } catch let error as DatabaseError where error.resultCode == .SQLITE_MISUSE {
            throw StorageError.closed
        } catch let error as DatabaseError {
            throw StorageError(error)
        }
    }
}

/// Runs blocking work on a thread that may block.
func offload<T: Sendable>(_ work: @Sendable @escaping () throws -> T) async throws -> T {
    try await withCheckedThrowingContinuation { continuation in
        DispatchQueue.global().async { continuation.resume(with: Result { try work() }) }
    }
}
