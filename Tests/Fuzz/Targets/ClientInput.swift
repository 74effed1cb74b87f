import Logging
import NIOCore
import NIOEmbedded
import Standard

@testable import HTTP
@testable import RPC

/// Bytes of a server, to a connection of ours with a unary call on stream 1 and a stream of messages on stream 3.
enum ClientInput {
    static func run(_ input: [UInt8]) throws {
        guard let input = ConnectionInput(input, opening: ConnectionInput.frame(4, 0, 0, [])) else { return }
        let loop = EmbeddedEventLoop()
        weak var unary: ClientCall?
        weak var streaming: ClientCall?
        weak var connection: HTTP2Connection?
        let reading = Reading()
        let result = try { () throws -> Result<ByteBuffer, RPCError>? in
            let channel = EmbeddedChannel(loop: loop)
            let ready = try connect(channel)
            connection = ready
            let calls = LoopChannel(
                Target([.unix(path: "fuzz")], isTLS: false), RPC.Channel.Options(), on: loop,
                connector: onlyOnce(ready), logger: .silent)
            let first = ClientCall(
                "fuzz.Echo/Unary", CallOptions(), request: framed(StringValue(value: "a").serialized()),
                takesOneResponse: true, on: calls)
            let second = ClientCall(
                "fuzz.Echo/Down", CallOptions(), request: framed(StringValue(value: "a b").serialized()),
                takesOneResponse: false, on: calls)
            (unary, streaming) = (first, second)
            first.start()
            second.start()
            reading.read(second, on: loop)
            loop.run()
            input.feed(channel)
            try check(channel.written())
            _ = try? channel.finish(acceptAlreadyClosed: true)
            // Attempts to connect again, all of which fail.
            loop.advanceTime(by: .seconds(10))
            try hold(ready.openStreams == 0, "\(ready.openStreams) streams outlive their connection")
            let result = first.response?.result
            let closed = Waiter<Void>()
            calls.close(grace: .zero, closed)
            loop.advanceTime(by: .seconds(300))
            try hold(closed.isResolved, "the channel does not close")
            return result
        }()
        try hold(result != nil, "the unary call has not ended")
        try hold(reading.hasEnded, "the streaming call has not ended")
        try hold(reading.unexpected == nil, "no RPCError: \(String(describing: reading.unexpected))")
        try hold(unary == nil && streaming == nil, "calls outlive their channel")
        try hold(connection == nil, "the connection outlives its channel")
    }

    private static func connect(_ channel: EmbeddedChannel) throws -> HTTP2Connection {
        let ready = channel.eventLoop.makePromise(of: HTTP2Connection.self)
        let handler = HTTP2ClientHandler(
            configuration: HTTPClientConfiguration(), eventLoop: channel.eventLoop,
            peer: Peer(address: "fuzz", isTLS: false), logger: .silent, ready: ready)
        try channel.pipeline.syncOperations.addHandler(handler)
        var connection: HTTP2Connection?
        ready.futureResult.assumeIsolated().whenSuccess { connection = $0 }
        try channel.connect(to: SocketAddress(unixDomainSocketPath: "fuzz")).wait()
        channel.embeddedEventLoop.run()
        guard let connection else { throw Broken("the connection is not ready") }
        return connection
    }

    private static func onlyOnce(_ connection: HTTP2Connection) -> Connector {
        struct Refused: Error, CustomStringConvertible { let description = "refused" }
        let first = NIOLoopBoundBox<HTTP2Connection?>(connection, eventLoop: connection.eventLoop)
        return { _, _, _, done in
            defer { first.value = nil }
            done(first.value.map { .success($0) } ?? .failure(Refused()))
        }
    }

    private static func check(_ output: [UInt8]) throws {
        try hold(output.starts(with: ConnectionInput.preface), "the preface is missing")
        for frame in try SentFrame.parse(Array(output.dropFirst(ConnectionInput.preface.count))) {
            try hold(frame.stream % 2 == 0 ? frame.stream == 0 || frame.type == 3 : true, "a frame on an even stream")
            try hold(frame.type != 5, "a promise was pushed")
        }
    }

    /// Reads a streaming call to its end.
    private final class Reading: @unchecked Sendable {
        // Unchecked: one thread has it.
        var hasEnded = false
        var unexpected: (any Error)?

        func read(_ call: ClientCall, on loop: EmbeddedEventLoop) {
            _ = Task.immediateDetached(executorPreference: LoopExecutor(eventLoop: loop)) {
                do {
                    while try await call.nextResponse() != nil {}
                } catch is RPCError {
                } catch {
                    self.unexpected = error
                }
                self.hasEnded = true
            }
        }
    }
}
