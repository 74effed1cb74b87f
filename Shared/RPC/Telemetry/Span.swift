import NIOCore

/// A piece of work in a trace, over and done (gRFC A72; OpenTelemetry semantic conventions for RPC).
public struct Span: Sendable, Hashable {
    /// On which side of a call it is.
    public enum Kind: Sendable, Hashable {
        /// A whole call of a client is internal; its attempts are the client's.
        case `internal`, server, client
    }

    /// What an attribute may hold.
    public enum Value: Sendable, Hashable {
        /// A text.
        case string(String)
        /// A whole number.
        case int(Int)
        /// A truth value.
        case bool(Bool)
    }

    /// A name and its value.
    public struct Attribute: Sendable, Hashable {
        /// By OpenTelemetry's conventions, or gRFC A72.
        public let name: String
        /// Nothing that a person wrote.
        public let value: Value
    }

    /// A message that was sent or received.
    public struct Event: Sendable, Hashable {
        /// `Outbound message` or `Inbound message`.
        public let name: String
        /// Nanoseconds since 1970.
        public let time: UInt64
        /// The message's number and its bytes.
        public let attributes: [Attribute]
    }

    /// Events kept of one span; of the others the number alone.
    public static let eventLimit = 128

    /// `Recv.package.Service.Method`, `Sent.…` or `Attempt.…`.
    public let name: String
    /// On which side of a call it is.
    public let kind: Kind
    /// Its own place in the trace.
    public let context: TraceContext
    /// Zero for the first span of a trace.
    public let parent: UInt64
    /// Nanoseconds since 1970.
    public let start: UInt64
    /// Nanoseconds since 1970.
    public fileprivate(set) var end: UInt64
    /// What it is about.
    public fileprivate(set) var attributes: [Attribute]
    /// Its messages, `eventLimit` at most.
    public fileprivate(set) var events: [Event] = []
    /// Messages beyond `eventLimit`.
    public fileprivate(set) var droppedEvents = 0
    /// `.ok`, or how it failed.
    public fileprivate(set) var status: StatusCode = .ok
    /// The status's text; it may hold what a person wrote.
    public fileprivate(set) var message = ""
}

/// Takes the spans that have ended. Called on event loops: it must not wait.
public protocol SpanRecorder: Sendable {
    /// Takes a span that has ended.
    func record(_ span: Span)
}

/// Which traces are recorded, and by whom.
public struct Tracer: Sendable {
    /// Where spans go.
    public let recorder: any SpanRecorder
    /// Of the traces that begin here, 0 … 1. What others have begun is recorded as they say.
    public let ratio: Double

    /// Records a share of the traces that begin here.
    public init(_ recorder: any SpanRecorder, ratio: Double = 1) {
        self.recorder = recorder
        self.ratio = ratio
    }

    /// The context of a new span.
    func context(under parent: TraceContext?) -> TraceContext {
        parent?.child() ?? TraceContext(isSampled: ratio >= 1 || Double.random(in: 0..<1) < ratio)
    }
}

/// A span that goes on. Confined to the event loop of its call.
final class OpenSpan {
    let context: TraceContext
    private var span: Span
    private let recorder: any SpanRecorder
    private var sent = 0
    private var received = 0

    init(
        _ name: String, _ kind: Span.Kind, _ context: TraceContext, under parent: TraceContext?, _ tracer: Tracer,
        _ attributes: [Span.Attribute]
    ) {
        self.context = context
        recorder = tracer.recorder
        let now = WallClock.now()
        span = Span(
            name: name, kind: kind, context: context, parent: parent?.spanID ?? 0, start: now, end: now,
            attributes: attributes)
    }

    func sentMessage(_ byteCount: Int) {
        add("Outbound message", sent, byteCount)
        sent += 1
    }

    func receivedMessage(_ byteCount: Int) {
        add("Inbound message", received, byteCount)
        received += 1
    }

    private func add(_ name: String, _ number: Int, _ byteCount: Int) {
        guard span.events.count < Span.eventLimit else {
            span.droppedEvents += 1
            return
        }
        span.events.append(
            Span.Event(
                name: name, time: WallClock.now(),
                attributes: [
                    Span.Attribute(name: "sequence-number", value: .int(number)),
                    Span.Attribute(name: "message-size", value: .int(byteCount)),
                ]))
    }

    func end(_ code: StatusCode, _ message: String) {
        span.end = max(WallClock.now(), span.start)
        span.status = code
        span.message = message
        span.attributes.append(Span.Attribute(name: "rpc.status_code", value: .string(code.name)))
        if code != .ok { span.attributes.append(Span.Attribute(name: "error.type", value: .string(code.name))) }
        recorder.record(span)
    }

    /// `Sent.rapport.goals.v1.GoalsService.GetGoal` (gRFC A72).
    static func name(_ prefix: String, _ path: String) -> String {
        prefix + "." + String(path.map { $0 == "/" ? "." : $0 })
    }

    static func attributes(_ path: String) -> [Span.Attribute] {
        [
            Span.Attribute(name: "rpc.system.name", value: .string("grpc")),
            Span.Attribute(name: "rpc.method", value: .string(path)),
        ]
    }
}
