import HTTP
import Logging
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import Testing

/// A server on a free port, with the application it serves.
struct TestServer {
    let server: HTTPServer
    let application: TestApplication
    let endpoint: Endpoint
    let port: Int
    let log: LogRecorder

    /// Serves for the time of `body`, then drains.
    static func run(
        logLevel: Logger.Level = .warning, _ change: (inout HTTPConfiguration) -> Void = { _ in },
        _ body: (TestServer) async throws -> Void
    ) async throws {
        var configuration = HTTPConfiguration()
        change(&configuration)
        let application = TestApplication()
        let log = LogRecorder(logLevel: logLevel)
        let server = HTTPServer(
            configuration: configuration, application: application, group: MultiThreadedEventLoopGroup.singleton,
            logger: log.logger)
        let address = try await server.start()
        let endpoint: Endpoint = address.port.map { .tcp(host: "127.0.0.1", port: $0) } ?? configuration.bind
        let running = TestServer(
            server: server, application: application, endpoint: endpoint, port: address.port ?? 0, log: log)
        do {
            try await body(running)
        } catch {
            await server.drain(grace: .zero)
            throw error
        }
        await server.drain(grace: .milliseconds(200))
    }
}

/// Collects log lines.
struct LogRecorder: LogHandler {
    let lines = NIOLockedValueBox<[String]>([])
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.warning

    var all: [String] { lines.withLockedValue { $0 } }

    var logger: Logger {
        let handler = self
        return Logger(label: "test") { _ in handler }
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var text = "\(event.message) \(event.metadata?["peer"] ?? "-") \(event.metadata?["count"] ?? "-")"
        if let left = event.metadata?["left_out"] { text += " left out \(left)" }
        lines.withLockedValue { $0.append(text) }
    }
}

/// Waits until `condition` holds; the limit is a failure, not a pace.
func eventually(
    _ what: String, within limit: Duration = .seconds(10), sourceLocation: SourceLocation = #_sourceLocation,
    _ condition: () async throws -> Bool
) async throws {
    let start = ContinuousClock.now
    while try await !condition() {
        guard ContinuousClock.now - start < limit else {
            Issue.record("never happened: \(what)", sourceLocation: sourceLocation)
            return
        }
        await Task.yield()
        try await Task.sleep(for: .milliseconds(2))
    }
}

struct TestResponse: Equatable, Sendable {
    var head: ResponseHead?
    var body = ByteBuffer()
    var trailers: Headers = [:]
    var closed: StreamCloseReason?

    var text: String { String(buffer: body) }
}

/// A client connection for tests, usable from anywhere.
final class TestClient: Sendable {
    let eventLoop: any EventLoop
    private let connection: NIOLoopBound<HTTP2Connection>
    let states = NIOLockedValueBox<[(HTTP2Connection.State, ConnectionCloseReason?)]>([])

    static let silent = Logger(label: "client") { _ in SwiftLogNoOpLogHandler() }

    private init(_ connection: NIOLoopBound<HTTP2Connection>) {
        self.connection = connection
        eventLoop = connection.eventLoop
    }

    static func connect(
        to endpoint: Endpoint, tls: ClientTLS, logger: Logger = silent
    ) async throws -> TestClient {
        try await connect(to: endpoint, credentials: ClientCredentials(tls, logger: logger), logger: logger)
    }

    static func connect(
        to endpoint: Endpoint, credentials: ClientCredentials? = nil, configuration: HTTPClientConfiguration = .init(),
        logger: Logger = silent
    ) async throws -> TestClient {
        let eventLoop = MultiThreadedEventLoopGroup.singleton.next()
        return try await HTTP2Connection.connect(
            to: endpoint, credentials: credentials, configuration: configuration, on: eventLoop, logger: logger
        ).map { connection in
            let client = TestClient(NIOLoopBound(connection, eventLoop: eventLoop))
            let states = client.states
            connection.onStateChange = { state, reason in
                states.withLockedValue { $0.append((state, reason)) }
            }
            return client
        }.get()
    }

    /// Runs `body` with the connection on its loop.
    func with<Result: Sendable>(_ body: @escaping @Sendable (HTTP2Connection) throws -> Result) async throws -> Result {
        let connection = connection
        return try await eventLoop.submit { try body(connection.value) }.get()
    }

    func start(
        _ method: String = "GET", _ path: String, headers: Headers = [:], endStream: Bool = true,
        consumes: Bool = true, paused: Bool = false
    ) async throws -> TestCall {
        let eventLoop = eventLoop
        return try await with { connection in
            let recorder = CallRecorder(eventLoop: eventLoop, consumes: consumes)
            let head = RequestHead(method: method, scheme: "http", authority: "test", path: path, headers: headers)
            let exchange = connection.request(head, endStream: endStream, delegate: recorder)
            recorder.exchange = exchange
            return TestCall(
                recorder: NIOLoopBound(recorder, eventLoop: eventLoop), response: recorder.done.futureResult)
        }
    }

    func fetch(_ method: String = "GET", _ path: String, headers: Headers = [:], body: ByteBuffer? = nil) async throws
        -> TestResponse
    {
        let call = try await start(method, path, headers: headers, endStream: body == nil)
        if let body {
            try await call.send(body)
        }
        return try await call.response.get()
    }

    func ping() async throws -> TimeAmount {
        let connection = connection
        return try await eventLoop.flatSubmit { connection.value.ping() }.get()
    }

    func close(grace: TimeAmount = .seconds(1)) async throws {
        let connection = connection
        try await eventLoop.flatSubmit { connection.value.close(grace: grace) }.get()
    }
}

/// One call in progress.
struct TestCall: Sendable {
    let recorder: NIOLoopBound<CallRecorder>
    let response: EventLoopFuture<TestResponse>

    /// Writes `body` in pieces, honouring back-pressure, and ends the request.
    func send(_ body: ByteBuffer) async throws {
        let recorder = recorder
        try await response.eventLoop.submit { recorder.value.upload(body) }.get()
    }

    func with<Result: Sendable>(_ body: @escaping @Sendable (CallRecorder) -> Result) async throws -> Result {
        let recorder = recorder
        return try await response.eventLoop.submit { body(recorder.value) }.get()
    }
}

final class CallRecorder: ClientExchangeDelegate {
    var exchange: (any ClientExchange)?
    let done: EventLoopPromise<TestResponse>
    var response = TestResponse()
    private let consumes: Bool
    private var upload: ByteBuffer?

    init(eventLoop: any EventLoop, consumes: Bool) {
        done = eventLoop.makePromise()
        self.consumes = consumes
    }

    func upload(_ body: ByteBuffer) {
        upload = body
        becameWritable()
    }

    func becameWritable() {
        while let exchange, var rest = upload, exchange.isWritable {
            if let piece = rest.readSlice(length: min(9_999, rest.readableBytes)), piece.readableBytes > 0 {
                exchange.write(piece)
                upload = rest
            } else {
                upload = nil
                exchange.end()
            }
        }
    }

    func received(_ head: ResponseHead) {
        response.head = head
    }

    func received(_ bytes: ByteBuffer) {
        var bytes = bytes
        if consumes {
            exchange?.consume(bytes.readableBytes)
        }
        response.body.writeBuffer(&bytes)
    }

    func receivedEnd(trailers: Headers) {
        response.trailers = trailers
        done.succeed(response)
    }

    func closed(_ reason: StreamCloseReason) {
        response.closed = reason
        done.succeed(response)
    }
}
