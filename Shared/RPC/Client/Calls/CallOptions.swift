import Compression

/// What a caller asks of one call.
public struct CallOptions: Sendable {
    /// Sent with the request.
    public var metadata: Metadata
    /// Measured from the start of the call; nil: no limit. With `deadline` the earlier one holds.
    public var timeout: Duration?
    /// When the call fails with DEADLINE_EXCEEDED; nil: never.
    public var deadline: Deadline?
    /// Wait for a connection, within the deadline, where the call would fail with UNAVAILABLE otherwise. nil: as the
    /// service config says, and if that says nothing, no.
    public var waitForReady: Bool?
    /// The largest response message, in bytes; a larger one fails the call with RESOURCE_EXHAUSTED. 4 MiB, as in every
    /// gRPC implementation.
    public var maxResponseBytes = 4 * 1024 * 1024

    /// How messages of the request are compressed; nil for not at all. A server that does not know it answers
    /// UNIMPLEMENTED.
    public var requestCoding: ContentCoding?
    /// Told what becomes known of the call besides its messages.
    public var record: CallRecord?

    /// Options that say this much, the rest at its default.
    public init(
        metadata: Metadata = Metadata(), timeout: Duration? = nil, deadline: Deadline? = nil, waitForReady: Bool? = nil
    ) {
        self.metadata = metadata
        self.timeout = timeout
        self.deadline = deadline
        self.waitForReady = waitForReady
    }

    /// A call made on behalf of another: it ends no later, and belongs to the same trace (W3C Trace Context). Its
    /// cancellation follows the handler's task.
    /// - Parameter names: the metadata to hand on.
    public init(
        inheriting context: ServerContext, forwarding names: [String] = ["traceparent", "tracestate"],
        metadata: Metadata = Metadata(), timeout: Duration? = nil, waitForReady: Bool? = nil
    ) {
        self.init(metadata: metadata, timeout: timeout, deadline: context.deadline, waitForReady: waitForReady)
        for name in names {
            if name == "traceparent", let trace = context.trace {
                self.metadata.add(wire: name, trace.traceparent)
                continue
            }
            for value in context.metadata.values(name) { self.metadata.add(wire: name, value) }
        }
    }

    var effectiveDeadline: Deadline? {
        switch (timeout.map(Deadline.after), deadline) {
        case (let timeout?, let deadline?): min(timeout, deadline)
        case (let timeout, let deadline): timeout ?? deadline
        }
    }
}
