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
    private let oldAt: NIODeadline?
    private let ageGrace: TimeAmount?
    /// Since when it is being drained for its age.
    private var oldSince: NIODeadline?
    private var strikes: PingStrikes
    private var drainState = DrainState.serving
    private var goodbye = ""
    private var idleSince = NIODeadline.now()
    private var streamsSeen = 0

    init(
        application: any Application, configuration: HTTPConfiguration, eventLoop: any EventLoop, peer: Peer,
        warnings: WarningLog, held: HeldBytes?
    ) {
        self.application = application
        idleTimeout = configuration.idleTimeout
        drainNotice = configuration.drainNotice
        // So that those who connected together do not come again together (gRFC A9).
        oldAt = configuration.maxAge.map {
            .now() + .nanoseconds(Int64(Double($0.nanoseconds) * .random(in: 0.9...1.1)))
        }
        ageGrace = configuration.ageGrace
        strikes = PingStrikes(configuration.pings)
        super.init(
            role: .server, settings: configuration.http2, keepalive: configuration.keepalive, eventLoop: eventLoop,
            peer: peer, warnings: warnings, held: held)
        start(timeouts: [idleTimeout] + [configuration.maxAge, ageGrace].compactMap(\.self))
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
    ///
    /// - Parameter debug: why, in the words of gRFC A9; the second GOAWAY says it.
    private func drain(_ debug: String = "") {
        guard drainState == .serving else { return }
        drainState = .noticed
        goodbye = debug
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
        session.submitGoAway(.noError, debug: goodbye)
    }

    override func receivedPing() {
        defer { session.hasSent = false }
        guard !strikes.received(.now(), hasSent: session.hasSent, hasStreams: session.openStreams > 0) else { return }
        session.fail(
            HTTP2Violation(
                rule: "too many pings", count: strikes.count, code: .enhanceYourCalm, debug: "too_many_pings"))
    }

    override func ticked(_ now: NIODeadline) {
        if session.openStreams > 0 || session.activity.streams != streamsSeen {
            streamsSeen = session.activity.streams
            idleSince = now
        } else if now - idleSince >= idleTimeout {
            drain("max_idle")
        }
        guard let oldAt, now >= oldAt else { return }
        guard let oldSince else {
            oldSince = now
            return drain("max_age")
        }
        if let ageGrace, now - oldSince >= ageGrace {
            warnings.warn(
                "HTTP/2 connection closed: it is too old, and its streams go on", peer: peer.address,
                count: session.openStreams)
            abort(.timedOut, .timedOut)
        }
    }
}

/// Asks a connection to finish what it has begun and to close; fired through its pipeline.
struct DrainEvent: Sendable {}
