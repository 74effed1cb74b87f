import Compression
import HTTP
import Synchronization

/// What a handler and the interceptors around it know of the call they serve.
public final class ServerContext: Sendable {
    /// `package.Service/Method`, without a leading slash.
    public let method: String
    /// What the caller sent along.
    public let metadata: Metadata
    /// When the caller stops waiting; nil when it waits for ever.
    public let deadline: Deadline?
    /// Who calls.
    public let peer: Peer
    /// How the caller compresses its messages; nil when it does not.
    public let requestCoding: ContentCoding?
    /// What the caller is answered when its message cannot be read: each protocol has its own habit.
    @usableFromInline
    let malformed: StatusCode

    private struct State {
        var cancellation: RPCError?
        var initialMetadata = Metadata()
        var trailingMetadata = Metadata()
        var responseCoding: ContentCoding?
        var receivedCompressed = false
        var trace: TraceContext?
        // nil until there is one: most calls have none.
        var attachments: [ObjectIdentifier: any Sendable]?
    }

    // Handlers may run child tasks anywhere. The lock is never contended while they stay on the loop.
    private let state = Mutex(State())

    /// Made by the server for each call; made by hand to test a handler without one.
    public convenience init(
        method: String, metadata: Metadata = Metadata(), deadline: Deadline? = nil,
        peer: Peer = Peer(address: "in-process", isTLS: false), requestCoding: ContentCoding? = nil
    ) {
        self.init(
            method: method, metadata: metadata, deadline: deadline, peer: peer, requestCoding: requestCoding,
            responseCoding: requestCoding, malformed: .internal)
    }

    init(
        method: String, metadata: Metadata, deadline: Deadline?, peer: Peer, requestCoding: ContentCoding?,
        responseCoding: ContentCoding?, malformed: StatusCode
    ) {
        self.method = method
        self.metadata = metadata
        self.deadline = deadline
        self.peer = peer
        self.requestCoding = requestCoding
        self.malformed = malformed
        if responseCoding != nil { state.withLock { $0.responseCoding = responseCoding } }
    }

    /// The part of `method` before the slash.
    public var service: Substring { method.prefix { $0 != "/" } }

    /// True once the caller has cancelled, its connection is lost or the deadline has passed, and from then on. The
    /// task that runs the handler is cancelled at the same time.
    public var isCancelled: Bool { cancellation != nil }

    /// Throws CANCELLED or DEADLINE_EXCEEDED when nobody waits for the answer any more.
    public func checkCancellation() throws {
        if let cancellation { throw cancellation }
    }

    var cancellation: RPCError? { state.withLock { $0.cancellation } }

    func cancel(_ error: RPCError) {
        state.withLock { state in
            if state.cancellation == nil { state.cancellation = error }
        }
    }

    /// Sent before the first message; what is set later than that is lost.
    public var initialMetadata: Metadata {
        get { state.withLock { $0.initialMetadata } }
        set { state.withLock { $0.initialMetadata = newValue } }
    }

    /// Sent with the status.
    public var trailingMetadata: Metadata {
        get { state.withLock { $0.trailingMetadata } }
        set { state.withLock { $0.trailingMetadata = newValue } }
    }

    /// How messages of the response are compressed, where the caller can read it; nil for not at all. At first as those
    /// of the request are; in Connect as the caller likes best. What is set after the first message is lost.
    public var responseCoding: ContentCoding? {
        get { state.withLock { $0.responseCoding } }
        set { state.withLock { $0.responseCoding = newValue } }
    }

    /// Whether the message that was received last came compressed.
    public internal(set) var receivedCompressed: Bool {
        get { state.withLock { $0.receivedCompressed } }
        set { state.withLock { $0.receivedCompressed = newValue } }
    }

    /// The call's own place in its trace; nil when the server does not trace.
    public internal(set) var trace: TraceContext? {
        get { state.withLock { $0.trace } }
        set { state.withLock { $0.trace = newValue } }
    }

    /// What interceptors leave for the handler, one value for each type: `context[Caller.self] = caller`.
    public subscript<Value: Sendable>(_ type: Value.Type) -> Value? {
        get { state.withLock { $0.attachments?[ObjectIdentifier(type)] } as? Value }
        set {
            state.withLock { state in
                if state.attachments == nil { state.attachments = [:] }
                state.attachments?[ObjectIdentifier(type)] = newValue
            }
        }
    }
}

/// Code around the handlers of all methods: authentication, logs, metrics.
public protocol ServerInterceptor: Sendable {
    /// Calls `next` once, or throws to refuse the call. What `next` throws is the outcome of the handler.
    func intercept(_ context: ServerContext, next: () async throws -> Void) async throws
}
