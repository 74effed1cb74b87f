import Synchronization

/// Tells many waiting readers the newest value. A slow reader sees the latest one, never a backlog.
///
/// Listeners are woken after the lock is released: waking a task takes a lock of the runtime's, and that lock is held
/// while the task's cancellation ends its listener, which takes ours (Swift, `withTaskCancellationHandler`: "other code
/// shouldn't resume continuations while holding that lock").
final class Broadcast<Element: Sendable>: Sendable {
    private struct State {
        var latest: Element
        var listeners: [Int: AsyncStream<Void>.Continuation] = [:]
        var next = 0
        var finished = false
    }

    private let state: Mutex<State>

    init(_ first: Element) { state = Mutex(State(latest: first)) }

    var value: Element { state.withLock { $0.latest } }

    var listeners: Int { state.withLock { $0.listeners.count } }

    /// Starts with the present value; ends with `finish` or the listener's task.
    func listen() -> LatestValues<Element> {
        let (wakes, wake) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let number = state.withLock { state -> Int? in
            guard !state.finished else { return nil }
            state.next += 1
            state.listeners[state.next] = wake
            return state.next
        }
        if let number {
            wake.onTermination = { [weak self] _ in
                _ = self?.state.withLock { $0.listeners.removeValue(forKey: number) }
            }
            wake.yield()
        } else {
            wake.finish()
        }
        return LatestValues(wakes: wakes) { self.state.withLock { $0.latest } }
    }

    func send(_ element: Element) {
        let listeners = state.withLock { state in
            state.latest = element
            return Array(state.listeners.values)
        }
        for listener in listeners { listener.yield() }
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

/// The value as it is at each wake-up; one that was replaced meanwhile is never seen.
public struct LatestValues<Element: Sendable>: AsyncSequence, Sendable {
    let wakes: AsyncStream<Void>
    let latest: @Sendable () -> Element

    public func makeAsyncIterator() -> Iterator { Iterator(wakes: wakes.makeAsyncIterator(), latest: latest) }

    public struct Iterator: AsyncIteratorProtocol {
        var wakes: AsyncStream<Void>.Iterator
        let latest: @Sendable () -> Element

        public mutating func next() async -> Element? { await wakes.next() == nil ? nil : latest() }
    }
}
