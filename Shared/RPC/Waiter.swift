import Synchronization

/// One suspension of one task, ended by whoever comes first: the answer, a failure, or the cancellation of the task.
final class Waiter<Value: Sendable>: Sendable {
    private enum State {
        case pending
        // Unsafe only in that nobody checks for a single resume; leaving this state is what allows it.
        case suspended(UnsafeContinuation<Result<Value, RPCError>, Never>)
        case resolved(Result<Value, RPCError>)
        case done
    }

    private let state = Mutex(State.pending)

    /// Returns false when something else came first; the value is still the caller's then.
    @discardableResult
    func resolve(_ result: Result<Value, RPCError>) -> Bool {
        let (won, continuation): (Bool, UnsafeContinuation<Result<Value, RPCError>, Never>?) = state.withLock { state in
            switch state {
            case .pending:
                state = .resolved(result)
                return (true, nil)
            case .suspended(let continuation):
                state = .done
                return (true, continuation)
            case .resolved, .done:
                return (false, nil)
            }
        }
        continuation?.resume(returning: result)
        return won
    }

    var isResolved: Bool {
        state.withLock { state in
            switch state {
            case .pending, .suspended: false
            case .resolved, .done: true
            }
        }
    }

    /// The result, while nobody has taken it.
    var result: Result<Value, RPCError>? {
        state.withLock { state in
            if case .resolved(let result) = state { result } else { nil }
        }
    }

    /// Waits for the result. To be called once. A cancelled task gets CANCELLED at once, and `onCancel` is called.
    nonisolated(nonsending)
        func value(onCancel: @escaping @Sendable () -> Void = {}) async throws(RPCError) -> Value
    {
        if let result = takeResolved() { return try result.get() }
        let result = await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                let resolved: Result<Value, RPCError>? = state.withLock { state in
                    guard case .resolved(let result) = state else {
                        state = .suspended(continuation)
                        return nil
                    }
                    state = .done
                    return result
                }
                if let resolved { continuation.resume(returning: resolved) }
            }
        } onCancel: {
            if resolve(.failure(RPCError(.cancelled, "the calling task was cancelled"))) { onCancel() }
        }
        return try result.get()
    }

    private func takeResolved() -> Result<Value, RPCError>? {
        state.withLock { state in
            guard case .resolved(let result) = state else { return nil }
            state = .done
            return result
        }
    }
}
