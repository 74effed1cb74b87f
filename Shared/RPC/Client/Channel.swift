import HTTP
import Logging
import NIOCore
import Protobuf
import Synchronization

/// A client's way to a service. It connects when the first call is made, for each event loop that calls come from, and
/// again after a connection is lost. To be used from any task; a call made on one of the group's loops stays there. All
/// calls throw `RPCError`; cancelling the calling task cancels the call.
public final class Channel: Sendable {
    /// How a channel calls and connects.
    public struct Options: Sendable {
        /// How the service wants to be called: balancing, retries, hedging, timeouts.
        public var serviceConfig = ServiceConfig()
        /// Between attempts to connect.
        public var backoff = Backoff()
        /// Calls that may wait for a connection, or for a free stream, on one event loop; one more fails with
        /// RESOURCE_EXHAUSTED. Each holds its request in memory.
        public var maxWaitingCalls = 10_000
        /// Bytes of one call's request that are kept until the server begins to answer, so that they can be said again;
        /// a longer request is not repeated. 1 MiB.
        public var retryBufferBytes = 1024 * 1024
        /// The same for all calls on one event loop: 16 MiB.
        public var channelRetryBufferBytes = 16 * 1024 * 1024
        /// After how long without a call the connections are closed; the next call connects again. nil for never.
        public var idleTimeout: Duration? = .seconds(30 * 60)
        /// Whether the server is asked for signs of life; not unless its operator agrees.
        public var keepalive = Keepalive.client
        /// Around every call, the first one outermost.
        public var interceptors: [any ClientInterceptor] = []
        /// Counts the calls; may be shared by channels. nil counts none.
        public var counts: ClientCounts?
        /// Records spans of calls and their attempts; nil records none.
        public var tracer: Tracer?
        /// Tells of the channel to whom it is asked by; nil tells nobody.
        public var channelz: Channelz?

        /// Everything at its default.
        public init() {}
    }

    let loops: [LoopChannel]
    // Serves callers that run elsewhere than on the group's loops; together they share its connections.
    let home: LoopChannel
    private let resolution: Resolution?
    private let number = SerialNumber.next()

    /// - Parameters:
    ///   - endpoints: at least one; with pick_first, the default, the first that answers is used.
    ///   - credentials: cleartext HTTP/2 with prior knowledge when nil.
    public convenience init(
        _ endpoints: Endpoint..., credentials: ClientCredentials? = nil, options: Options = Options(),
        group: any EventLoopGroup, logger: Logger
    ) {
        self.init(endpoints, credentials: credentials, options: options, group: group, logger: logger)
    }

    /// - Parameter endpoints: at least one; with pick_first, the default, the first that answers is used.
    public convenience init(
        _ endpoints: [Endpoint], credentials: ClientCredentials? = nil, options: Options = Options(),
        group: any EventLoopGroup, logger: Logger
    ) {
        precondition(!endpoints.isEmpty, "a channel needs an endpoint")
        self.init(
            Target(endpoints, isTLS: credentials != nil), options, group: group, logger: logger,
            connector: httpConnector(credentials, serverName: nil, logger: logger))
    }

    /// - Parameter target: a name as gRPC writes it: `dns:///goals:8003`, `goals:8003`, `ipv4:10.0.0.1:80,10.0.0.2:80`,
    ///   `ipv6:[::1]:80`, `unix:///run/goals.sock`.
    /// - Throws: `TargetError`.
    public convenience init(
        target: String, credentials: ClientCredentials? = nil, options: Options = Options(),
        group: any EventLoopGroup, logger: Logger
    ) throws {
        let target = try Target(parsing: target, isTLS: credentials != nil)
        self.init(
            target, options, group: group, logger: logger,
            connector: httpConnector(credentials, serverName: target.serverName, logger: logger))
    }

    /// - Parameters:
    ///   - resolver: finds the endpoints.
    ///   - authority: how the service is called, `host` or `host:port`: sent with each request, and its host checked
    ///     against the certificate.
    public convenience init(
        resolver: any NameResolver, authority: String, credentials: ClientCredentials? = nil,
        options: Options = Options(), group: any EventLoopGroup, logger: Logger
    ) {
        let serverName = HostAndPort(authority[...])?.host
        self.init(
            Target(resolver, authority: authority, serverName: serverName, isTLS: credentials != nil), options,
            group: group, logger: logger,
            connector: httpConnector(credentials, serverName: serverName, logger: logger))
    }

    init(
        _ target: Target, _ options: Options, group: any EventLoopGroup, logger: Logger,
        connector: @escaping Connector
    ) {
        let throttle = options.serviceConfig.retryThrottling.map { RetryThrottle($0) }
        let homeLoop = group.next()
        let trace = options.channelz.map { _ in ChannelTrace() }
        let outcomes = Outcomes(trace)
        let resolution: Resolution? =
            if case .resolver(let resolver) = target.source {
                Resolution(resolver, backoff: options.backoff, target: target, on: homeLoop, logger: logger) {
                    outcomes.tell($0)
                }
            } else { nil }
        let loops = group.makeIterator().map {
            LoopChannel(
                target, options, throttle: throttle, resolution: resolution, trace: trace, on: $0,
                connector: connector, logger: logger)
        }
        outcomes.listeners.withLock { listeners in listeners = loops.map { Outcomes.Listener(loop: $0) } }
        self.loops = loops
        self.resolution = resolution
        home = loops.first { $0.eventLoop === homeLoop } ?? loops[0]
        options.channelz?.add(self, number)
    }

    deinit { home.options.channelz?.remove(channel: number) }

    /// Hands what a name means to all loops.
    private final class Outcomes: Sendable {
        struct Listener {
            weak var loop: LoopChannel?
        }

        let listeners = Mutex<[Listener]>([])
        private let trace: ChannelTrace?
        private let addresses = Mutex<[Endpoint]>([])

        init(_ trace: ChannelTrace?) { self.trace = trace }

        func tell(_ outcome: Resolution.Outcome) {
            note(outcome)
            let loops = listeners.withLock { $0.compactMap(\.loop) }
            for loop in loops { loop.eventLoop.execute { loop.resolved(outcome) } }
        }

        private func note(_ outcome: Resolution.Outcome) {
            guard let trace else { return }
            switch outcome {
            case .failure(let error): trace.add(error.message, .warning)
            case .success(let endpoints):
                let isNew = addresses.withLock { known in
                    defer { known = endpoints }
                    return known != endpoints
                }
                if isNew { trace.add("addresses: \(endpoints.map { "\($0)" }.joined(separator: ", "))") }
            }
        }
    }

    // MARK: Calls

    /// One message, one answer. `path` is `package.Service/Method`.
    nonisolated(nonsending)
        public func unary<Request: Message, Response: Message>(
            _ path: String, _ request: Request, _ options: CallOptions
        ) async throws -> Response
    {
        let call = try await makeCall(path, options, request: framed(request), takesOneResponse: true)
        return try await decoded(response(of: call))
    }

    /// One message, a stream of answers. Returns at once; a failure comes with the stream.
    public func serverStreaming<Request: Message, Response: Message>(
        _ path: String, _ request: Request, _ options: CallOptions
    ) async throws -> ResponseStream<Response> {
        let call = try await makeCall(path, options, request: framed(request), takesOneResponse: false)
        call.start()
        return ResponseStream(call) { try decoded($0) }
    }

    /// A stream of messages, written by `body`, and one answer. What `body` throws cancels the call and is rethrown,
    /// unless the server has ended the call before.
    nonisolated(nonsending)
        public func clientStreaming<Request: Message, Response: Message>(
            _ path: String, _ options: CallOptions,
            _ body: nonisolated(nonsending) (RequestWriter<Request>) async throws -> Void
        ) async throws -> Response
    {
        let call = try await makeCall(path, options, request: nil, takesOneResponse: true)
        call.start()
        do {
            try await body(RequestWriter(call) { framed($0) })
        } catch {
            guard call.response?.isResolved == true else {
                call.cancel()
                throw error
            }
        }
        call.finish()
        return try await decoded(response(of: call, isStarted: true))
    }

    /// Streams in both directions. Returns at once; a failure comes with the responses.
    public func bidirectionalStreaming<Request: Message, Response: Message>(
        _ path: String, _ options: CallOptions
    ) async throws -> BidirectionalCall<Request, Response> {
        let call = try await makeCall(path, options, request: nil, takesOneResponse: false)
        call.start()
        return BidirectionalCall(
            requests: RequestWriter(call) { framed($0) },
            responses: ResponseStream(call) { try decoded($0) })
    }

    /// A call of any kind, its messages as bytes: what a proxy needs.
    public func raw(
        _ path: String, _ options: CallOptions
    ) async throws -> BidirectionalCall<ByteBuffer, ByteBuffer> {
        let call = try await makeCall(path, options, request: nil, takesOneResponse: false)
        call.start()
        return BidirectionalCall(requests: RequestWriter(call) { framed($0) }, responses: ResponseStream(call) { $0 })
    }

    nonisolated(nonsending)
        private func makeCall(
            _ path: String, _ options: CallOptions, request: ByteBuffer?, takesOneResponse: Bool
        ) async throws -> ClientCall
    {
        let interceptors = home.options.interceptors
        guard !interceptors.isEmpty else {
            return ClientCall(path, options, request: request, takesOneResponse: takesOneResponse, on: loop)
        }
        var options = options
        for (number, interceptor) in interceptors.enumerated() {
            do {
                try await interceptor.willCall(path, &options)
            } catch {
                let refusal = RPCError(refusing: error)
                for earlier in interceptors[..<number].reversed() { earlier.didEnd(path, refusal) }
                throw refusal
            }
        }
        return ClientCall(path, options, request: request, takesOneResponse: takesOneResponse, on: loop)
    }

    nonisolated(nonsending)
        private func response(of call: ClientCall, isStarted: Bool = false) async throws -> ByteBuffer
    {
        guard let response = call.response else { throw RPCError(.internal, "\(call.path) has a streaming response") }
        if !isStarted {
            guard !Task.isCancelled else { throw RPCError(.cancelled, "the calling task was cancelled") }
            call.start()
        }
        return try await response.value(onCancel: { call.cancel() })
    }

    // A handful of loops: a scan is quicker than a thread's storage.
    private var loop: LoopChannel { loops.first { $0.eventLoop.inEventLoop } ?? home }

    // MARK: The connections

    /// Waits for a connection. Throws UNAVAILABLE with the cause when the attempt to make one fails.
    public func connect() async throws {
        let ready = Waiter<Void>()
        let loop = loop
        loop.eventLoop.execute { loop.whenReady(ready) }
        try await ready.value()
    }

    /// Refuses new calls and closes the connections, once their calls have ended or `grace` has passed.
    public func close(grace: Duration = .seconds(5)) async {
        resolution?.close()
        let done = loops.map { loop in
            let waiter = Waiter<Void>()
            loop.eventLoop.execute { loop.close(grace: grace, waiter) }
            return waiter
        }
        // A cancelled task need not see the end; the connections close all the same.
        for waiter in done { try? await waiter.value() }
        home.options.channelz?.remove(channel: number)
    }
}
