import Logging
import NIOCore

/// One HTTP/2 connection of a server.
final class HTTP2ServerConnection: HTTP2ChannelHandler {
    private enum DrainState {
        case serving
        /// GOAWAY(2^31−1) was sent, and a PING whose answer shows that the peer has seen it.
        case noticed
        /// GOAWAY with the last stream was sent; the connection closes after it.
        case saidGoodbye
    }

    private static let drainPing: UInt64 = 0x6472_6169_6e00_0001

    let application: any Application
    private let idleTimeout: TimeAmount
    private let drainNotice: TimeAmount
    private var drainState = DrainState.serving
    private var idleSince = NIODeadline.now()
    private var streamsSeen = 0

    init(
        application: any Application, configuration: HTTPConfiguration, eventLoop: any EventLoop, peer: Peer,
        logger: Logger
    ) {
        self.application = application
        idleTimeout = configuration.idleTimeout
        drainNotice = configuration.drainNotice
        super.init(role: .server, settings: configuration.http2, eventLoop: eventLoop, peer: peer, logger: logger)
        start(timeouts: [idleTimeout])
    }

    override func makeStream(_ head: RequestHead) -> HTTP2Stream? {
        HTTP2Exchange(head: head, connection: self)
    }

    override func burstEnded() {
        application.burstEnded(on: eventLoop)
    }

    override func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is DrainEvent {
            drain()
        }
        context.fireUserInboundEventTriggered(event)
    }

    /// Two steps, so that requests already on their way are still served (RFC 9113 §6.8, gRFC A9).
    private func drain() {
        guard drainState == .serving else { return }
        drainState = .noticed
        session.submitShutdownNotice()
        session.submitPing(Self.drainPing)
        eventLoop.assumeIsolated().scheduleTask(in: drainNotice) {
            self.sayGoodbye()
        }
    }

    override func received(pong opaque: UInt64) {
        if opaque == Self.drainPing {
            sayGoodbye()
        }
    }

    private func sayGoodbye() {
        guard drainState == .noticed else { return }
        drainState = .saidGoodbye
        closeReason = closeReason ?? .requested
        session.submitGoAway(.noError)
    }

    override func ticked(_ now: NIODeadline) {
        if session.openStreams > 0 || session.streamCount != streamsSeen {
            streamsSeen = session.streamCount
            idleSince = now
        } else if now - idleSince >= idleTimeout {
            drain()
        }
    }
}

/// Asks a connection to finish what it has begun and to close; fired through its pipeline.
struct DrainEvent: Sendable {}
