import Synchronization

/// Ends what would go on for ever when the process drains: watches and other open streams.
public final class Draining: Sendable {
    private struct State {
        var isDraining = false
        var tasks: [Int: Task<Void, any Error>] = [:]
        var next = 0
    }

    private let state = Mutex(State())

    public init() {}

    /// Runs `body` until it ends or the process drains; then it is cancelled and this returns as if it had ended.
    public func run(_ body: @escaping @Sendable () async throws -> Void) async throws {
        let task = Task { try await body() }
        let id = state.withLock { state -> Int? in
            guard !state.isDraining else { return nil }
            state.next += 1
            state.tasks[state.next] = task
            return state.next
        }
        if id == nil { task.cancel() }
        defer { if let id { state.withLock { _ = $0.tasks.removeValue(forKey: id) } } }
        do {
            try await withTaskCancellationHandler {
                try await task.value
            } onCancel: {
                task.cancel()
            }
        } catch  where state.withLock({ $0.isDraining }) {
            return
        }
    }

    public func begin() {
        let tasks = state.withLock { state in
            state.isDraining = true
            return Array(state.tasks.values)
        }
        for task in tasks { task.cancel() }
    }
}
