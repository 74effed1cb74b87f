import Logging
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import NIOSSL

/// Serves one application on one port: HTTP/2 and HTTP/1.1, in cleartext or TLS.
public final class HTTPServer: Sendable {
    private let configuration: HTTPConfiguration
    private let application: any Application
    private let group: any EventLoopGroup
    private let logger: Logger
    private let warnings: WarningLog
    private let connections: ServerConnections
    /// Of each event loop.
    private let held: [ObjectIdentifier: HeldBytes]
    private let listener = NIOLockedValueBox<(any Channel)?>(nil)

    /// A server that does not listen before `start()`.
    public init(
        configuration: HTTPConfiguration, application: any Application, group: any EventLoopGroup,
        logger: Logger
    ) {
        self.configuration = configuration
        self.application = application
        self.group = group
        self.logger = logger
        let warnings = WarningLog(logger)
        self.warnings = warnings
        held = Dictionary(
            uniqueKeysWithValues: group.makeIterator().map {
                (ObjectIdentifier($0), HeldBytes(limit: configuration.maxHeldBytesPerLoop, warnings: warnings))
            })
        connections = ServerConnections(limit: configuration.maxConnections)
    }

    /// Binds, and serves until `drain`.
    /// - Returns: the bound address.
    /// - Throws: `IOError` when the address cannot be bound, `TLSFileError` when the certificate, its key or the roots
    ///   cannot be used.
    public func start() async throws -> SocketAddress {
        let tls = try configuration.tls.map { tls in
            try TLSContext(files: tls.files, logger: logger) { try tls.context() }
        }
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: configuration.backlog)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    // Out of file descriptors: stop accepting for a second instead of spinning.
                    try channel.pipeline.syncOperations.addHandler(AcceptBackoffHandler())
                }
            }
            // One read of at most 64 KiB in its turn: a connection with more to say does not keep the others waiting.
            .childChannelOption(.maxMessagesPerRead, value: 1)
            .childChannelOption(.recvAllocator, value: .ofConnections)
            .childChannelInitializer { [self] channel in
                channel.eventLoop.makeCompletedFuture { try accept(channel, tls?.current) }
            }
        let channel: any Channel
        switch configuration.bind {
        case .tcp(let host, let port):
            channel = try await bootstrap.childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
                .bind(host: host, port: port).get()
        case .unix(let path):
            channel = try await bootstrap.bind(unixDomainSocketPath: path, cleanupExistingSocketFile: true).get()
        }
        listener.withLockedValue { $0 = channel }
        if let tls, let interval = configuration.tls?.reloadInterval {
            // Off the loops: it waits for the disk.
            let loop = channel.eventLoop
            let looking = loop.scheduleRepeatedAsyncTask(initialDelay: interval, delay: interval) { _ in
                NIOThreadPool.singleton.runIfActive(eventLoop: loop) { tls.look() }
            }
            channel.closeFuture.whenComplete { _ in looking.cancel() }
        }
        guard let address = channel.localAddress else { throw ChannelError.unknownLocalAddress }
        return address
    }

    private func accept(_ channel: any Channel, _ tls: NIOSSLContext?) throws {
        let peer = Peer(address: channel.remoteAddress.map(Self.describe) ?? "unknown", isTLS: tls != nil)
        switch connections.add(channel) {
        case .added:
            break
        case .refused(let isFirst, let count):
            if isFirst {
                warnings.warn("connections refused: too many are open", peer: peer.address, count: count)
            }
            throw ChannelError.operationUnsupported
        }
        if let tls {
            try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls))
        }
        try channel.pipeline.syncOperations.addHandler(
            ProtocolSniffer(
                configuration: configuration, application: application, peer: peer, warnings: warnings,
                held: held[ObjectIdentifier(channel.eventLoop)]))
    }

    private static func describe(_ address: SocketAddress) -> String {
        if let host = address.ipAddress, let port = address.port {
            return host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        }
        return address.pathname.flatMap { $0.isEmpty ? nil : $0 } ?? "unix"
    }

    /// Connections that are open now.
    public var openConnections: Int { connections.count }

    /// Where it listens; nil before `start` and after `drain`.
    public var address: SocketAddress? { listener.withLockedValue { $0?.localAddress } }

    /// The open connections with a number of at least `first`, in the order in which they came.
    /// - Parameter limit: of them, at most.
    /// - Returns: their numbers (`SerialNumber`) and peers, and whether there are no more.
    public func connections(from first: Int64, limit: Int) -> (page: [(number: Int64, peer: String)], isEnd: Bool) {
        let found = connections.numbered.filter { $0.number >= first }.sorted { $0.number < $1.number }
        let page = found.prefix(max(0, limit)).map { entry in
            (entry.number, entry.channel.remoteAddress.map(Self.describe) ?? "unknown")
        }
        return (page, page.count == found.count)
    }

    /// What a connection tells of itself; nil when it is not open.
    public func statistics(ofConnection number: Int64) async -> ConnectionStatistics? {
        guard let channel = connections.numbered.first(where: { $0.number == number })?.channel else { return nil }
        return try? await channel.eventLoop.submit {
            let pipeline = channel.pipeline.syncOperations
            if let connection = try? pipeline.handler(type: HTTP2ServerConnection.self) { return connection.statistics }
            if let connection = try? pipeline.handler(type: HTTP1Connection.self) { return connection.statistics }
            // It has not shown its protocol yet.
            var statistics = ConnectionStatistics()
            statistics.describe(channel, isTLS: self.configuration.tls != nil)
            return statistics
        }.get()
    }

    /// Stops accepting, lets connections finish what they have begun (HTTP/2: two-step GOAWAY; HTTP/1:
    /// `connection: close`), and closes what is left after `grace`. Returns when every connection is closed.
    public func drain(grace: TimeAmount) async {
        let channel = listener.withLockedValue { listener in
            defer { listener = nil }
            return listener
        }
        try? await channel?.close().get()
        let open = connections.beginDrain()
        for channel in open {
            channel.pipeline.fireUserInboundEventTriggered(DrainEvent())
        }
        let deadline = group.next().scheduleTask(in: grace) { [connections] in
            for channel in connections.all {
                channel.close(promise: nil)
            }
        }
        await connections.untilEmpty()
        deadline.cancel()
    }
}

extension RecvByteBufferAllocator where Self == AdaptiveRecvByteBufferAllocator {
    /// Of a server's connections. Each keeps the buffer of its last read: the first reads are short, and an idle one stays
    /// small.
    static var ofConnections: Self { Self(minimum: 64, initial: 512, maximum: 65_536) }
}
