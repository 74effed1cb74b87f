import HTTP
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import Standard
import Testing

@testable import HTTPTesting
@testable import RPC

/// The eight cases of gRPC's negative HTTP/2 interoperability tests (grpc doc/negative-http2-interop-test-descriptions.md):
/// what a server may do wrong or unusual, and what becomes of our client's calls.
@Suite(.timeLimit(.minutes(1))) struct NegativeHTTP2Tests {
    /// As in the description: 271,828 bytes there, 314,159 back.
    private static let request = BytesValue(value: [UInt8](repeating: 1, count: 271_828))
    private static let responseSize = 314_159
    private static let message = Array(
        framed(BytesValue(value: [UInt8](repeating: 2, count: responseSize)).serialized()).readableBytesView)

    private static func head(_ stream: UInt32) -> Frame {
        .headers(stream, [(":status", "200"), ("content-type", "application/grpc")])
    }

    private static func trailers(_ stream: UInt32) -> Frame {
        .headers(stream, [("grpc-status", "0")], endStream: true)
    }

    private static func answer(_ connection: ScriptedServer.Connection, _ stream: UInt32, padding: UInt8? = nil) {
        connection.send(head(stream))
        connection.send(
            message, on: stream, pieceSize: padding == nil ? 16_384 : 1000, padding: padding, then: trailers(stream))
    }

    private func run(
        settings: Frame = .settings(), _ script: @escaping ScriptedServer.Script,
        _ body: (RPC.Channel, ScriptedServer) async throws -> Void
    ) async throws {
        try await ScriptedServer.run(settings: settings, script) { server in
            let channel = RPC.Channel(
                .tcp(host: "127.0.0.1", port: server.port), group: MultiThreadedEventLoopGroup.singleton,
                logger: .silent)
            do {
                try await body(channel, server)
            } catch {
                await channel.close(grace: .zero)
                throw error
            }
            await channel.close(grace: .zero)
        }
    }

    private func succeed(_ channel: RPC.Channel, sourceLocation: SourceLocation = #_sourceLocation) async throws {
        let size = try await call(channel)
        #expect(size == Self.responseSize, sourceLocation: sourceLocation)
    }

    @discardableResult
    private func call(_ channel: RPC.Channel) async throws -> Int {
        let answer: BytesValue = try await channel.unary(
            "grpc.testing.TestService/UnaryCall", Self.request, CallOptions(timeout: .seconds(20)))
        return answer.value.count
    }

    @Test func `goaway: the next call uses another connection, and its caller notices nothing`() async throws {
        try await run { connection, frame in
            guard frame.hasEndStream, frame.kind == .data else { return }
            Self.answer(connection, frame.stream)
            if connection.number == 0 { connection.send(.goAway(last: frame.stream, 0)) }
        } _: { channel, server in
            try await succeed(channel)
            try await succeed(channel)
            #expect(server.connections == 2)
        }
    }

    @Test func `goaway while a call is under way: it ends well, what comes after goes elsewhere`() async throws {
        try await run { connection, frame in
            if frame.kind == .headers, frame.stream == 3 { connection.send(.goAway(last: 3, 0)) }
            if frame.kind == .data, frame.hasEndStream { Self.answer(connection, frame.stream) }
        } _: { channel, server in
            try await succeed(channel)
            try await succeed(channel)
            try await succeed(channel)
            #expect(server.connections == 2)
        }
    }

    /// RST_STREAM without an error in the midst of an answer is one all the same (grpc doc/PROTOCOL-HTTP2).
    private func resets(_ script: @escaping ScriptedServer.Script) async throws {
        try await run(script) { channel, server in
            for _ in 0..<2 {
                let error = await failure { _ = try await call(channel) }
                #expect(error?.code == .internal)
            }
            // A stream that fails takes no connection with it.
            #expect(server.connections == 1)
        }
    }

    @Test func `rst_after_header: the call fails`() async throws {
        try await resets { connection, frame in
            guard frame.hasEndStream, frame.kind == .data else { return }
            connection.send(Self.head(frame.stream), .rst(frame.stream, 0))
        }
    }

    @Test func `rst_during_data: the call fails`() async throws {
        try await resets { connection, frame in
            guard frame.hasEndStream, frame.kind == .data else { return }
            connection.send(Self.head(frame.stream))
            connection.send(
                Array(Self.message.prefix(Self.responseSize / 2)), on: frame.stream, then: .rst(frame.stream, 0))
        }
    }

    @Test func `rst_after_data: the call fails, for its status is missing`() async throws {
        try await resets { connection, frame in
            guard frame.hasEndStream, frame.kind == .data else { return }
            connection.send(Self.head(frame.stream))
            connection.send(Self.message, on: frame.stream, then: .rst(frame.stream, 0))
        }
    }

    @Test func `ping: each is answered, the call goes on`() async throws {
        let answered = NIOLockedValueBox<[UInt32]>([])
        try await run { connection, frame in
            switch frame.kind {
            case .ping where frame.flags & Frame.ack != 0:
                answered.withLockedValue { $0.append(frame.number(at: 4)) }
                // The answer waits for all of them, so that none is left when the test looks.
                if frame.number(at: 4) == 3, let stream = connection.notes["stream"] {
                    Self.answer(connection, UInt32(stream))
                }
            case .headers:
                connection.send(.ping(1))
            case .data where frame.hasEndStream:
                connection.notes["stream"] = Int(frame.stream)
                connection.send(.ping(2), .ping(3))
            default:
                break
            }
        } _: { channel, _ in
            try await succeed(channel)
            #expect(answered.withLockedValue { $0 } == [1, 2, 3])
        }
    }

    @Test func `max_streams: one at a time, and all calls end well`() async throws {
        let most = NIOLockedValueBox(0)
        try await run(settings: .settings((3, 1))) { connection, frame in
            if frame.kind == .headers {
                connection.notes["open", default: 0] += 1
                let open = connection.notes["open"] ?? 0
                most.withLockedValue { $0 = max($0, open) }
            }
            guard frame.hasEndStream, frame.kind == .data else { return }
            connection.notes["open", default: 0] -= 1
            Self.answer(connection, frame.stream)
        } _: { channel, _ in
            // The first call waits for SETTINGS, as the description has it.
            try await call(channel)
            most.withLockedValue { $0 = 0 }
            try await withThrowingTaskGroup(of: Int.self) { calls in
                for _ in 0..<15 { calls.addTask { try await call(channel) } }
                for try await size in calls { #expect(size == Self.responseSize) }
            }
            #expect(most.withLockedValue { $0 } == 1)
        }
    }

    /// The padding counts against the window (RFC 9113 §6.9.1): a client that gives no credit for it stands still.
    @Test(arguments: [255, nil] as [UInt8?])
    func `data_frame_padding and no_df_padding_sanity_test: padding is credited`(padding: UInt8?) async throws {
        try await run { connection, frame in
            guard frame.hasEndStream, frame.kind == .data else { return }
            Self.answer(connection, frame.stream, padding: padding)
        } _: { channel, server in
            for _ in 0..<8 { try await succeed(channel) }
            #expect(server.connections == 1)
        }
    }
}
