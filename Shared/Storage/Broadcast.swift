import Synchronization

/// Tells many waiting readers the newest value. A slow reader sees the latest one, never a backlog.
final class Broadcast<Element: Sendable>: Sendable {
    private struct State {
        var latest: Element
        var listeners: [Int: AsyncStream<Element>.Continuation] = [:]
        var next = 0
        var finished = false
    }

    private let state: Mutex<State>

    init(_ first: Element) { state = Mutex(State(latest: first)) }

    var listeners: Int { state.withLock { $0.listeners.count } }

    /// Starts with the present value; ends with `finish` or the listener's task.
    func listen() -> AsyncStream<Element> {
        let (stream, continuation) = AsyncStream.makeStream(of: Element.self, bufferingPolicy: .bufferingNewest(1))
        let number = state.withLock { state -> Int? in
            guard !state.finished else { return nil }
            state.next += 1
            state.listeners[state.next] = continuation
            // Under the lock, so that an older value never replaces a newer one in the buffer.
            continuation.yield(state.latest)
            return state.next
        }
        if let number {
            continuation.onTermination = { [weak self] _ in
                _ = self?.state.withLock { $0.listeners.removeValue(forKey: number) }
            }
        } else {
            continuation.finish()
        }
        return stream
    }

    func send(_ element: Element) {
        state.withLock { state in
            state.latest = element
            for listener in state.listeners.values { listener.yield(element) }
        }
    }

    func finish() {
        let listeners = state.withLock { state in
            state.finished = true
            defer { state.listeners = [:] }
            return Array(state.listeners.values)
        }
        for listener in listeners { listener.finish() }
    }
}
