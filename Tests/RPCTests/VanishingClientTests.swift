import HTTP
import NIOCore
import NIOPosix
import Standard
import Synchronization
import Testing

@testable import HTTPTesting
@testable import RPC

/// A client that is gone after any number of bytes of a call: nothing of it stays.
@Suite(.timeLimit(.minutes(2))) struct VanishingClientTests {
    private static let fields = [
        (":method", "POST"), (":scheme", "http"), (":authority", "a"), ("content-type", "application/grpc"),
        ("te", "trailers"), ("grpc-timeout", "20S"),
    ]

    private static func call(_ method: String, _ messages: [String]) -> [UInt8] {
        let head = Frame.headers(1, fields + [(":path", "/t.S/\(method)")])
        let data = messages.enumerated().flatMap { index, text in
            Frame.data(
                1, Array(framed(StringValue(value: text).serialized()).readableBytesView),
                endStream: index == messages.count - 1
            ).bytes
        }
        return Frame.preface + Frame.settings().bytes + Frame.settingsAck.bytes + head.bytes + data
            + Frame.windowUpdate(0, 100).bytes + Frame.ping(1).bytes
    }

    @Test(arguments: [("Echo", ["hello"]), ("Chat", ["one", "two", "three"]), ("Wait", ["hello"])])
    func `cut at every byte`(method: String, messages: [String]) async throws {
        let group = MultiThreadedEventLoopGroup.singleton
        let inHandlers = Atomic<Int>(0)
        let server = RPCServer(
            methods: [
                .unary("t.S", "Echo") { (request: StringValue, _) in request },
                .bidirectionalStreaming("t.S", "Chat") {
                    (requests: RequestStream<StringValue>, _, responses: ResponseWriter<StringValue>) in
                    inHandlers.add(1, ordering: .relaxed)
                    defer { inHandlers.subtract(1, ordering: .relaxed) }
                    for try await request in requests { try await responses.write(request) }
                },
                .unary("t.S", "Wait") { (request: StringValue, _) in
                    inHandlers.add(1, ordering: .relaxed)
                    defer { inHandlers.subtract(1, ordering: .relaxed) }
                    try await Waiter<Void>().value()
                    return request
                },
            ], group: group, logger: .silent)
        let listener = HTTPServer(
            configuration: HTTPConfiguration(), application: server, group: group, logger: .silent)
        let port = try await listener.start().port ?? 0
        let bytes = Self.call(method, messages)
        for count in 0...bytes.count {
            let client = try await RawClient.connect(port: port)
            try await client.send(Array(bytes[..<count]))
            // Some are gone before the server has read, some after.
            if count % 2 == 0 { await Task.yield() }
            try? await client.close()
        }
        let end = ContinuousClock.now + .seconds(20)
        func isEmpty() -> Bool {
            listener.openConnections == 0 && inHandlers.load(ordering: .relaxed) == 0
                && server.counts.snapshot().allSatisfy { $0.running == 0 }
        }
        while !isEmpty(), ContinuousClock.now < end { try await Task.sleep(for: .milliseconds(5)) }
        #expect(listener.openConnections == 0)
        #expect(inHandlers.load(ordering: .relaxed) == 0)
        for method in server.counts.snapshot() { #expect(method.running == 0, "\(method.method)") }
        await listener.drain(grace: .seconds(5))
    }
}
