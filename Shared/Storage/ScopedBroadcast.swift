import Synchronization

/// A broadcast for each scope that somebody listens to: a change wakes those of its scope and nobody else.
final class ScopedBroadcast<Element: Sendable>: Sendable {
    private struct State {
        var latest: Element
        var broadcasts: [String: Broadcast<Element>] = [:]
        var sweepAt = 1024
        var finished = false

        /// Forgets scopes that nobody listens to any more, when there are twice as many as after the last time.
        mutating func sweep() {
            guard broadcasts.count >= sweepAt else { return }
            broadcasts = broadcasts.filter { $0.value.listeners > 0 }
            sweepAt = max(1024, 2 * broadcasts.count)
        }
    }

    private let state: Mutex<State>

    init(_ first: Element) { state = Mutex(State(latest: first)) }

    /// Starts with the newest value of any scope.
    func listen(to scope: String) -> LatestValues<Element> {
        let (broadcast, values) = state.withLock { state in
            let broadcast = state.broadcasts[scope] ?? Broadcast(state.latest)
            // Under the lock, so that no sweep comes between; a stream that is new has nobody to wake.
            let values = broadcast.listen()
            state.sweep()
            state.broadcasts[scope] = broadcast
            return (state.finished ? broadcast : nil, values)
        }
        broadcast?.finish()
        return values
    }

    func send(_ element: Element, to scopes: Set<String>) {
        let broadcasts = state.withLock { state in
            state.latest = element
            return scopes.compactMap { state.broadcasts[$0] }
        }
        for broadcast in broadcasts { broadcast.send(element) }
    }

    func finish() {
        let broadcasts = state.withLock { state in
            state.finished = true
            return Array(state.broadcasts.values)
        }
        for broadcast in broadcasts { broadcast.finish() }
    }
}
