import Logging
import NIOCore
import NIOPosix
import NIOSSL
import NIOTLS

/// A client's HTTP/2 connection. Confined to its event loop: every member is used there, and there only.
public final class HTTP2Connection {
    /// What a connection takes.
    public enum State: Sendable, Hashable {
        /// Takes requests.
        case ready
        /// No new requests; open ones go on.
        case draining
        /// Over, with all its requests.
        case closed
    }

    /// The loop that the connection belongs to.
    public let eventLoop: any EventLoop
    /// What it takes now.
    public private(set) var state = State.ready
    /// Called at each change, with the reason.
    public var onStateChange: ((State, ConnectionCloseReason?) -> Void)?

    private let channel: any Channel
    private let handler: HTTP2ClientHandler
    private var pings: [UInt64: (sent: NIODeadline, promise: EventLoopPromise<TimeAmount>)] = [:]
    private var lastPing: UInt64 = 0

    fileprivate init(channel: any Channel, handler: HTTP2ClientHandler) {
        self.channel = channel
        self.handler = handler
        eventLoop = channel.eventLoop
    }

    /// Connects; may be called anywhere, completes on `eventLoop` when the connection takes requests. The preface, our
    /// SETTINGS and the first requests leave in one write, without waiting for the peer's SETTINGS (RFC 9113 §3.4).
    ///
    /// - Parameters:
    ///   - credentials: cleartext when nil. A server that refuses our certificate may do so after the connection is
    ///     ready (RFC 8446 §4.4.2): it is closed then, and its requests with it.
    ///   - serverName: what the server's certificate must say, unless the credentials tell; nil for the endpoint's host.
    public static func connect(
        to endpoint: Endpoint, credentials: ClientCredentials?, serverName: String? = nil,
        configuration: HTTPClientConfiguration,
        on eventLoop: any EventLoop, logger: Logger
    ) -> EventLoopFuture<HTTP2Connection> {
        let ready = eventLoop.makePromise(of: HTTP2Connection.self)
        guard let credentials else {
            open(endpoint, nil, nil, configuration, ready, logger)
            return ready.futureResult
        }
        // Off the loop: it waits for the disk.
        NIOThreadPool.singleton.runIfActive(eventLoop: eventLoop) { credentials.latest() }.whenComplete { result in
            switch result {
            case .success(let context):
                open(endpoint, context, credentials.tls.serverName ?? serverName, configuration, ready, logger)
            case .failure(let error): ready.fail(error)
            }
        }
        return ready.futureResult
    }

    private static func open(
        _ endpoint: Endpoint, _ context: NIOSSLContext?, _ serverName: String?,
        _ configuration: HTTPClientConfiguration, _ ready: EventLoopPromise<HTTP2Connection>, _ logger: Logger
    ) {
        let eventLoop = ready.futureResult.eventLoop
        let bootstrap = ClientBootstrap(group: eventLoop)
            .connectTimeout(configuration.connectTimeout)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let context {
                        try channel.pipeline.syncOperations.addHandler(
                            endpoint.clientHandler(context, serverName: serverName))
                    }
                    try channel.pipeline.syncOperations.addHandler(
                        HTTP2ClientHandler(
                            configuration: configuration, eventLoop: channel.eventLoop,
                            peer: Peer(address: endpoint.description, isTLS: context != nil), logger: logger,
                            ready: ready))
                }
            }
        let connected =
            switch endpoint {
            case .tcp(let host, let port):
                bootstrap.channelOption(.tcpOption(.tcp_nodelay), value: 1).connect(host: host, port: port)
            case .unix(let path):
                bootstrap.connect(unixDomainSocketPath: path)
            }
        connected.whenFailure { ready.fail($0) }
    }

    /// Streams that are open or wait to be opened.
    public var openStreams: Int {
        eventLoop.preconditionInEventLoop()
        return handler.session.openStreams
    }

    /// What the connection tells of itself now.
    public var statistics: ConnectionStatistics {
        eventLoop.preconditionInEventLoop()
        return handler.statistics
    }

    /// Whether the peer's SETTINGS_MAX_CONCURRENT_STREAMS leaves room. A request beyond it waits in the connection.
    public var hasCapacity: Bool {
        state == .ready && openStreams < handler.session.peerStreamLimit
    }

    /// Sends a request. On a connection that is not ready the delegate hears `.unprocessed`, after this returns.
    public func request(_ head: RequestHead, endStream: Bool, delegate: any ClientExchangeDelegate)
        -> any ClientExchange
    {
        eventLoop.preconditionInEventLoop()
        let stream = HTTP2ClientStream(delegate: delegate)
        guard state == .ready else {
            refuseLater(stream)
            return stream
        }
        if handler.session.submit(request: head, endStream: endStream, on: stream) {
            handler.session.wake()
        } else {
            refuseLater(stream)
            drain(.exhausted)
        }
        return stream
    }

    private func refuseLater(_ stream: HTTP2ClientStream) {
        eventLoop.assumeIsolated().execute {
            stream.refuse()
        }
    }

    /// Measures one round trip. Fails with `ChannelError.ioOnClosedChannel` when the connection closes before that.
    public func ping() -> EventLoopFuture<TimeAmount> {
        eventLoop.preconditionInEventLoop()
        let promise = eventLoop.makePromise(of: TimeAmount.self)
        guard state != .closed else {
            promise.fail(ChannelError.ioOnClosedChannel)
            return promise.futureResult
        }
        lastPing += 1
        pings[lastPing] = (.now(), promise)
        handler.session.submitPing(lastPing)
        return promise.futureResult
    }

    /// Takes no more requests, lets open ones finish for `grace`, then closes.
    public func close(grace: TimeAmount) -> EventLoopFuture<Void> {
        eventLoop.preconditionInEventLoop()
        if state != .closed {
            drain(.requested)
            let handler = handler
            let lastResort = eventLoop.assumeIsolated().scheduleTask(in: grace) {
                handler.abort(.connectionClosed, .requested)
            }
            channel.closeFuture.whenComplete { _ in lastResort.cancel() }
        }
        return channel.closeFuture
    }

    private func drain(_ reason: ConnectionCloseReason) {
        guard state == .ready else { return }
        state = .draining
        handler.closeReason = handler.closeReason ?? reason
        if reason == .requested || reason == .exhausted {
            handler.session.submitGoAway(.noError)
        }
        onStateChange?(.draining, reason)
    }

    // MARK: From the handler

    fileprivate func receivedGoAway(_ code: HTTP2ErrorCode, _ debug: String) {
        drain(.goAway(code, debug: debug))
    }

    fileprivate func received(pong: UInt64) {
        if let (sent, promise) = pings.removeValue(forKey: pong) {
            promise.succeed(.now() - sent)
        }
    }

    fileprivate func ended(_ reason: ConnectionCloseReason) {
        guard state != .closed else { return }
        state = .closed
        for (_, promise) in pings.values {
            promise.fail(ChannelError.ioOnClosedChannel)
        }
        pings.removeAll()
        let told = onStateChange
        onStateChange = nil
        told?(.closed, reason)
    }
}

extension Endpoint {
    fileprivate func clientHandler(_ context: NIOSSLContext, serverName: String?) throws -> NIOSSLClientHandler {
        var name = serverName
        if name == nil {
            switch self {
            case .tcp(let host, _): name = host
            case .unix: name = "localhost"
            }
        }
        if let address = name, (try? SocketAddress(ipAddress: address, port: 0)) != nil {
            name = nil  // an IP address is no server name (RFC 6066 §3); the certificate is checked against it
        }
        return try NIOSSLClientHandler(context: context, serverHostname: name)
    }
}

/// The client's end of the transport.
final class HTTP2ClientHandler: HTTP2ChannelHandler {
    private let connectTimeout: TimeAmount
    private var ready: EventLoopPromise<HTTP2Connection>?
    private var connection: HTTP2Connection?
    private var handshakeTimer: Scheduled<Void>?

    init(
        configuration: HTTPClientConfiguration, eventLoop: any EventLoop, peer: Peer, logger: Logger,
        ready: EventLoopPromise<HTTP2Connection>
    ) {
        connectTimeout = configuration.connectTimeout
        self.ready = ready
        super.init(
            role: .client, settings: configuration.http2, keepalive: configuration.keepalive, eventLoop: eventLoop,
            peer: peer, warnings: WarningLog(logger))
    }

    override func channelActive(context: ChannelHandlerContext) {
        if peer.isTLS {
            handshakeTimer = eventLoop.assumeIsolated().scheduleTask(in: connectTimeout) {
                self.abort(.connectionClosed, .failed("the TLS handshake took too long"))
            }
        } else {
            becomeReady(context.channel)
        }
        super.channelActive(context: context)
    }

    override func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted(let name) = event as? TLSUserEvent {
            if name == "h2" {
                becomeReady(context.channel)
            } else {
                abort(.connectionClosed, .failed("the server does not speak h2 (ALPN)"))
            }
        }
        super.userInboundEventTriggered(context: context, event: event)
    }

    private func becomeReady(_ channel: any Channel) {
        guard let ready else { return }
        self.ready = nil
        handshakeTimer?.cancel()
        start()
        let connection = HTTP2Connection(channel: channel, handler: self)
        self.connection = connection
        ready.assumeIsolated().succeed(connection)
    }

    override func receivedGoAway(_ code: HTTP2ErrorCode, debug: String) {
        connection?.receivedGoAway(code, debug)
    }

    override func received(pong opaque: UInt64) {
        connection?.received(pong: opaque)
    }

    override func ended(_ reason: ConnectionCloseReason) {
        handshakeTimer?.cancel()
        connection?.ended(reason)
        connection = nil
        failIfWaiting(reason)
    }

    /// A channel that loses the race between addresses never becomes active; its connect attempt fails the promise.
    private func failIfWaiting(_ reason: ConnectionCloseReason) {
        guard let ready, handshakeTimer != nil else { return }
        self.ready = nil
        ready.fail(HTTP2ConnectionError(reason: reason))
    }
}

/// Why a connection did not become ready.
public struct HTTP2ConnectionError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Why it ended.
    public var reason: ConnectionCloseReason

    public var description: String {
        switch reason {
        case .failed(let text): text
        case .closedByPeer: "the peer closed the connection during the TLS handshake"
        default: "\(reason)"
        }
    }
}
