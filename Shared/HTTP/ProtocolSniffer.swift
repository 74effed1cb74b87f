import Logging
import NIOCore
import NIOHTTP1
import NIOSSL
import NIOTLS

/// Finds out which protocol a connection speaks, by ALPN or by its first bytes (RFC 9113 §3.3), and puts the handlers
/// of that protocol in its own place.
final class ProtocolSniffer: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer

    /// The client's connection preface, RFC 9113 §3.4.
    private static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)

    private let configuration: HTTPConfiguration
    private let application: any Application
    private var peer: Peer
    private let warnings: WarningLog
    private let held: HeldBytes?
    private var seen = ByteBuffer()
    private var timer: Scheduled<Void>?
    private var negotiated: HTTPVersion?
    private var isDecided = false
    private var hasFailed = false

    init(
        configuration: HTTPConfiguration, application: any Application, peer: Peer, warnings: WarningLog,
        held: HeldBytes? = nil
    ) {
        self.configuration = configuration
        self.application = application
        self.peer = peer
        self.warnings = warnings
        self.held = held
    }

    func handlerAdded(context: ChannelHandlerContext) {
        let context = NIOLoopBound(context, eventLoop: context.eventLoop)
        timer = context.value.eventLoop.assumeIsolated().scheduleTask(in: configuration.prefaceTimeout) {
            self.warnings.warn("connection closed: it showed no protocol in time", peer: self.peer.address, count: 1)
            context.value.close(promise: nil)
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        timer?.cancel()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted(let name) = event as? TLSUserEvent {
            switch name {
            case "h2": negotiated = .http2
            case "http/1.1": negotiated = .http1_1
            default: break
            }
            if let certificate = try? context.pipeline.syncOperations.nioSSL_peerCertificate() {
                peer.certificate = PeerCertificate(certificate)
            }
        }
        if event is DrainEvent, !isDecided {
            context.close(promise: nil)
        }
        context.fireUserInboundEventTriggered(event)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = Self.unwrapInboundIn(data)
        guard !isDecided else {
            context.fireChannelRead(data)
            return
        }
        seen.writeBuffer(&bytes)
        guard let version = decide() else { return }
        isDecided = true
        timer?.cancel()
        do {
            try install(version, context)
        } catch {
            context.close(promise: nil)
            return
        }
        context.fireChannelRead(NIOAny(seen))
        context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        timer?.cancel()
        context.fireChannelInactive()
    }

    /// Errors before the protocol is known are failed handshakes and resets: nothing to serve.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if isDecided {
            context.fireErrorCaught(error)
            return
        }
        if case .handshakeFailed? = error as? NIOSSLError, !hasFailed {
            hasFailed = true
            warnings.logger.debug("\(TLSFailure.text(error))", metadata: ["peer": "\(peer.address)", "count": "1"])
        }
        context.close(promise: nil)
    }

    private func decide() -> HTTPVersion? {
        if let negotiated {
            return negotiated
        }
        if zip(seen.readableBytesView, Self.preface).contains(where: { $0 != $1 }) {
            return .http1_1
        }
        return seen.readableBytes >= Self.preface.count ? .http2 : nil
    }

    private func install(_ version: HTTPVersion, _ context: ChannelHandlerContext) throws {
        let pipeline = context.pipeline.syncOperations
        switch version {
        case .http2:
            try pipeline.addHandler(
                HTTP2ServerConnection(
                    application: application, configuration: configuration, eventLoop: context.eventLoop, peer: peer,
                    warnings: warnings, held: held),
                position: .after(self))
        case .http1_1:
            var limits = NIOHTTPDecoderLimitConfiguration()
            limits.maxHeaderFieldSize = configuration.http1MaxHeadSize
            limits.maxHeaderListSize = configuration.http1MaxHeadSize
            limits.maxHeaderFieldCount = configuration.http1MaxFields
            var framing = HTTPResponseEncoder.Configuration()
            framing.automaticallySetFramingHeaders = false
            let handlers: [any ChannelHandler] = [
                HTTPResponseEncoder(configuration: framing),
                ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes, limitConfiguration: limits)),
                HTTP1Connection(
                    application: application, configuration: configuration, eventLoop: context.eventLoop, peer: peer,
                    warnings: warnings, held: held),
            ]
            try pipeline.addHandlers(handlers, position: .after(self))
        }
    }
}
