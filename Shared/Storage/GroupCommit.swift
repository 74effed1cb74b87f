internal import GRDB
import Synchronization

/// One write that waits for its turn.
protocol PendingWrite: Sendable {
    /// Runs the body and keeps its result; nothing is answered before the commit.
    func attempt(_ transaction: Transaction) -> any PendingAnswer
    /// Answers a write whose body changed nothing.
    func refuse(_ error: any Error)
}

protocol PendingAnswer {
    var failed: Bool { get }
    func send()
}

struct Write<Answer: Sendable>: PendingWrite {
    struct Outcome: PendingAnswer {
        let result: Result<Answer, any Error>
        let continuation: CheckedContinuation<Answer, any Error>

        var failed: Bool {
            if case .failure = result { true } else { false }
        }

        func send() { continuation.resume(with: result) }
    }

    let body: @Sendable (Transaction) throws -> Answer
    let continuation: CheckedContinuation<Answer, any Error>

    func attempt(_ transaction: Transaction) -> any PendingAnswer {
        Outcome(result: Result { try body(transaction) }, continuation: continuation)
    }

    func refuse(_ error: any Error) { continuation.resume(throwing: error) }
}

/// Collects writes while the disk is busy and commits all that waited with one sync.
///
/// The writes of a group share a transaction. One that fails before it has changed anything fails alone at no cost; when
/// one fails later, all run again, each in a savepoint, which costs two statements more. When the transaction cannot
/// commit, every write of it runs again in a transaction of its own. Answers leave after the COMMIT that carries them.
final class GroupCommit: Sendable {
    private struct State {
        var waiting: [any PendingWrite] = []
        var running = false
        var closed = false
        var unwritable: String?
        var commits = 0
        var writes = 0
        /// Commits of up to 1, 2, 4, … writes.
        var groups = Array(repeating: 0, count: WriteStatistics.bounds.count + 1)
        var closers: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())
    private let pool: DatabasePool
    private let identity: FileIdentity
    private let configuration: DatabaseConfiguration
    private let committed: @Sendable (Transaction.Effects) -> Void

    init(
        _ pool: DatabasePool, _ identity: FileIdentity, _ configuration: DatabaseConfiguration,
        committed: @escaping @Sendable (Transaction.Effects) -> Void
    ) {
        self.pool = pool
        self.identity = identity
        self.configuration = configuration
        self.committed = committed
    }

    var waiting: Int { state.withLock { $0.waiting.count } }
    var commits: Int { state.withLock { $0.commits } }
    var statistics: WriteStatistics {
        state.withLock { WriteStatistics(waiting: $0.waiting.count, writes: $0.writes, groups: $0.groups) }
    }
    var isOpen: Bool { state.withLock { !$0.closed && $0.unwritable == nil } }

    func submit(_ write: some PendingWrite) {
        let (refusal, start) = state.withLock { state -> (StorageError?, Bool) in
            if state.closed { return (.closed, false) }
            if let cause = state.unwritable { return (.unwritable(cause), false) }
            if state.waiting.count >= configuration.waitingWrites { return (.overloaded, false) }
            state.waiting.append(write)
            defer { state.running = true }
            return (nil, !state.running)
        }
        if let refusal {
            write.refuse(refusal)
        } else if start {
            pool.asyncWriteWithoutTransaction { self.drain($0) }
        }
    }

    /// Accepts no further write and returns when the queued ones are answered.
    func close() async {
        await withCheckedContinuation { continuation in
            let idle = state.withLock { state in
                state.closed = true
                if state.running { state.closers.append(continuation) }
                return !state.running
            }
            if idle { continuation.resume() }
        }
    }

    private func drain(_ connection: GRDB.Database) {
        while let group = nextGroup() { run(group, connection) }
    }

    private func nextGroup() -> [any PendingWrite]? {
        let (group, closers) = state.withLock { state -> ([any PendingWrite]?, [CheckedContinuation<Void, Never>]) in
            guard state.waiting.isEmpty else {
                let group = Array(state.waiting.prefix(configuration.groupLimit))
                state.waiting.removeFirst(group.count)
                return (group, [])
            }
            state.running = false
            defer { state.closers = [] }
            return (nil, state.closers)
        }
        for closer in closers { closer.resume() }
        return group
    }

    private func run(_ group: [any PendingWrite], _ connection: GRDB.Database) {
        if let cause = state.withLock({ $0.unwritable }) {
            for write in group { write.refuse(StorageError.unwritable(cause)) }
        } else if group.count == 1
            || !commitTogether(group, connection, inSavepoints: false)
                && !commitTogether(group, connection, inSavepoints: true)
        {
            for write in group { commitAlone(write, connection) }
        }
    }

    /// False when the shared transaction could not commit, or a failed write could not be undone by itself: nothing of
    /// it is in the database.
    private func commitTogether(
        _ group: [any PendingWrite], _ connection: GRDB.Database, inSavepoints: Bool
    ) -> Bool {
        var answers: [any PendingAnswer] = []
        var effects = Transaction.Effects()
        do {
            try run("BEGIN IMMEDIATE", connection)
        } catch {
            for write in group { write.refuse(error) }
            return true
        }
        do {
            for write in group {
                if inSavepoints { try run("SAVEPOINT item", connection) }
                let before = connection.totalChangesCount
                let transaction = Transaction(connection, identity)
                let answer = write.attempt(transaction)
                transaction.invalidate()
                // A statement may have rolled the whole transaction back (disk full, INSERT OR ROLLBACK).
                guard connection.isInsideTransaction else { return false }
                if !answer.failed {
                    effects.merge(transaction.effects)
                } else if inSavepoints {
                    try run("ROLLBACK TO item", connection)
                } else if connection.totalChangesCount != before {
                    abandon(connection)
                    return false
                }
                if inSavepoints { try run("RELEASE item", connection) }
                answers.append(answer)
            }
            try run("COMMIT", connection)
        } catch {
            abandon(connection)
            guard let cause = noteDiskFailure(error) else { return false }
            for write in group { write.refuse(StorageError.unwritable(cause)) }
            return true
        }
        tell(effects, writes: answers.count { !$0.failed })
        for answer in answers { answer.send() }
        return true
    }

    private func commitAlone(_ write: any PendingWrite, _ connection: GRDB.Database) {
        if let cause = state.withLock({ $0.unwritable }) { return write.refuse(StorageError.unwritable(cause)) }
        do {
            try run("BEGIN IMMEDIATE", connection)
        } catch {
            return write.refuse(error)
        }
        let transaction = Transaction(connection, identity)
        let answer = write.attempt(transaction)
        transaction.invalidate()
        if answer.failed {
            abandon(connection)
            return answer.send()
        }
        do {
            try run("COMMIT", connection)
        } catch {
            abandon(connection)
            return write.refuse(noteDiskFailure(error).map(StorageError.unwritable) ?? error)
        }
        tell(transaction.effects, writes: 1)
        answer.send()
    }

    private func tell(_ effects: Transaction.Effects, writes: Int) {
        let group = WriteStatistics.bounds.firstIndex { writes <= $0 } ?? WriteStatistics.bounds.count
        state.withLock { state in
            state.commits += 1
            state.writes += writes
            state.groups[group] += 1
        }
        committed(effects)
    }

    private func run(_ sql: String, _ connection: GRDB.Database) throws {
        try StorageError.translating { try connection.cachedStatement(sql: sql).execute() }
    }

    /// SQLite may have rolled back by itself (disk full, INSERT OR ROLLBACK), so a failing ROLLBACK means there is
    /// nothing left.
    private func abandon(_ connection: GRDB.Database) {
        if connection.isInsideTransaction { try? run("ROLLBACK", connection) }
    }

    /// After a failed write or sync nobody knows whether the commit will be found after a crash, so none follows it.
    private func noteDiskFailure(_ error: any Error) -> String? {
        guard let error = error as? StorageError, error.isDiskFailure else { return nil }
        state.withLock { $0.unwritable = error.description }
        return error.description
    }
}
