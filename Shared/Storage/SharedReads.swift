internal import GRDB
import Synchronization

/// One read that waits for its turn.
protocol PendingRead: Sendable {
    func run(_ connection: GRDB.Database, _ identity: FileIdentity)
    /// There is no connection to read from.
    func refuse(_ error: any Error)
}

struct Read<Answer: Sendable>: PendingRead {
    let body: @Sendable (Snapshot) throws -> Answer
    let continuation: CheckedContinuation<Answer, any Error>

    func run(_ connection: GRDB.Database, _ identity: FileIdentity) {
        continuation.resume(
            with: Result {
                let snapshot = Snapshot(connection, identity)
                defer { snapshot.invalidate() }
                return try body(snapshot)
            })
    }

    func refuse(_ error: any Error) { continuation.resume(throwing: error) }
}

/// Lets reads that wait at the same time share a snapshot: beginning and ending one, and the way to another thread, cost
/// more than most reads.
///
/// A reader serves whatever is waiting when its snapshot begins, one after another. What comes later waits for the next
/// snapshot, so that each read sees every write that was answered before it was asked for. A read that takes long keeps
/// one reader busy, and nobody waits behind it.
final class SharedReads: Sendable {
    private struct State {
        var waiting: [any PendingRead] = []
        /// Where the first of `waiting` that is not served stands.
        var first = 0
        /// The number of that one, counted from the beginning.
        var firstNumber = 0
        var readers = 0
        /// Reads that have left `waiting` and are not done.
        var running = 0

        var count: Int { waiting.count - first }

        mutating func pop() -> any PendingRead {
            defer {
                first += 1
                firstNumber += 1
                if first == waiting.count {
                    waiting.removeAll(keepingCapacity: true)
                    first = 0
                } else if first == 1024 {
                    waiting.removeFirst(first)
                    first = 0
                }
            }
            return waiting[first]
        }
    }

    private let state = Mutex(State())
    private let pool: DatabasePool
    private let identity: FileIdentity
    private let configuration: DatabaseConfiguration

    init(_ pool: DatabasePool, _ identity: FileIdentity, _ configuration: DatabaseConfiguration) {
        self.pool = pool
        self.identity = identity
        self.configuration = configuration
    }

    func submit(_ read: some PendingRead) {
        let (admitted, starts) = state.withLock { state in
            guard state.count + state.running < configuration.waitingReads else { return (false, false) }
            state.waiting.append(read)
            guard state.readers < configuration.readers else { return (true, false) }
            state.readers += 1
            return (true, true)
        }
        if !admitted {
            read.refuse(StorageError.overloaded)
        } else if starts {
            start()
        }
    }

    private func start() {
        pool.asyncUnsafeRead { [self] access in
            do {
                let connection = try Database.connection(access)
                repeat { try serve(connection) } while goesOn()
            } catch {
                repeat { each(before: .max) { $0.refuse(error) } } while goesOn()
            }
        }
    }

    /// Serves from one snapshot: SQLite takes it with the first statement that reads, which comes after it is known what
    /// was waiting.
    private func serve(_ connection: GRDB.Database) throws {
        try StorageError.translating { try connection.beginTransaction(.deferred) }
        defer { if connection.isInsideTransaction { try? connection.rollback() } }
        let end = state.withLock { $0.firstNumber + $0.count }
        each(before: end) { $0.run(connection, identity) }
        try StorageError.translating { try connection.commit() }
    }

    private func each(before end: Int, _ body: (any PendingRead) -> Void) {
        var isRunning = false
        while let read = next(before: end, afterAnother: isRunning) {
            isRunning = true
            body(read)
        }
    }

    private func next(before end: Int, afterAnother isRunning: Bool) -> (any PendingRead)? {
        state.withLock { state in
            if isRunning { state.running -= 1 }
            guard state.count > 0, state.firstNumber < end else { return nil }
            state.running += 1
            return state.pop()
        }
    }

    /// Whether there are reads for another snapshot; otherwise this reader is done.
    private func goesOn() -> Bool {
        state.withLock { state in
            if state.count == 0 { state.readers -= 1 }
            return state.count > 0
        }
    }
}
