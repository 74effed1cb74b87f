import FoundationEssentials
import HTTP
import Logging
import NIOPosix
import Protobuf
import RPC
import Schema
import ServiceKit
import Standard
import Testing

import struct NIOCore.ByteBuffer
import protocol NIOCore.EventLoop
import struct NIOCore.NIOLoopBound

@testable import Gateway

let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

/// A service of the test's own, on a real socket.
struct FakeService: Sendable {
    let endpoint: Endpoint
    private let server: HTTPServer

    /// - Parameter endpoint: unless given, a free port below those that the kernel gives to clients: one that restarts finds it
    ///   free again.
    init(_ methods: [RPC.Method], at endpoint: Endpoint? = nil) async throws {
        if let endpoint {
            self.endpoint = endpoint
            server = try await Self.start(methods, at: endpoint)
            return
        }
        for _ in 0..<50 {
            let free = Endpoint.tcp(host: "127.0.0.1", port: .random(in: 10_000..<32_768))
            guard let server = try? await Self.start(methods, at: free) else { continue }
            self.endpoint = free
            self.server = server
            return
        }
        throw RPCError(.resourceExhausted, "no free port")
    }

    private static func start(_ methods: [RPC.Method], at endpoint: Endpoint) async throws -> HTTPServer {
        let health = HealthStatus()
        health.set(.serving)
        let group = MultiThreadedEventLoopGroup.singleton
        let server = HTTPServer(
            configuration: HTTPConfiguration(bind: endpoint),
            application: RPCServer(methods: methods + health.methods, group: group, logger: quiet), group: group,
            logger: quiet)
        _ = try await server.start()
        return server
    }

    func stop() async { await server.drain(grace: .zero) }
}

/// The gateway, before fake services. A service without methods is down.
struct TestGateway: Sendable {
    let gateway: GatewayService
    let endpoint: Endpoint
    let issuer: DevelopmentIssuer
    let services: [String: FakeService]
    let timeouts: Timeouts
    private let directory: String

    /// For all tests but those of the timeouts: a busy machine must not look like a service that is down.
    static let patient = Timeouts(read: .seconds(40), write: .seconds(50), section: .seconds(30))

    static func run(
        _ methods: [String: [RPC.Method]] = [:], timeouts: Timeouts = patient,
        _ body: (TestGateway) async throws -> Void
    ) async throws {
        let test = try await TestGateway(methods, timeouts)
        do {
            try await body(test)
        } catch {
            await test.stop()
            throw error
        }
        await test.stop()
    }

    private init(_ methods: [String: [RPC.Method]], _ timeouts: Timeouts) async throws {
        directory = FileManager.default.temporaryDirectory.appending(path: "rapport-\(UUID())").path
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        var settings = [
            "RAPPORT_LISTEN": "127.0.0.1:0", "RAPPORT_DATA": directory, "RAPPORT_KEYS": directory + "/keys",
            "RAPPORT_DRAIN_SECONDS": "5", "RAPPORT_MODE": "development",
        ]
        var services: [String: FakeService] = [:]
        for (name, variable) in [
            ("relationships", "RAPPORT_RELATIONSHIPS"), ("feedback", "RAPPORT_FEEDBACK"), ("goals", "RAPPORT_GOALS"),
            ("trust-scoring", "RAPPORT_TRUST"),
        ] {
            settings[variable] = "unix:\(directory)/\(name).down"
            guard let methods = methods[name] else { continue }
            let service = try await FakeService(methods)
            services[name] = service
            settings[variable] = "\(service.endpoint)"
        }
        self.services = services
        self.timeouts = timeouts
        let configuration = try ServiceConfiguration(service: "gateway") { [settings] in settings[$0] }
        let clock = ServiceClock()
        let identity = try await WorkloadIdentity(
            service: "gateway", dataDirectory: directory, keysDirectory: directory + "/keys")
        issuer = try await DevelopmentIssuer(keysDirectory: directory + "/keys")
        gateway = try GatewayService(
            configuration, identity: identity, clock: clock, timeouts: timeouts,
            group: MultiThreadedEventLoopGroup.singleton, logger: quiet)
        let port = try await gateway.start().port
        endpoint = .tcp(host: "127.0.0.1", port: try #require(port))
    }

    private func stop() async {
        await gateway.stop()
        for service in services.values { await service.stop() }
        try? FileManager.default.removeItem(atPath: directory)
    }

    func token(_ person: String = "organizations/acme/people/coach") async throws -> String {
        try await issuer.token(person: person, purpose: "coaching", lifetime: 600, at: ServiceClock().now)
    }

    /// One request over HTTP/2, with the coach's token unless another `authorization` is given.
    func send(_ method: String, _ path: String, _ headers: Headers = [:], body: String = "") async throws -> TestAnswer
    {
        var headers = headers
        if headers[first: "authorization"] == nil { headers.add("authorization", "Bearer \(try await token())") }
        let client = try await TestClient(endpoint)
        defer { client.close() }
        var answer = TestAnswer()
        for try await part in client.request(method, path, headers, body: [UInt8](body.utf8)) {
            switch part {
            case .head(let head): answer.head = head
            case .body(let bytes): answer.body += bytes
            }
        }
        return answer
    }

    /// A gRPC channel to the gateway, and the coach's token.
    func withChannel(_ body: (Channel, CallOptions) async throws -> Void) async throws {
        let channel = Channel(endpoint, group: MultiThreadedEventLoopGroup.singleton, logger: quiet)
        try await body(channel, CallOptions(metadata: ["authorization": "Bearer \(try await token())"]))
        await channel.close(grace: .zero)
    }

    /// The events of a stream, each with its lines; comments only when they are asked for.
    func events(_ path: String, _ headers: Headers = [:], comments: Bool = false) async throws -> (
        TestClient, AsyncThrowingStream<String, any Error>
    ) {
        var headers = headers
        headers.add("authorization", "Bearer \(try await token())")
        let client = try await TestClient(endpoint)
        let parts = client.request("GET", path, headers, body: [])
        let events = AsyncThrowingStream<String, any Error> { continuation in
            let task = Task {
                var text = ""
                do {
                    for try await part in parts {
                        guard case .body(let bytes) = part else { continue }
                        text += String(decoding: bytes, as: UTF8.self)
                        while let end = text.firstRange(of: "\n\n") {
                            let event = String(text[..<end.lowerBound])
                            if comments || !event.hasPrefix(":") { continuation.yield(event) }
                            text = String(text[end.upperBound...])
                        }
                    }
                    continuation.finish()
                } catch {
                    continuation.finish(throwing: error)
                }
            }
            continuation.onTermination = { _ in task.cancel() }
        }
        return (client, events)
    }
}

struct TestAnswer {
    var head = ResponseHead(status: 0)
    var body: [UInt8] = []

    var status: Int { head.status }
    var text: String { String(decoding: body, as: UTF8.self) }

    /// The value at a path such as `error.details`.
    subscript(path: String) -> JSONValue? {
        path.split(separator: ".").reduce(try? JSONValue(parsing: body)) { value, step in
            switch value {
            case .object(let object)?: object[String(step)]
            case .array(let elements)?: Int(step).flatMap { elements.indices.contains($0) ? elements[$0] : nil }
            default: nil
            }
        }
    }
}

/// One HTTP/2 connection.
struct TestClient: Sendable {
    enum Part: Sendable {
        case head(ResponseHead)
        case body([UInt8])
    }

    struct Closed: Error { let reason: StreamCloseReason }

    private let loop: any EventLoop
    private let connection: NIOLoopBound<HTTP2Connection>

    init(_ endpoint: Endpoint) async throws {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        self.loop = loop
        connection = try await HTTP2Connection.connect(
            to: endpoint, credentials: nil, configuration: HTTPClientConfiguration(), on: loop, logger: quiet
        ).map { NIOLoopBound($0, eventLoop: loop) }.get()
    }

    func request(
        _ method: String, _ path: String, _ headers: Headers, body: [UInt8]
    ) -> AsyncThrowingStream<Part, any Error> {
        let (stream, continuation) = AsyncThrowingStream<Part, any Error>.makeStream()
        loop.execute {
            let head = RequestHead(
                method: method, scheme: "http", authority: "test", path: path, headers: headers)
            let collector = Collector(continuation)
            let exchange = connection.value.request(head, endStream: body.isEmpty, delegate: collector)
            collector.exchange = exchange
            if !body.isEmpty {
                exchange.write(ByteBuffer(bytes: body))
                exchange.end()
            }
        }
        return stream
    }

    func close() {
        loop.execute { _ = connection.value.close(grace: .zero) }
    }

    private final class Collector: ClientExchangeDelegate {
        weak var exchange: (any ClientExchange)?
        private let continuation: AsyncThrowingStream<Part, any Error>.Continuation

        init(_ continuation: AsyncThrowingStream<Part, any Error>.Continuation) { self.continuation = continuation }

        func received(_ head: ResponseHead) { continuation.yield(.head(head)) }
        func received(_ bytes: ByteBuffer) {
            exchange?.consume(bytes.readableBytes)
            continuation.yield(.body([UInt8](bytes.readableBytesView)))
        }
        func receivedEnd(trailers: Headers) { continuation.finish() }
        func becameWritable() {}
        func closed(_ reason: StreamCloseReason) { continuation.finish(throwing: Closed(reason: reason)) }
    }
}

let goals = "rapport.goals.v1.GoalsService"
let relationships = "rapport.relationships.v1.RelationshipsService"
let feedback = "rapport.feedback.v1.FeedbackService"
let trust = "rapport.trust.v1.TrustService"
let pair = "organizations/acme/relationships/r1"
