import HTTP
import NIOCore
import Standard
import Testing

@testable import RPC

private final class Recorded: SpanRecorder {
    private let spans = Lock([Span]())

    func record(_ span: Span) { spans.withLock { $0.append(span) } }

    var all: [Span] { spans.withLock { $0 } }

    subscript(_ name: String) -> Span? { all.first { $0.name == name } }
}

extension Span {
    fileprivate func attribute(_ name: String) -> Value? { attributes.first { $0.name == name }?.value }
}

/// gRFC A72 and the OpenTelemetry conventions for RPC.
@Suite struct TraceTests {
    private let parent = TraceContext(traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
    private let recorded = Recorded()

    private func script(ratio: Double = 1) -> ScriptedChannel {
        var options = RPC.Channel.Options()
        options.tracer = Tracer(recorded, ratio: ratio)
        return ScriptedChannel(options, endpoints: [ScriptedChannel.a])
    }

    @Test func `a call is a span, each attempt one below it, and the server's is below the attempt's`() throws {
        let parent = try #require(parent)
        let script = script()
        _ = script.call("x", CallOptions(metadata: ["traceparent": parent.traceparent]))
        let transport = script.attempts.succeed()
        let stream = transport.streams[0]
        let sent = try #require(stream.head.headers[first: "traceparent"])
        #expect(stream.head.headers.values("traceparent").count == 1)
        transport.streams[0].answer("yy")
        let call = try #require(recorded["Sent.t.S.M"])
        let attempt = try #require(recorded["Attempt.t.S.M"])
        #expect(call.parent == parent.spanID && attempt.parent == call.context.spanID)
        #expect(TraceContext(traceparent: sent) == attempt.context)
        #expect(attempt.context.traceID == parent.traceID)
        #expect(call.kind == .internal && attempt.kind == .client)
        #expect(attempt.attribute("rpc.system.name") == .string("grpc"))
        #expect(attempt.attribute("rpc.method") == .string("t.S/M"))
        #expect(attempt.attribute("server.address") == .string("a.test:1"))
        #expect(attempt.attribute("previous-rpc-attempts") == .int(0))
        #expect(attempt.attribute("transparent-retry") == .bool(false))
        #expect(attempt.attribute("rpc.status_code") == .string("OK"))
        #expect(attempt.events.map(\.name) == ["Outbound message", "Inbound message"])
        #expect(attempt.events.map { $0.attributes.last?.value } == [.int(3), .int(4)])
        #expect(attempt.start <= attempt.end && call.start <= attempt.start && attempt.end <= call.end)
    }

    @Test func `a failure says which`() throws {
        let script = script()
        _ = script.call()
        script.attempts.succeed().streams[0].refuse(.notFound)
        let attempt = try #require(recorded["Attempt.t.S.M"])
        #expect(attempt.status == .notFound)
        #expect(attempt.attribute("error.type") == .string("NOT_FOUND"))
        #expect(recorded["Sent.t.S.M"]?.parent == 0, "nobody has called us")
    }

    @Test func `what the caller does not record is not recorded, and goes on as it is`() {
        let script = script()
        let unsampled = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"
        _ = script.call("", CallOptions(metadata: ["traceparent": unsampled]))
        let stream = script.attempts.succeed().streams[0]
        stream.answer("")
        #expect(recorded.all.isEmpty)
        #expect(stream.head.headers[first: "traceparent"] == unsampled)
    }

    @Test func `of the traces that begin here, only a share`() {
        let script = script(ratio: 0)
        _ = script.call()
        script.attempts.succeed().streams[0].answer("")
        #expect(recorded.all.isEmpty)
    }

    @Test func `events of a span are bounded`() {
        let context = TraceContext()
        let span = OpenSpan("s", .client, context, under: nil, Tracer(recorded), [])
        for _ in 0..<200 { span.sentMessage(1) }
        span.end(.ok, "")
        #expect(recorded.all.first?.events.count == Span.eventLimit)
        #expect(recorded.all.first?.droppedEvents == 72)
    }

    @Test(arguments: Depth.allCases)
    func `a handler's calls go on below its own span`(_ depth: Depth) async throws {
        let seen = Lock(TraceContext?.none)
        let outer = Method.unary("t.S", "Outer") { (request: StringValue, context) in
            seen.withLock { $0 = context.trace }
            let options = CallOptions(inheriting: context)
            return StringValue(value: options.metadata["traceparent"] ?? "")
        }
        var options = ServerOptions()
        options.tracer = Tracer(recorded)
        let parent = try #require(parent)
        try await depth.serve([outer], options: options) { channel in
            let answer: StringValue = try await channel.unary(
                "t.S/Outer", StringValue(), CallOptions(metadata: ["traceparent": parent.traceparent]))
            let own = seen.withLock { $0 }?.traceparent
            #expect(answer.value == own)
        }
        let span = try #require(recorded["Recv.t.S.Outer"])
        #expect(span.kind == .server && span.parent == parent.spanID)
        let own = seen.withLock { $0 }
        #expect(span.context == own)
        #expect(span.attribute("network.peer.address") != nil)
        #expect(span.events.map(\.name) == ["Inbound message", "Outbound message"])
    }
}
