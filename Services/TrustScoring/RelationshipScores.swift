import Schema
import ServiceKit
import Storage
import Synchronization
import TrustModel

/// The running states of relationships, in memory: read at the price of a look-up, and told of each change after its
/// commit. The log in the database stays the truth: a state that is missing, or that a fact about its settled past has
/// overtaken, is built from there at the next read.
final class RelationshipScores: Sendable {
    /// A state takes up to 4 KiB, so this is 80 MB at most. Beyond it those go that were not read for longest.
    static let defaultCapacity = 20_000
    /// Both parties, each with several windows and devices.
    static let watchersPerRelationship = 32

    /// How long a question waits for a commit that is under way.
    static let commitPatience: Duration = .seconds(2)

    /// A profile, and which state of the log it was made from.
    struct Standing: Sendable {
        var profile: Profile
        var revision: LogRevision
        /// Empty unless asked for.
        var stateHash = ""
    }

    private struct Entry {
        var state: RelationshipState
        var revision: LogRevision
        /// Of the state as it is, once somebody has asked: it takes the whole log to know.
        var fingerprint: Fingerprint?
        var used: UInt64
    }

    /// What has been written and may not be committed yet.
    private struct Staged {
        var relationship: String
        var changes: [LogChange]
        var revision: Int64
    }

    private struct Memory {
        var entries: [String: Entry] = [:]
        /// Counts uses and changes, to tell the earlier from the later.
        var clock: UInt64 = 0
        /// When each relationship last changed, for readings of the log that were under way; before `horizon`, any may
        /// have.
        var changed: [String: UInt64] = [:]
        var horizon: UInt64 = 0
        /// By event id.
        var staged: [String: Staged] = [:]
        /// Sources whose evidence is being dropped, until their events come anew: nothing is remembered meanwhile.
        var forgotten: Set<String> = []
        var watchers: [String: [UInt64: AsyncStream<Void>.Continuation]] = [:]
        /// Questions that wait for a commit.
        var waiters: [String: [UInt64: AsyncStream<Void>.Continuation]] = [:]

        mutating func tick() -> UInt64 {
            clock += 1
            return clock
        }

        /// Whether a reading of the log that began at `time` may have missed a change.
        func hasChanged(_ relationship: String, since time: UInt64) -> Bool {
            (changed[relationship] ?? horizon) > time
        }

        /// Everything is read anew; readings under way may be of before.
        mutating func startAnew() {
            entries.removeAll()
            changed.removeAll()
            horizon = tick()
        }

        func isStaged(_ relationship: String) -> Bool {
            staged.values.contains { $0.relationship == relationship }
        }
    }

    let policy = Policy.standard
    private let database: Database
    private let capacity: Int
    private let memory = Mutex(Memory())

    init(database: Database, capacity: Int = defaultCapacity) {
        self.database = database
        self.capacity = max(8, capacity)
    }

    // MARK: Reading

    /// The profile at an instant, from memory where that can tell: the same price for every log.
    func standing(of relationship: ResourceName, start: Instant, at instant: Instant) async throws -> Standing {
        if let entry = remembered(relationship.text, start: start), let profile = entry.state.profile(at: instant) {
            return Standing(profile: profile, revision: entry.revision)
        }
        let began = memory.withLock { $0.tick() }
        let history = try await history(of: relationship)
        let state = try remember(relationship.text, history, nil, start: start, unlessChangedSince: began)
        let profile =
            try state.profile(at: instant)
            ?? Replay.profile(of: history.log, start: start, policy: policy, asOf: instant)
        return Standing(profile: profile, revision: history.revision)
    }

    /// The running state, for what is asked about now.
    func state(of relationship: ResourceName, start: Instant, at instant: Instant) async throws -> RelationshipState {
        if let entry = remembered(relationship.text, start: start), entry.state.canAnswer(at: instant) {
            return entry.state
        }
        let began = memory.withLock { $0.tick() }
        let history = try await history(of: relationship)
        let state = try remember(relationship.text, history, nil, start: start, unlessChangedSince: began)
        return state.canAnswer(at: instant)
            ? state : try Replay.state(of: history.log, start: start, policy: policy)
    }

    /// With the state hash, which takes the whole log unless it was asked for since the last change.
    func hashedStanding(of relationship: ResourceName, start: Instant, at instant: Instant) async throws -> Standing {
        if let entry = remembered(relationship.text, start: start), let fingerprint = entry.fingerprint,
            fingerprint.holds(at: instant), let profile = entry.state.profile(at: instant)
        {
            return Standing(profile: profile, revision: entry.revision, stateHash: fingerprint.stateHash)
        }
        let began = memory.withLock { $0.tick() }
        let history = try await history(of: relationship)
        let fingerprint = try history.fingerprint(at: instant, start: start, policy: policy)
        _ = try remember(relationship.text, history, fingerprint, start: start, unlessChangedSince: began)
        return Standing(
            profile: try Replay.profile(of: history.log, start: start, policy: policy, asOf: instant),
            revision: history.revision, stateHash: fingerprint.stateHash)
    }

    /// The whole log, for what only a replay can tell.
    func history(of relationship: ResourceName) async throws -> EvidenceHistory {
        let store = EvidenceStore(relationship)
        return try await database.read { try store.history(in: $0) }
    }

    /// The running state beside the log that it has taken in, both as of one moment.
    /// - Throws: `Refusal` ABORTED, CONCURRENT_CHANGE when events of the relationship come without a pause.
    func runningState(
        of relationship: ResourceName, start: Instant
    ) async throws -> (state: RelationshipState, history: EvidenceHistory) {
        let name = relationship.text
        for _ in 0..<20 {
            try await untilCommitted(name)
            let began = memory.withLock { $0.tick() }
            let history = try await history(of: relationship)
            let (isSettled, running) = memory.withLock { memory in
                (!memory.isStaged(name) && !memory.hasChanged(name, since: began), memory.entries[name]?.state)
            }
            if isSettled {
                if let running, running.start == start { return (running, history) }
                return (try RelationshipState(start: start, policy: policy, log: history.log), history)
            }
        }
        throw Refusal(.aborted, "CONCURRENT_CHANGE", "the evidence is changing at this moment; try again")
    }

    /// Returns once nothing of the relationship is written and not committed, or after `commitPatience`.
    private func untilCommitted(_ name: String) async throws {
        let (stream, waiter) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let place: UInt64? = memory.withLock { memory in
            guard memory.isStaged(name) else { return nil }
            let place = memory.tick()
            memory.waiters[name, default: [:]][place] = waiter
            return place
        }
        guard let place else { return }
        defer { memory.withLock { memory in memory.waiters[name]?[place] = nil } }
        let alarm = Task {
            try await Task.sleep(for: Self.commitPatience)
            waiter.finish()
        }
        defer { alarm.cancel() }
        for await _ in stream { break }
        try Task.checkCancellation()
    }

    private func remembered(_ name: String, start: Instant) -> Entry? {
        memory.withLock { memory in
            guard let entry = memory.entries[name], entry.state.start == start else { return nil }
            let now = memory.tick()
            memory.entries[name]?.used = now
            return entry
        }
    }

    /// The running state of a log that was just read.
    private func remember(
        _ name: String, _ history: EvidenceHistory, _ fingerprint: Fingerprint?, start: Instant,
        unlessChangedSince began: UInt64
    ) throws -> RelationshipState {
        let state = try RelationshipState(start: start, policy: policy, log: history.log)
        memory.withLock { memory in
            guard !memory.hasChanged(name, since: began), memory.forgotten.isEmpty else { return }
            var entry = memory.entries[name] ?? Entry(state: state, revision: history.revision, used: 0)
            if entry.state.start != start { entry.state = state }
            // Only the newest is of use again; and one that knows of a commit which the state does not is of another.
            if let fingerprint, fingerprint.until == nil, !memory.isStaged(name) { entry.fingerprint = fingerprint }
            entry.used = memory.tick()
            memory.entries[name] = entry
            makeRoom(&memory)
        }
        return state
    }

    /// An eighth at a time, so that the search costs little for each.
    private func makeRoom(_ memory: inout Memory) {
        guard memory.entries.count > capacity else { return }
        let oldest = memory.entries.sorted { $0.value.used < $1.value.used }.prefix(capacity / 8)
        for (name, _) in oldest { memory.entries[name] = nil }
    }

    var count: Int { memory.withLock { $0.entries.count } }

    // MARK: Changing

    /// Keeps what an event has changed until its commit. A transaction that is tried again stages it again.
    ///
    /// - Parameters:
    ///   - revision: that of the log with these changes.
    ///   - key: the event's id.
    ///   - source: the service whose event it is; nil for what is no event.
    func stage(
        _ changes: [LogChange], of relationship: String, revision: Int64, by key: String, from source: String? = nil
    ) {
        memory.withLock { memory in
            memory.staged[key] =
                changes.isEmpty ? nil : Staged(relationship: relationship, changes: changes, revision: revision)
            // The first event after a rebuild began: what was read while it began may be of before.
            if let source, memory.forgotten.remove(source) != nil { memory.startAnew() }
        }
    }

    /// What was staged under a key will not be committed.
    func abandon(_ key: String) {
        memory.withLock { memory in memory.staged[key] = nil }
    }

    /// The commit of what was staged under these keys has happened.
    func commit(_ keys: [String]) {
        let (watchers, waiters) = memory.withLock { memory in
            var changed: Set<String> = []
            for key in keys {
                guard let staged = memory.staged.removeValue(forKey: key) else { continue }
                let name = staged.relationship
                changed.insert(name)
                if !staged.changes.allSatisfy({ memory.entries[name]?.state.take($0) ?? true }) {
                    memory.entries[name] = nil
                }
                memory.entries[name]?.fingerprint = nil
                if let known = memory.entries[name]?.revision.number {
                    memory.entries[name]?.revision.number = max(known, staged.revision)
                }
            }
            for name in changed { memory.changed[name] = memory.tick() }
            if memory.changed.count > capacity {
                memory.changed.removeAll()
                memory.horizon = memory.tick()
            }
            let waiters = changed.filter { !memory.isStaged($0) }.flatMap {
                memory.waiters.removeValue(forKey: $0).map { Array($0.values) } ?? []
            }
            return (changed.flatMap { memory.watchers[$0]?.values.map(\.self) ?? [] }, waiters)
        }
        for watcher in watchers { watcher.yield() }
        for waiter in waiters { waiter.finish() }
    }

    /// A source's evidence is being dropped.
    func forget(_ source: String) {
        memory.withLock { memory in
            memory.forgotten.insert(source)
            memory.startAnew()
        }
    }

    /// The log of a relationship is gone.
    func drop(_ relationship: String) {
        memory.withLock { memory in
            memory.entries[relationship] = nil
            memory.changed[relationship] = memory.tick()
        }
    }

    // MARK: Watching

    /// Yields after each change of a relationship; changes that nobody has taken yet count as one.
    /// - Throws: `Refusal` RESOURCE_EXHAUSTED, TOO_MANY_WATCHERS.
    func changes(of relationship: ResourceName) throws -> AsyncStream<Void> {
        let (stream, watcher) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let name = relationship.text
        let id: UInt64? = memory.withLock { memory in
            guard memory.watchers[name]?.count ?? 0 < Self.watchersPerRelationship else { return nil }
            let id = memory.tick()
            memory.watchers[name, default: [:]][id] = watcher
            return id
        }
        guard let id else {
            throw Refusal(
                .resourceExhausted, "TOO_MANY_WATCHERS",
                "\(Self.watchersPerRelationship) streams watch this profile already; end one of them")
        }
        watcher.onTermination = { [weak self] _ in
            self?.memory.withLock { memory in
                memory.watchers[name]?[id] = nil
                if memory.watchers[name]?.isEmpty ?? false { memory.watchers[name] = nil }
            }
        }
        return stream
    }
}

extension RelationshipState {
    /// False when only the log can tell what follows.
    fileprivate mutating func take(_ change: LogChange) -> Bool {
        switch change {
        case .evidence(let evidence): append(evidence) != .needsReplay
        case .repair(let repair): self.repair(repair) != .needsReplay
        case .retraction(let retraction, _): retract(retraction) != .needsReplay
        }
    }
}
