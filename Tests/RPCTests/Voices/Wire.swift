import HTTP
import NIOCore
import NIOPosix
import Testing

@testable import RPC

/// A version of HTTP over a real socket.
enum Wire: CaseIterable, Sendable {
    case http1, http2

    /// Serves `methods` on a port, runs `body`, takes the server down again.
    static func serve(
        _ methods: [Method] = Conformance.methods, interceptors: [any ServerInterceptor] = [],
        options: ServerOptions = ServerOptions(), allowing origins: AllowedOrigins? = nil,
        _ body: (_ port: Int, _ server: RPCServer) async throws -> Void
    ) async throws {
        let group = MultiThreadedEventLoopGroup.singleton
        let server = RPCServer(
            methods: methods, interceptors: interceptors, options: options, group: group, logger: .silent)
        let application: any Application = origins.map { CrossOriginApplication(server, allowing: $0) } ?? server
        let listener = HTTPServer(
            configuration: HTTPConfiguration(), application: application, group: group, logger: .silent)
        let address = try await listener.start()
        try await body(address.port ?? 0, server)
        await listener.drain(grace: .seconds(5))
    }

    /// Sends a whole request and waits for the whole answer.
    func ask(_ port: Int, _ head: RequestHead, _ body: [UInt8] = []) async throws -> WireAnswer {
        let stream = try await open(port, head)
        if !body.isEmpty { stream.send(body) }
        stream.end()
        return try await stream.answer()
    }

    /// Sends the head of a request, whose body and answer are the test's.
    func open(_ port: Int, _ head: RequestHead) async throws -> WireStream {
        switch self {
        case .http1: try await HTTP1WireStream.open(port, head)
        case .http2: try await HTTP2WireStream.open(port, head)
        }
    }
}

/// One request and its answer, each as it comes.
protocol WireStream: Sendable {
    func send(_ bytes: [UInt8])
    func end()
    /// Gives up: the server hears of it.
    func cancel()
    /// Waits until the answer so far is enough, or is whole.
    func answer(when isEnough: @escaping @Sendable (WireAnswer) -> Bool) async throws -> WireAnswer
}

extension WireStream {
    func answer() async throws -> WireAnswer { try await answer { _ in false } }
}

/// An answer that arrives, and who waits for it.
private final class Arrival: Sendable {
    private struct State {
        var answer = WireAnswer()
        var isWhole = false
        var failure: RPCError?
        var waiters: [(isEnough: @Sendable (WireAnswer) -> Bool, waiter: Waiter<WireAnswer>)] = []
    }

    private let state = Lock(State())

    func change(isWhole: Bool = false, failure: RPCError? = nil, _ change: (inout WireAnswer) -> Void = { _ in }) {
        let ready = state.withLock { state in
            change(&state.answer)
            state.isWhole = state.isWhole || isWhole
            state.failure = state.failure ?? failure
            let ready = state.waiters.filter { state.isWhole || state.failure != nil || $0.isEnough(state.answer) }
            state.waiters.removeAll { state.isWhole || state.failure != nil || $0.isEnough(state.answer) }
            return ready.map { ($0.waiter, state.failure.map { .failure($0) } ?? .success(state.answer)) }
                as [(Waiter<WireAnswer>, Result<WireAnswer, RPCError>)]
        }
        for (waiter, result) in ready { waiter.resolve(result) }
    }

    func wait(_ isEnough: @escaping @Sendable (WireAnswer) -> Bool) async throws -> WireAnswer {
        let waiter = Waiter<WireAnswer>()
        state.withLock { $0.waiters.append((isEnough, waiter)) }
        change()
        return try await waiter.value()
    }
}

// MARK: HTTP/2

private final class HTTP2WireStream: WireStream, @unchecked Sendable {
    // Unchecked: connection and exchange are touched on their loop only.
    private let loop: any EventLoop
    private let connection: HTTP2Connection
    private let arrival = Arrival()
    private var exchange: (any ClientExchange)?

    private init(_ connection: HTTP2Connection, _ loop: any EventLoop) {
        self.connection = connection
        self.loop = loop
    }

    static func open(_ port: Int, _ head: RequestHead) async throws -> HTTP2WireStream {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let opened = loop.makePromise(of: HTTP2WireStream.self)
        loop.execute {
            HTTP2Connection.connect(
                to: .tcp(host: "127.0.0.1", port: port), credentials: nil, configuration: HTTPClientConfiguration(),
                on: loop, logger: .silent
            ).assumeIsolated().whenComplete { result in
                opened.assumeIsolated().completeWith(
                    result.map { connection in
                        let stream = HTTP2WireStream(connection, loop)
                        let delegate = Delegate(stream.arrival, connection)
                        stream.exchange = connection.request(head, endStream: false, delegate: delegate)
                        delegate.exchange = stream.exchange
                        return stream
                    })
            }
        }
        return try await opened.futureResult.get()
    }

    func send(_ bytes: [UInt8]) { loop.execute { self.exchange?.write(ByteBuffer(bytes: bytes)) } }
    func end() { loop.execute { self.exchange?.end() } }

    func cancel() {
        loop.execute {
            self.exchange?.reset(.cancel)
            _ = self.connection.close(grace: .zero)
        }
    }

    func answer(when isEnough: @escaping @Sendable (WireAnswer) -> Bool) async throws -> WireAnswer {
        try await arrival.wait(isEnough)
    }

    private final class Delegate: ClientExchangeDelegate {
        private let arrival: Arrival
        private let connection: HTTP2Connection
        weak var exchange: (any ClientExchange)?

        init(_ arrival: Arrival, _ connection: HTTP2Connection) {
            self.arrival = arrival
            self.connection = connection
        }

        func received(_ head: ResponseHead) {
            arrival.change {
                $0.status = head.status
                $0.headers = head.headers
            }
        }

        func received(_ bytes: ByteBuffer) {
            exchange?.consume(bytes.readableBytes)
            arrival.change { $0.body += bytes.readableBytesView }
        }

        func receivedEnd(trailers: Headers) {
            arrival.change(isWhole: true) { $0.trailers = trailers }
            _ = connection.close(grace: .seconds(1))
        }

        func becameWritable() {}

        func closed(_ reason: StreamCloseReason) {
            arrival.change(failure: RPCError(.unavailable, "the stream was closed: \(reason)"))
        }
    }
}

// MARK: HTTP/1.1

private final class HTTP1WireStream: WireStream {
    private let channel: any NIOCore.Channel
    private let arrival: Arrival
    private let hasBody: Bool

    private init(_ channel: any NIOCore.Channel, _ arrival: Arrival, hasBody: Bool) {
        self.channel = channel
        self.arrival = arrival
        self.hasBody = hasBody
    }

    static func open(_ port: Int, _ head: RequestHead) async throws -> HTTP1WireStream {
        let arrival = Arrival()
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Reader(arrival))
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
        var text = "\(head.method) \(head.path) HTTP/1.1\r\nHost: test\r\nConnection: close\r\n"
        for (name, value) in head.headers { text += "\(name): \(value)\r\n" }
        let hasBody = head.method != "GET"
        if hasBody { text += "Transfer-Encoding: chunked\r\n" }
        channel.writeAndFlush(ByteBuffer(string: text + "\r\n"), promise: nil)
        return HTTP1WireStream(channel, arrival, hasBody: hasBody)
    }

    func send(_ bytes: [UInt8]) {
        var chunk = ByteBuffer(string: String(bytes.count, radix: 16) + "\r\n")
        chunk.writeBytes(bytes)
        chunk.writeString("\r\n")
        channel.writeAndFlush(chunk, promise: nil)
    }

    func end() {
        if hasBody { channel.writeAndFlush(ByteBuffer(string: "0\r\n\r\n"), promise: nil) }
    }
    func cancel() { channel.close(promise: nil) }

    func answer(when isEnough: @escaping @Sendable (WireAnswer) -> Bool) async throws -> WireAnswer {
        try await arrival.wait(isEnough)
    }

    /// Reads until the server closes: every request asks it to.
    private final class Reader: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        private let arrival: Arrival
        private var bytes: [UInt8] = []

        init(_ arrival: Arrival) { self.arrival = arrival }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            bytes += Self.unwrapInboundIn(data).readableBytesView
            arrival.change { $0 = Self.parse(self.bytes) ?? $0 }
        }

        func channelInactive(context: ChannelHandlerContext) { arrival.change(isWhole: true) }
        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

        /// Nil while the head is not whole.
        private static func parse(_ bytes: [UInt8]) -> WireAnswer? {
            guard let (head, rest) = split(bytes[...], "\r\n\r\n") else { return nil }
            var answer = WireAnswer()
            let lines = String(decoding: head, as: UTF8.self).split(separator: "\r\n")
            answer.status = Int(lines[0].split(separator: " ")[1]) ?? 0
            for line in lines.dropFirst() {
                let (name, value) = split(line)
                answer.headers.add(name, value)
            }
            let isChunked = answer.headers[first: "transfer-encoding"] == "chunked"
            answer.body = isChunked ? [] : Array(rest)
            var left = isChunked ? rest : []
            while let (line, next) = split(left, "\r\n"),
                let length = Int(String(decoding: line, as: UTF8.self), radix: 16),
                next.count >= length + 2, length > 0
            {
                answer.body += next.prefix(length)
                left = next.dropFirst(length + 2)
            }
            return answer
        }

        private static func split(_ line: Substring) -> (String, String) {
            let name = line.prefix { $0 != ":" }
            return (name.lowercased(), String(line.dropFirst(name.count + 1).drop { $0 == " " }))
        }

        private static func split(_ bytes: ArraySlice<UInt8>, _ end: String) -> (ArraySlice<UInt8>, ArraySlice<UInt8>)?
        {
            let end = Array(end.utf8)
            guard bytes.count >= end.count else { return nil }
            for index in bytes.startIndex...(bytes.endIndex - end.count)
            where bytes[index..<index + end.count].elementsEqual(end) {
                return (bytes[..<index], bytes[(index + end.count)...])
            }
            return nil
        }
    }
}
