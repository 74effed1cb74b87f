import Compression
import HTTP
import Logging
import NIOCore
import Protobuf
import Standard

/// Limits of a server; what they bound comes from outside.
public struct ServerOptions: Sendable {
    /// The largest request message, in bytes. A larger one is answered with RESOURCE_EXHAUSTED. 4 MiB, as in every gRPC
    /// implementation.
    public var maxRequestBytes = 4 * 1024 * 1024
    /// The same for a message in JSON, compressed or not: to read one costs ten times as much, about 50 ns a byte at
    /// worst, and a few kilobytes of gzip may stand for all of it. The largest texts of the domain are some kilobytes.
    public var maxJSONBytes = 1024 * 1024
    /// Handlers that run at once on one event loop; a call beyond is answered with RESOURCE_EXHAUSTED. Handlers count
    /// and not streams, because a reset stream is gone from the connection while its handler still costs
    /// (CVE-2023-44487). A loop serves some thousand waiting handlers with ease; what waits longer has no use for its
    /// answer.
    public var maxRunningHandlersPerLoop = 1000

    /// A limit below `maxRunningHandlersPerLoop` that follows how long calls take; nil for none.
    public var adaptiveLimit: AdaptiveLimit?
    /// Records spans of calls; nil records none.
    public var tracer: Tracer?

    /// Everything at its default.
    public init() {}

    func limit(of codec: Codec) -> Int { codec == .json ? min(maxJSONBytes, maxRequestBytes) : maxRequestBytes }
}

/// Serves methods in every voice: gRPC over any HTTP version that has trailers, gRPC-Web, and Connect.
public final class RPCServer: Application {
    let interceptors: [any ServerInterceptor]
    let options: ServerOptions
    /// Between the binary form of messages and JSON.
    let mapping: JSONMapping
    /// What became of the calls so far.
    public let counts: CallCounts

    private let methods: [String: Method]
    private let services: Set<String>
    private let fallback: (any Application)?
    private let passthrough: RawHandler?
    private let drivers: [CallDriver]
    private let logger: Logger
    private let warnings: WarningLog

    /// - Parameters:
    ///   - methods: what is served; of two with the same path the later one wins.
    ///   - interceptors: around every handler, the first one outermost.
    ///   - fallback: gets requests that are in none of the voices; without it they are answered 415.
    ///   - passthrough: gets calls of methods that are not in `methods`; without it they are UNIMPLEMENTED.
    ///   - contract: services that `passthrough` leads to: their methods are counted by name, and speak JSON and
    ///     Connect. Others are passed on in gRPC alone.
    ///   - pool: the types of all messages, for JSON.
    ///   - group: the loops of the HTTP server that this one is given to.
    public init(
        methods: [Method], interceptors: [any ServerInterceptor] = [], options: ServerOptions = ServerOptions(),
        fallback: (any Application)? = nil, passthrough: RawHandler? = nil, contract: [ServiceDescriptor] = [],
        pool: DescriptorPool = .standard, group: any EventLoopGroup, logger: Logger
    ) {
        var passed: [Method] = []
        if let passthrough {
            passed = contract.flatMap { service in
                service.methods.map { .raw(service.fullName, $0, passthrough) }
            }
        }
        let loops = Array(group.makeIterator())
        let counts = CallCounts(methods: (passed + methods).map(\.path), loops: loops.count)
        self.counts = counts
        let numbered = (passed + methods).map { method in
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
        warnings = WarningLog(logger)
        mapping = Codec.mapping(pool)
        drivers = loops.enumerated().map { CallDriver(eventLoop: $1, counts: counts.share($0), options: options) }
    }

    public func began(_ exchange: any Exchange) {
        let head = exchange.head
        // Most calls are this one, and pay for no other.
        let contentType =
            head.headers.has("content-type", "application/grpc")
            ? .grpc(.proto) : ContentType(head.headers.value(of: "content-type") ?? "")
        if case .grpc(let codec) = contentType, head.method == "POST" {
            let method = methods[head.path] ?? passthroughMethod(head.path)
            return open(exchange, head, method, GRPC(codec: codec), codec) { () throws(RPCError) in
                try CallTerms(grpc: head.headers)
            }
        }
        let path = String(head.path.prefix { $0 != "?" })
        if let method = methods[path] {
            begin(exchange, head, method, contentType)
        } else if case .grpcWeb(let codec, let isText) = contentType, head.method == "POST" {
            beginWeb(exchange, head, passthroughMethod(path), codec, isText)
        } else if contentType.isConnect(head) {
            Refusal.refuse(exchange, 404, Connect.json(unknownMethod(path), mapping))
        } else if let fallback {
            fallback.began(exchange)
        } else {
            Refusal.refuse(exchange, 415)
        }
    }

    /// A request for a method that is known, in a voice other than gRPC's, or in none.
    private func begin(
        _ exchange: any Exchange, _ head: RequestHead, _ method: Method, _ contentType: ContentType
    ) {
        let allowsGet = method.isUnary && method.hasNoSideEffects
        if head.method == "GET", allowsGet { return beginGet(exchange, head, method) }
        guard head.method == "POST" else {
            return Refusal.refuse(exchange, 405, headers: ["allow": allowsGet ? "GET, POST" : "POST"])
        }
        switch contentType {
        case .grpcWeb(let codec, let isText):
            beginWeb(exchange, head, method, codec, isText)
        case .connectUnary(let codec) where method.isUnary:
            let voice = ConnectUnary(codec, head.headers, mapping, limit: options.limit(of: codec))
            open(exchange, head, method, voice, codec) { () throws(RPCError) in
                try CallTerms(connectUnary: head.headers)
            }
        case .connectStream(let codec) where !method.isUnary:
            let voice = ConnectStream(codec, head.headers, mapping)
            open(exchange, head, method, voice, codec) { () throws(RPCError) in
                try CallTerms(connectStream: head.headers)
            }
        default:
            Refusal.refuse(exchange, 415, headers: ["accept-post": ContentType.taken(unary: method.isUnary)])
        }
    }

    private func beginWeb(
        _ exchange: any Exchange, _ head: RequestHead, _ method: Method?, _ codec: Codec, _ isText: Bool
    ) {
        let headers = head.headers
        let voice = GRPCWeb(codec, isText: isText, accept: headers[first: "accept"])
        open(exchange, head, method, voice, codec) { () throws(RPCError) in
            try CallTerms(grpc: headers)
        }
    }

    private func beginGet(_ exchange: any Exchange, _ head: RequestHead, _ method: Method) {
        let query = ConnectQuery(head.path)
        guard let encoding = query.encoding else {
            let error = RPCError(.invalidArgument, "the query has no encoding: proto or json is needed")
            return Refusal.refuse(exchange, 400, Connect.json(error, mapping))
        }
        guard let codec = Codec(rawValue: encoding) else { return Refusal.refuse(exchange, 415) }
        let voice = ConnectUnary(codec, query, head.headers, mapping, limit: options.limit(of: codec))
        open(exchange, head, method, voice, codec) { () throws(RPCError) in
            try CallTerms(connectGet: query, head.headers)
        }
    }

    /// Makes a call of a request, in whichever voice it is, or refuses it in that voice.
    /// - Parameters:
    ///   - method: nil for one that is not known.
    ///   - terms: what the head says of the call.
    private func open(
        _ exchange: any Exchange, _ head: RequestHead, _ method: Method?, _ voice: some Voice, _ codec: Codec,
        _ terms: () throws(RPCError) -> CallTerms
    ) {
        guard let driver = driver(of: exchange.eventLoop) else {
            return Refusal.refuse(exchange, voice, RPCError(.internal, "the server does not know this event loop"))
        }
        driver.burstBegan()
        do throws(RPCError) {
            let terms = try terms()
            if let timeout = terms.timeout, timeout <= .zero {
                throw RPCError(.deadlineExceeded, "the deadline had passed on arrival")
            }
            guard let method else { throw unknownMethod(head.path) }
            if codec == .json, mapping.pool.messages[method.input] == nil || mapping.pool.messages[method.output] == nil
            {
                throw RPCError(.unimplemented, "\(method.path) does not speak JSON here")
            }
            let context = ServerContext(
                method: method.path, metadata: Metadata(received: head.headers),
                deadline: terms.timeout.map { .after($0, now: driver.now) }, peer: exchange.peer,
                requestCoding: terms.requestCoding, responseCoding: terms.responseCoding, malformed: voice.malformed)
            let call = ServerCall(exchange, method, context, voice, codec, driver: driver, server: self)
            exchange.delegate = call
            call.begin()
        } catch {
            let path = method?.path ?? String(head.path.dropFirst())
            driver.lastBegan = driver.now
            driver.counts.refused(counts.number(of: path), error.code)
            Refusal.refuse(exchange, voice, error)
        }
    }

    public func burstEnded(on eventLoop: any EventLoop) {
        driver(of: eventLoop)?.burstEnded()
        fallback?.burstEnded(on: eventLoop)
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

    /// All calls so far.
    func totals() async -> CallTotals {
        let methods = counts.snapshot()
        let succeeded = methods.reduce(0) { $0 + ($1.codes[.ok] ?? 0) }
        var last: NIODeadline?
        for driver in drivers {
            guard let began = try? await driver.eventLoop.submit({ driver.lastBegan }).get() else { continue }
            last = max(last ?? began, began)
        }
        return CallTotals(
            started: Int(methods.reduce(0) { $0 + $1.started }), succeeded: Int(succeeded),
            failed: Int(methods.reduce(0) { $0 + $1.outcomes.reduce(0) { $0 + $1.count } } - succeeded), last: last)
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

    /// - Parameter limit: that was reached, in running handlers.
    func refusedForLoad(_ context: ServerContext, limit: Int) {
        warnings.warn(
            "too many running handlers, call refused", peer: context.peer.address, count: limit,
            ["method": "\(context.method)"])
    }
}
