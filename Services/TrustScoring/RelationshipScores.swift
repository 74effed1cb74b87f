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

    /// A profile, and what it was made from.
    struct Standing: Sendable {
        var profile: Profile
        var fingerprint: Fingerprint
    }

    private struct Entry {
        var state: RelationshipState
        /// Of the state as it is, once somebody has asked: it takes the whole log to know.
        var fingerprint: Fingerprint?
        var used: UInt64
    }

    private struct Memory {
        var entries: [String: Entry] = [:]
        /// Counts uses and changes, to tell the earlier from the later.
        var clock: UInt64 = 0
        /// When each relationship last changed, for readings of the log that were under way; before `horizon`, any may
        /// have.
        var changed: [String: UInt64] = [:]
        var horizon: UInt64 = 0
        /// By event id: what has been written and may not be committed yet.
        var staged: [String: (relationship: String, changes: [LogChange])] = [:]
        /// Sources whose evidence is being dropped, until their events come anew: nothing is remembered meanwhile.
        var forgotten: Set<String> = []
        var watchers: [String: [UInt64: AsyncStream<Void>.Continuation]] = [:]

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

    /// The profile at an instant, from memory where that can tell.
    func standing(of relationship: ResourceName, start: Instant, at instant: Instant) async throws -> Standing {
        if let (state, fingerprint) = remembered(relationship.text, start: start, at: instant),
            let profile = state.profile(at: instant)
        {
            return Standing(profile: profile, fingerprint: fingerprint)
        }
        let began = memory.withLock { $0.tick() }
        let history = try await history(of: relationship)
        let fingerprint = try history.fingerprint(at: instant, start: start, policy: policy)
        try remember(relationship.text, history, fingerprint, start: start, unlessChangedSince: began)
        return Standing(
            profile: try Replay.profile(of: history.log, start: start, policy: policy, asOf: instant),
            fingerprint: fingerprint)
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
        for _ in 0..<100 {
            let began = memory.withLock { $0.tick() }
            let history = try await history(of: relationship)
            let (isSettled, running) = memory.withLock { memory in
                let name = relationship.text
                let state = memory.entries[name]?.state
                return (!memory.isStaged(name) && !memory.hasChanged(name, since: began), state)
            }
            if isSettled {
                if let running, running.start == start { return (running, history) }
                return (try RelationshipState(start: start, policy: policy, log: history.log), history)
            }
            // A commit is under way: its events reach the memory as soon as it is done.
            try await Task.sleep(for: .milliseconds(5))
        }
        throw Refusal(.aborted, "CONCURRENT_CHANGE", "the evidence is changing at this moment; try again")
    }

    private func remembered(
        _ name: String, start: Instant, at instant: Instant
    ) -> (RelationshipState, Fingerprint)? {
        memory.withLock { memory in
            guard let entry = memory.entries[name], entry.state.start == start, let fingerprint = entry.fingerprint,
                fingerprint.holds(at: instant)
            else { return nil }
            let now = memory.tick()
            memory.entries[name]?.used = now
            return (entry.state, fingerprint)
        }
    }

    private func remember(
        _ name: String, _ history: EvidenceHistory, _ fingerprint: Fingerprint, start: Instant,
        unlessChangedSince began: UInt64
    ) throws {
        let state = try RelationshipState(start: start, policy: policy, log: history.log)
        memory.withLock { memory in
            guard !memory.hasChanged(name, since: began), memory.forgotten.isEmpty else { return }
            var entry = memory.entries[name] ?? Entry(state: state, used: 0)
            if entry.state.start != start { entry.state = state }
            // Only the newest is of use again; and one that knows of a commit which the state does not is of another.
            if fingerprint.until == nil, !memory.isStaged(name) { entry.fingerprint = fingerprint }
            entry.used = memory.tick()
            memory.entries[name] = entry
            makeRoom(&memory)
        }
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
    func stage(_ changes: [LogChange], of relationship: String, by event: Event, from source: String) {
        memory.withLock { memory in
            memory.staged[event.id] = changes.isEmpty ? nil : (relationship, changes)
            // The first event after a rebuild began: what was read while it began may be of before.
            if memory.forgotten.remove(source) != nil { memory.startAnew() }
        }
    }

    /// The events' commit has happened.
    func commit(_ events: [Event]) {
        let watchers = memory.withLock { memory in
            var changed: Set<String> = []
            for event in events {
                guard let (name, changes) = memory.staged.removeValue(forKey: event.id) else { continue }
                changed.insert(name)
                if !changes.allSatisfy({ memory.entries[name]?.state.take($0) ?? true }) { memory.entries[name] = nil }
                memory.entries[name]?.fingerprint = nil
            }
            for name in changed { memory.changed[name] = memory.tick() }
            if memory.changed.count > capacity {
                memory.changed.removeAll()
                memory.horizon = memory.tick()
            }
            return changed.flatMap { memory.watchers[$0]?.values.map(\.self) ?? [] }
        }
        for watcher in watchers { watcher.yield() }
    }

    /// A source's evidence is being dropped.
    func forget(_ source: String) {
        memory.withLock { memory in
            memory.forgotten.insert(source)
            memory.startAnew()
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
        case .retraction(let retraction): retract(retraction) != .needsReplay
        }
    }
}
