import Compression
import HTTP
import Logging
import NIOCore

/// Limits of a server; what they bound comes from outside.
public struct ServerOptions: Sendable {
    /// The largest request message, in bytes. A larger one is answered with RESOURCE_EXHAUSTED. 4 MiB, as in every gRPC
    /// implementation.
    public var maxRequestBytes = 4 * 1024 * 1024
    /// Handlers that run at once on one event loop; a call beyond is answered with RESOURCE_EXHAUSTED. Handlers count
    /// and not streams, because a reset stream is gone from the connection while its handler still costs
    /// (CVE-2023-44487). A loop serves some thousand waiting handlers with ease; what waits longer has no use for its
    /// answer.
    public var maxRunningHandlersPerLoop = 1000

    public init() {}
}

/// Serves gRPC methods over any HTTP version that has trailers.
public final class RPCServer: Application {
    let interceptors: [any ServerInterceptor]
    let options: ServerOptions
    /// What became of the calls so far.
    public let counts: CallCounts

    private let methods: [String: Method]
    private let services: Set<String>
    private let fallback: (any Application)?
    private let passthrough: RawHandler?
    private let drivers: [CallDriver]
    private let logger: Logger

    /// - Parameters:
    ///   - methods: what is served; of two with the same path the later one wins.
    ///   - interceptors: around every handler, the first one outermost.
    ///   - fallback: gets requests that are not gRPC; without it they are answered 415.
    ///   - passthrough: gets calls of methods that are not in `methods`; without it they are UNIMPLEMENTED.
    ///   - passthroughMethods: paths of these that are counted by name.
    ///   - group: the loops of the HTTP server that this one is given to.
    public init(
        methods: [Method], interceptors: [any ServerInterceptor] = [], options: ServerOptions = ServerOptions(),
        fallback: (any Application)? = nil, passthrough: RawHandler? = nil, passthroughMethods: [String] = [],
        group: any EventLoopGroup, logger: Logger
    ) {
        let loops = Array(group.makeIterator())
        let counts = CallCounts(methods: methods.map(\.path) + passthroughMethods, loops: loops.count)
        self.counts = counts
        let numbered = methods.map { method in
            var method = method
            method.number = counts.number(of: method.path)
            return ("/" + method.path, method)
        }
        self.methods = Dictionary(numbered) { $1 }
        services = Set(methods.map(\.service))
        self.interceptors = interceptors
        self.options = options
        self.fallback = fallback
        self.passthrough = passthrough
        self.logger = logger
        drivers = loops.enumerated().map { CallDriver(eventLoop: $1, counts: counts.share($0)) }
    }

    public func began(_ exchange: any Exchange) {
        let head = exchange.head
        var contentType = ""
        var timeout: String?
        var encoding: String?
        for (name, value) in head.headers {
            switch name {
            case "content-type": contentType = value
            case "grpc-timeout": timeout = value
            case "grpc-encoding": encoding = value
            default: break
            }
        }
        guard ContentType.isGRPC(contentType), head.method == "POST" else {
            if let fallback { return fallback.began(exchange) }
            return Refusal.refuse(exchange, ResponseHead(status: 415, headers: ["content-length": "0"]))
        }
        guard let driver = driver(of: exchange.eventLoop) else {
            return Refusal.refuse(exchange, RPCError(.internal, "the server does not know this event loop"))
        }
        var deadline: Deadline?
        if let timeout {
            guard let duration = TimeoutHeader.decode(timeout) else {
                return refuse(exchange, driver, RPCError(.internal, "\"\(timeout)\" is not a grpc-timeout"))
            }
            guard duration > .zero else {
                return refuse(exchange, driver, RPCError(.deadlineExceeded, "the deadline had passed on arrival"))
            }
            deadline = .after(duration, now: exchange.eventLoop.now)
        }
        guard let method = methods[head.path] ?? passthroughMethod(head.path) else {
            return refuse(exchange, driver, unknownMethod(head.path))
        }
        let coding: ContentCoding?
        switch MessageEncoding(wire: encoding) {
        case .identity: coding = nil
        case .coding(let known): coding = known
        case .unknown(let name):
            return refuse(
                exchange, driver, RPCError(.unimplemented, "grpc-encoding \(name.prefix(32)) is not known here"))
        }
        let context = ServerContext(
            method: method.path, metadata: Metadata(received: head.headers), deadline: deadline, peer: exchange.peer,
            requestCoding: coding)
        let call = ServerCall(exchange, method, context, driver: driver, server: self)
        exchange.delegate = call
        driver.executor.burstBegan()
        call.begin()
    }

    public func burstEnded(on eventLoop: any EventLoop) {
        driver(of: eventLoop)?.burstEnded()
        fallback?.burstEnded(on: eventLoop)
    }

    private func refuse(_ exchange: any Exchange, _ driver: CallDriver, _ error: RPCError) {
        driver.counts.refused(counts.number(of: String(exchange.head.path.dropFirst())), error.code)
        Refusal.refuse(exchange, error)
    }

    // A handful of loops: a scan is quicker than hashing.
    private func driver(of eventLoop: any EventLoop) -> CallDriver? {
        drivers.first { $0.eventLoop === eventLoop }
    }

    private func passthroughMethod(_ path: String) -> Method? {
        guard let passthrough, path.first == "/" else { return nil }
        var method = Method.raw(String(path.dropFirst()), passthrough)
        method.number = counts.number(of: method.path)
        return method
    }

    private func unknownMethod(_ path: String) -> RPCError {
        let parts = path.split(separator: "/", omittingEmptySubsequences: true)
        guard parts.count == 2 else {
            return RPCError(.unimplemented, "\(path.prefix(256)) is not the path of a method")
        }
        return services.contains(String(parts[0]))
            ? RPCError(.unimplemented, "\(parts[0]) has no method \(parts[1].prefix(256))")
            : RPCError(.unimplemented, "there is no service \(parts[0].prefix(256)) here")
    }

    // MARK: What a call tells its server

    func status(of error: any Error, in context: ServerContext) -> RPCError {
        switch error {
        case let error as RPCError: return error
        case let error as any RPCErrorConvertible: return error.rpcError
        case is CancellationError: return context.cancellation ?? RPCError(.cancelled, "the handler was cancelled")
        default:
            logger.error("handler failed", metadata: ["method": "\(context.method)", "error": "\(error)"])
            return RPCError(.unknown, "the handler failed")
        }
    }

    func refusedForLoad(_ context: ServerContext) {
        logger.warning(
            "too many running handlers, call refused",
            metadata: [
                "method": "\(context.method)", "peer": "\(context.peer.address)",
                "limit": "\(options.maxRunningHandlersPerLoop)",
            ])
    }
}

enum ContentType {
    /// `application/grpc` or `application/grpc+proto`, with or without parameters. `application/grpc-web` is another
    /// protocol.
    static func isGRPC(_ value: String) -> Bool {
        guard value.utf8.count > "application/grpc".utf8.count else { return value == "application/grpc" }
        let type = value.utf8.prefix { $0 != UInt8(ascii: ";") && $0 != UInt8(ascii: " ") }
        let name = String(Substring(type)).lowercased()
        return name == "application/grpc" || name == "application/grpc+proto"
    }
}

/// Answers a request that no call is made for: whatever else arrives of it is dropped.
private final class Refusal: ExchangeDelegate {
    private unowned let exchange: any Exchange

    private init(_ exchange: any Exchange) { self.exchange = exchange }

    static func refuse(_ exchange: any Exchange, _ head: ResponseHead) {
        exchange.delegate = Refusal(exchange)
        exchange.respond(head, endStream: true)
    }

    static func refuse(_ exchange: any Exchange, _ error: RPCError) {
        var head = ServerCall.responseHead
        for (name, value) in StatusTrailers.make(error, Metadata()) { head.headers.add(name, value) }
        refuse(exchange, head)
    }

    func received(_ bytes: ByteBuffer) { exchange.consume(bytes.readableBytes) }
    func receivedEnd(trailers: Headers) {}
    func becameWritable() {}
    func cancelled(_ reason: ExchangeCancellation) {}
}
