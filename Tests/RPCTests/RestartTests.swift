import HTTP
import NIOCore
import NIOPosix
import Standard
import Testing

@testable import RPC

@Suite(.timeLimit(.minutes(1))) struct RestartTests {
    private let group = MultiThreadedEventLoopGroup.singleton

    private func serve(_ methods: [Method], port: Int = 0) async throws -> (HTTPServer, Int) {
        let server = RPCServer(methods: methods, group: group, logger: .silent)
        let listener = HTTPServer(
            configuration: HTTPConfiguration(bind: .tcp(host: "127.0.0.1", port: port)), application: server,
            group: group, logger: .silent)
        return (listener, try await listener.start().port ?? 0)
    }

    private let echo = Method.unary("t.S", "Echo") { (request: StringValue, _) in request }

    @Test func `a channel finds its server again after a restart`() async throws {
        let (first, port) = try await serve([echo])
        let channel = RPC.Channel(.tcp(host: "127.0.0.1", port: port), group: group, logger: .silent)
        let _: StringValue = try await channel.unary("t.S/Echo", StringValue(value: "1"), CallOptions())
        await first.drain(grace: .seconds(1))
        let down = await failure {
            let _: StringValue = try await channel.unary("t.S/Echo", StringValue(), CallOptions(timeout: .seconds(5)))
        }
        #expect(down?.code == .unavailable)
        #expect(down?.message.contains("127.0.0.1:\(port)") == true)
        let (second, _) = try await serve([echo], port: port)
        let answer: StringValue = try await channel.unary(
            "t.S/Echo", StringValue(value: "2"), CallOptions(timeout: .seconds(20), waitForReady: true))
        #expect(answer.value == "2")
        await channel.close()
        await second.drain(grace: .seconds(1))
    }

    @Test func `draining lets calls in flight finish`() async throws {
        let (started, gate) = (Waiter<Void>(), Waiter<Void>())
        let (server, port) = try await serve([
            .unary("t.S", "Wait") { (request: StringValue, _) in
                started.resolve(.success(()))
                try await gate.value()
                return request
            }
        ])
        let channel = RPC.Channel(.tcp(host: "127.0.0.1", port: port), group: group, logger: .silent)
        let call = Task { () -> String in
            let answer: StringValue = try await channel.unary("t.S/Wait", StringValue(value: "done"), CallOptions())
            return answer.value
        }
        try await started.value()
        async let drained: Void = server.drain(grace: .seconds(10))
        // The listener is closed first, so a refused connection says that draining has begun.
        let probe = RPC.Channel(.tcp(host: "127.0.0.1", port: port), group: group, logger: .silent)
        while (try? await probe.connect()) != nil { await probe.close() }
        gate.resolve(.success(()))
        #expect(try await call.value == "done")
        await drained
        await channel.close()
        await probe.close()
    }

    @Test func `nobody listens`() async throws {
        let (server, port) = try await serve([])
        await server.drain(grace: .zero)
        let channel = RPC.Channel(.tcp(host: "127.0.0.1", port: port), group: group, logger: .silent)
        await #expect(throws: RPCError.self) { try await channel.connect() }
        await channel.close()
    }
}
