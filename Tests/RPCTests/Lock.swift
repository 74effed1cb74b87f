import Synchronization

/// A mutex that can be shared.
final class Lock<Value: Sendable>: Sendable {
    private let mutex: Mutex<Value>

    init(_ value: Value) { mutex = Mutex(value) }

    func withLock<Result>(_ body: (inout Value) -> Result) -> Result {
        mutex.withLock { value in
            body(&value)
        }
    }
}
