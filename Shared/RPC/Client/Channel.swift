import HTTP
import Logging
import NIOCore
import Protobuf

/// Where a channel leads: endpoints that serve the same, in order of preference.
struct Target: Sendable, CustomStringConvertible {
    let endpoints: [Endpoint]
    let scheme: String
    let authority: String

    init(_ endpoints: [Endpoint], isTLS: Bool) {
        self.endpoints = endpoints
        scheme = isTLS ? "https" : "http"
        authority =
            switch endpoints.first {
            case .tcp? where endpoints.isEmpty == false: "\(endpoints[0])"
            default: "localhost"
            }
    }

    var description: String { endpoints.map { "\($0)" }.joined(separator: ", ") }
}

/// A client's way to a service. It connects when the first call is made, one connection for each event loop that calls
/// come from, and again after a connection is lost. To be used from any task; a call made on one of the group's loops
/// stays there. All calls throw `RPCError`; cancelling the calling task cancels the call.
public final class Channel: Sendable {
    public struct Options: Sendable {
        public var backoff = Backoff()
        /// Calls that may wait for a connection, or for a free stream, on one event loop; one more fails with
        /// RESOURCE_EXHAUSTED. Each holds its request in memory.
        public var maxWaitingCalls = 10_000

        public init() {}
    }

    private let subchannels: [Subchannel]
    // Serves callers that run elsewhere than on the group's loops; together they share one connection.
    private let home: Subchannel

    /// - Parameters:
    ///   - endpoints: at least one; the first that answers is used.
    ///   - credentials: cleartext HTTP/2 with prior knowledge when nil.
    public convenience init(
        _ endpoints: Endpoint..., credentials: ClientCredentials? = nil, options: Options = Options(),
        group: any EventLoopGroup, logger: Logger
    ) {
        self.init(endpoints, credentials: credentials, options: options, group: group, logger: logger)
    }

    /// - Parameter endpoints: at least one; the first that answers is used.
    public convenience init(
        _ endpoints: [Endpoint], credentials: ClientCredentials? = nil, options: Options = Options(),
        group: any EventLoopGroup, logger: Logger
    ) {
        self.init(
            Target(endpoints, isTLS: credentials != nil), options, group: group, logger: logger,
            connector: httpConnector(credentials, logger: logger))
    }

    init(
        _ target: Target, _ options: Options, group: any EventLoopGroup, logger: Logger,
        connector: @escaping Connector
    ) {
        precondition(!target.endpoints.isEmpty, "a channel needs an endpoint")
        let subchannels = group.makeIterator().map {
            Subchannel(target, options, on: $0, connector: connector, logger: logger)
        }
        let homeLoop = group.next()
        self.subchannels = subchannels
        home = subchannels.first { $0.eventLoop === homeLoop } ?? subchannels[0]
    }

    // MARK: Calls

    /// One message, one answer. `path` is `package.Service/Method`.
    nonisolated(nonsending)
        public func unary<Request: Message, Response: Message>(
            _ path: String, _ request: Request, _ options: CallOptions
        ) async throws -> Response
    {
        let call = makeCall(path, options, request: framed(request.serialized()), takesOneResponse: true)
        return try await decoded(response(of: call))
    }

    /// One message, a stream of answers. Returns at once; a failure comes with the stream.
    public func serverStreaming<Request: Message, Response: Message>(
        _ path: String, _ request: Request, _ options: CallOptions
    ) async throws -> ResponseStream<Response> {
        let call = makeCall(path, options, request: framed(request.serialized()), takesOneResponse: false)
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
        let call = makeCall(path, options, request: nil, takesOneResponse: true)
        call.start()
        do {
            try await body(RequestWriter(call) { framed($0.serialized()) })
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
        let call = makeCall(path, options, request: nil, takesOneResponse: false)
        call.start()
        return BidirectionalCall(
            requests: RequestWriter(call) { framed($0.serialized()) },
            responses: ResponseStream(call) { try decoded($0) })
    }

    /// A call of any kind, its messages as bytes: what a proxy needs.
    public func raw(_ path: String, _ options: CallOptions) -> BidirectionalCall<ByteBuffer, ByteBuffer> {
        let call = makeCall(path, options, request: nil, takesOneResponse: false)
        call.start()
        return BidirectionalCall(requests: RequestWriter(call) { framed($0) }, responses: ResponseStream(call) { $0 })
    }

    private func makeCall(_ path: String, _ options: CallOptions, request: ByteBuffer?, takesOneResponse: Bool)
        -> ClientCall
    {
        ClientCall(path, options, request: request, takesOneResponse: takesOneResponse, on: subchannel)
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
    private var subchannel: Subchannel { subchannels.first { $0.eventLoop.inEventLoop } ?? home }

    // MARK: The connections

    /// Waits for a connection. Throws UNAVAILABLE with the cause when the attempt to make one fails.
    public func connect() async throws {
        let ready = Waiter<Void>()
        let subchannel = subchannel
        subchannel.eventLoop.execute { subchannel.whenReady(ready) }
        try await ready.value()
    }

    /// Refuses new calls and closes the connections, once their calls have ended or `grace` has passed.
    public func close(grace: Duration = .seconds(5)) async {
        let done = subchannels.map { subchannel in
            let waiter = Waiter<Void>()
            subchannel.eventLoop.execute { subchannel.close(grace: grace, waiter) }
            return waiter
        }
        // A cancelled task need not see the end; the connections close all the same.
        for waiter in done { try? await waiter.value() }
    }
}
