import Synchronization

/// What became known of a call besides its messages: made by the caller and given along in `CallOptions`.
public final class CallRecord: Sendable {
    private struct State {
        var initialMetadata: Metadata?
        var trailingMetadata: Metadata?
        var receivedCompressed = false
    }

    private let state = Mutex(State())

    /// Nothing is known yet.
    public init() {}

    /// What came before the first message; nil until the response has begun.
    public internal(set) var initialMetadata: Metadata? {
        get { state.withLock { $0.initialMetadata } }
        set { state.withLock { $0.initialMetadata = newValue } }
    }

    /// What came with the status; nil until there is one.
    public internal(set) var trailingMetadata: Metadata? {
        get { state.withLock { $0.trailingMetadata } }
        set { state.withLock { $0.trailingMetadata = newValue } }
    }

    /// Whether the message that was received last came compressed.
    public internal(set) var receivedCompressed: Bool {
        get { state.withLock { $0.receivedCompressed } }
        set { state.withLock { $0.receivedCompressed = newValue } }
    }
}
