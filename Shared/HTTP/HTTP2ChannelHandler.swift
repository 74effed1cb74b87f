import Logging
import NIOCore

/// Joins a session to its channel: reads feed it, one write per burst drains it, and the socket's back-pressure stops
/// the draining. Base of the server's and the client's connection; everything is confined to the channel's event loop.
///
/// `@exclusivity(unchecked)`: no access spans a call of the session or the application.
class HTTP2ChannelHandler: ChannelInboundHandler, HTTP2SessionOwner, ByteHolder {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    final let eventLoop: any EventLoop
    final let peer: Peer
    private final let keepalive: Keepalive
    final let session: HTTP2Session
    final let warnings: WarningLog
    /// nil where what is held for peers has no bound: in a client.
    private final let held: HeldBytes?
    @exclusivity(unchecked) final var notedBytes = 0
    @exclusivity(unchecked) private final var context: ChannelHandlerContext?
    private final var timer: Scheduled<Void>?
    private final var tickPeriod: TimeAmount = .seconds(5)
    @exclusivity(unchecked) private final var unwritableSince: NIODeadline?
    private final var keepaliveWatch: KeepaliveWatch
    @exclusivity(unchecked) private final var hasHeard = false
    @exclusivity(unchecked) private final var isInBurst = false
    @exclusivity(unchecked) private final var isFlushing = false
    @exclusivity(unchecked) private final var flushIsScheduled = false
    @exclusivity(unchecked) private final var isClosing = false

    /// Bytes of a read while the peer is suspicious, some 200 frames, and how long it waits for the next one.
    private static let littleRead = 2048
    private static let pause = TimeAmount.milliseconds(10)

    /// Opaque data of PINGs that ask for a sign of life.
    private static let keepalivePing: UInt64 = 0x616c_6976_653f_0001

    init(
        role: HTTP2Session.Role, settings: HTTP2Settings, keepalive: Keepalive, eventLoop: any EventLoop, peer: Peer,
        warnings: WarningLog, held: HeldBytes? = nil
    ) {
        self.keepalive = keepalive
        keepaliveWatch = KeepaliveWatch(keepalive, now: .now())
        self.eventLoop = eventLoop
        self.peer = peer
        self.warnings = warnings
        self.held = held
        session = HTTP2Session(role: role, settings: settings)
        session.owner = self
    }

    private final var settings: HTTP2Settings { session.settings }

    // MARK: For the server's and the client's connection

    /// All bytes of one read were told.
    func burstEnded() {}
    /// The clock was looked at.
    func ticked(_ now: NIODeadline) {}
    /// The connection is over for the application; called once, after its streams were told.
    func ended(_ reason: ConnectionCloseReason) {}

    func makeStream(_ head: RequestHead) -> HTTP2Stream? { nil }
    func receivedSettings() {}
    func receivedPing() {}
    func received(pong opaque: UInt64) {}
    func receivedGoAway(_ code: HTTP2ErrorCode, debug: String) {}

    func violated(_ violation: HTTP2Violation) {
        warnings.warn("HTTP/2 connection ended: \(violation.rule)", peer: peer.address, count: violation.count)
        closeReason = closeReason ?? .violated(violation.rule)
    }

    /// Why the connection ends; the first reason stands.
    final var closeReason: ConnectionCloseReason?

    /// Begins speaking, with `timeouts` of its own to be watched besides those of the settings.
    final func start(timeouts: [TimeAmount] = []) {
        keepaliveWatch = KeepaliveWatch(keepalive, now: .now())
        tickPeriod = .tick(
            for: timeouts + keepalive.timeouts + [
                settings.headerTimeout, settings.frameTimeout, settings.writeStallTimeout, settings.abuseWindow,
            ])
        scheduleTick()
        scheduleFlush()
    }

    // MARK: Channel

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        end(.connectionClosed, closeReason ?? .closedByPeer)
        self.context = nil
    }

    func channelActive(context: ChannelHandlerContext) {
        context.fireChannelActive()
    }

    final func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isClosing else { return }
        isInBurst = true
        hasHeard = true
        session.feed(Self.unwrapInboundIn(data))
    }

    final func channelReadComplete(context: ChannelHandlerContext) {
        guard !isClosing else { return }
        burstEnded()
        isInBurst = false
        flush()
        held?.settle(self)
        if session.role == .server, session.isSuspicious, !isClosing { wait(context) }
    }

    /// Reads nothing for a moment: whose frames lead nowhere is not to keep the loop from everybody else.
    private func wait(_ context: ChannelHandlerContext) {
        let options = context.channel.syncOptions
        try? options?.setOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: Self.littleRead))
        try? options?.setOption(.autoRead, value: false)
        eventLoop.assumeIsolated().scheduleTask(in: Self.pause) {
            guard let options = self.context?.channel.syncOptions, !self.isClosing else { return }
            if !self.session.isSuspicious {
                try? options.setOption(.recvAllocator, value: .ofConnections)
            }
            try? options.setOption(.autoRead, value: true)
        }
    }

    final func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable {
            unwritableSince = nil
            flush()
            held?.settle(self)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        end(.connectionClosed, .closedByPeer)
        context.fireChannelInactive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        closeReason = closeReason ?? .failed(TLSFailure.text(error))
        end(.connectionClosed, .closedByPeer)
        context.close(promise: nil)
    }

    final var heldBytes: Int { session.heldBytes }

    final func shedLargest() { session.shedLargest() }

    /// What the connection tells of itself now.
    final var statistics: ConnectionStatistics {
        var statistics = session.statistics
        if let context { statistics.describe(context.channel, isTLS: peer.isTLS) }
        return statistics
    }

    // MARK: Output

    final func wakeUp() {
        if !isInBurst, !isFlushing {
            scheduleFlush()
        }
    }

    private func scheduleFlush() {
        guard !flushIsScheduled, !isClosing else { return }
        flushIsScheduled = true
        eventLoop.assumeIsolated().execute {
            self.flushIsScheduled = false
            self.flush()
            self.held?.settle(self)
        }
    }

    private func flush() {
        guard let context, !isFlushing, !isClosing, context.channel.isActive, context.channel.isWritable else { return }
        isFlushing = true
        var wrote: Bool
        repeat {
            let piece = session.drain()
            wrote = piece.readableBytes > 0
            if wrote {
                context.writeAndFlush(Self.wrapOutboundOut(piece), promise: nil)
            }
            session.deliver()
        } while (wrote || session.isDirty) && !isClosing && context.channel.isWritable
        isFlushing = false
        if !isClosing, session.isFinished {
            finish(context)
        }
    }

    /// Everything was said: close once it is written.
    private func finish(_ context: ChannelHandlerContext) {
        end(.connectionClosed, .closedByPeer)
        let written = context.eventLoop.makePromise(of: Void.self)
        context.writeAndFlush(Self.wrapOutboundOut(ByteBuffer()), promise: written)
        context.channel.closeGently(after: written.futureResult, isTLS: peer.isTLS, limit: settings.writeStallTimeout)
    }

    private func end(_ cancellation: ExchangeCancellation, _ reason: ConnectionCloseReason) {
        guard !isClosing else { return }
        isClosing = true
        timer?.cancel()
        timer = nil
        closeReason = closeReason ?? reason
        session.abandon(cancellation)
        held?.forget(self)
        ended(closeReason ?? reason)
        // No read completes any more, and the application waits for the end of the burst, with calls of other connections.
        if isInBurst { eventLoop.assumeIsolated().execute { self.burstEnded() } }
    }

    /// Ends the connection without waiting for the peer.
    final func abort(_ cancellation: ExchangeCancellation, _ reason: ConnectionCloseReason) {
        end(cancellation, reason)
        context?.close(promise: nil)
    }

    // MARK: Time

    private func isAlive(_ now: NIODeadline) -> Bool {
        defer { hasHeard = false }
        switch keepaliveWatch.look(now, hasHeard: hasHeard, hasStreams: session.openStreams > 0) {
        case .fine: return true
        case .ask:
            session.activity.keepalivesSent += 1
            session.submitPing(Self.keepalivePing)
            return true
        case .dead:
            warnings.warn(
                "HTTP/2 connection closed: the peer gives no sign of life", peer: peer.address,
                count: session.openStreams)
            abort(.timedOut, .timedOut)
            return false
        }
    }

    private func scheduleTick() {
        timer = eventLoop.assumeIsolated().scheduleTask(in: tickPeriod) {
            self.tick()
        }
    }

    private func tick() {
        guard !isClosing, let context else { return }
        let now = NIODeadline.now()
        session.activity.look(now)
        if context.channel.isWritable {
            unwritableSince = nil
        } else if let since = unwritableSince {
            if now - since >= settings.writeStallTimeout {
                warnings.warn(
                    "HTTP/2 connection closed: the peer does not read", peer: peer.address, count: session.openStreams)
                abort(.timedOut, .timedOut)
                return
            }
        } else {
            unwritableSince = now
        }
        switch session.tick(now) {
        case .fine:
            break
        case .unfinished(let what):
            warnings.warn(
                "HTTP/2 connection closed: \(what) was not finished in time", peer: peer.address, count: 1)
            abort(.timedOut, .timedOut)
            return
        case .stalled(let streams):
            warnings.warn("HTTP/2 streams reset: the peer does not read", peer: peer.address, count: streams.count)
            streams.forEach(session.giveUp)
        }
        guard isAlive(now) else { return }
        ticked(now)
        if !isClosing { scheduleTick() }
    }
}

extension TimeAmount {
    /// How often to look at the clock so that none of `timeouts` is exceeded by more than a quarter: 10 ms … 5 s.
    static func tick(for timeouts: [TimeAmount]) -> TimeAmount {
        let shortest = timeouts.map(\.nanoseconds).min() ?? .max
        return .nanoseconds(Swift.max(10_000_000, Swift.min(5_000_000_000, shortest / 4)))
    }
}

extension Channel {
    /// Closes in a way that lets the peer read what was written: a full close with unread input would make the kernel
    /// send RST, which destroys bytes on their way (RFC 9112 §9.6). Waits at most `limit` for the writing and one
    /// second for the peer.
    func closeGently(after written: EventLoopFuture<Void>, isTLS: Bool, limit: TimeAmount) {
        let lastResort = eventLoop.scheduleTask(in: limit) { self.close(promise: nil) }
        closeFuture.whenComplete { _ in lastResort.cancel() }
        written.whenComplete { result in
            guard case .success = result, !isTLS else {
                // NIOSSL's close sends close_notify and waits for the peer's.
                self.close(promise: nil)
                return
            }
            self.close(mode: .output, promise: nil)
            let linger = self.eventLoop.scheduleTask(in: .seconds(1)) { self.close(promise: nil) }
            self.closeFuture.whenComplete { _ in linger.cancel() }
        }
    }
}
