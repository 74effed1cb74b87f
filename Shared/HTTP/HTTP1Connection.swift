import Logging
import NIOCore
import NIOHTTP1

/// One HTTP/1.1 connection of a server. Pipelined requests are answered one after the other (RFC 9112 §9.3.2).
final class HTTP1Connection: ChannelDuplexHandler, ByteHolder {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundIn = Never
    typealias OutboundOut = HTTPServerResponsePart

    let eventLoop: any EventLoop
    let peer: Peer
    private let application: any Application
    private let configuration: HTTPConfiguration
    private let warnings: WarningLog
    private let held: HeldBytes?
    var notedBytes = 0
    /// What the application keeps of the current request, in bytes.
    private var kept = 0
    private var context: ChannelHandlerContext?
    var activity = ConnectionActivity()
    private var current: HTTP1Exchange?
    /// Parts of requests that wait for the current one's response.
    private var waiting = CircularBuffer<HTTPServerRequestPart>(initialCapacity: 4)
    private var unconsumed = 0
    private var readIsHeld = false
    private var isInBurst = false
    private var settleIsScheduled = false
    private var isDraining = false
    private var isClosing = false
    private var isBlocked = false
    private var timer: Scheduled<Void>?
    private var silentSince = NIODeadline.now()
    private var headTimeout: TimeAmount
    private var unwritableSince: NIODeadline?
    /// Bytes have come of a request whose head is unfinished.
    private var isInHead = false
    private var hasPart = false
    private var headsInBurst = 0
    private var waitingHeads = 0
    /// Since when a body that is being read has brought nothing.
    private var bodySilentSince: NIODeadline?

    init(
        application: any Application, configuration: HTTPConfiguration, eventLoop: any EventLoop, peer: Peer,
        warnings: WarningLog, held: HeldBytes?
    ) {
        self.application = application
        self.configuration = configuration
        self.eventLoop = eventLoop
        self.peer = peer
        self.warnings = warnings
        self.held = held
        headTimeout = configuration.prefaceTimeout
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        scheduleTick()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        end(.connectionClosed)
        held?.forget(self)
        self.context = nil
    }

    // MARK: Input

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isClosing else { return }
        isInBurst = true
        bodySilentSince = nil
        hasPart = true
        let part = Self.unwrapInboundIn(data)
        if case .head = part {
            isInHead = false
            waitingHeads += 1
            headsInBurst += 1
            // One read of 64 KiB holds thousands, which would keep all other connections waiting.
            guard max(waitingHeads, headsInBurst) <= configuration.http1MaxPipelined + 1 else {
                warnings.warn(
                    "HTTP/1 connection closed: too many pipelined requests", peer: peer.address,
                    count: max(waitingHeads, headsInBurst))
                end(.connectionClosed)
                context.close(promise: nil)
                return
            }
        }
        waiting.append(part)
        deliver()
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if !hasPart, current == nil {
            isInHead = true
        }
        hasPart = false
        headsInBurst = 0
        settle()
        held?.settle(self)
    }

    func read(context: ChannelHandlerContext) {
        if unconsumed >= configuration.http1BodyWindow || !waiting.isEmpty {
            readIsHeld = true
        } else {
            context.read()
        }
    }

    /// Tells waiting parts, up to the head of the next request while one is being answered.
    private func deliver() {
        while !isClosing, let part = waiting.first {
            switch part {
            case .head(let head):
                guard current == nil else { return }
                waiting.removeFirst()
                waitingHeads -= 1
                begin(head)
            case .body(let bytes):
                waiting.removeFirst()
                if let current, !current.requestEnded {
                    unconsumed += bytes.readableBytes
                    current.unconsumed += bytes.readableBytes
                    current.delegate?.received(bytes)
                }
            case .end(let trailers):
                waiting.removeFirst()
                if let current {
                    current.requestEnded = true
                    current.delegate?.receivedEnd(trailers: Headers(trailers))
                    finishIfComplete(current)
                }
            }
        }
    }

    private func begin(_ head: HTTPRequestHead) {
        guard head.uri.utf8.count <= configuration.http1MaxHeadSize else {
            refuse(.uriTooLong)
            return
        }
        let hosts = head.headers["host"]
        // RFC 9112 §3.2: exactly one Host in HTTP/1.1.
        guard hosts.count == 1 || (head.version != .http1_1 && hosts.isEmpty) else {
            refuse(.badRequest)
            return
        }
        // RFC 9112 §6.1: a coding that we do not know leaves the end of the body unknown.
        guard head.headers["transfer-encoding"].allSatisfy({ $0.lowercased() == "chunked" }) else {
            refuse(.notImplemented)
            return
        }
        var request = RequestHead(
            method: head.method.rawValue, scheme: peer.isTLS ? "https" : "http", authority: hosts.first ?? "",
            path: head.uri, headers: Headers(head.headers), version: .http1_1)
        for prefix in ["http://", "https://"] where head.uri.hasPrefix(prefix) {
            // The absolute form (RFC 9112 §3.2.2) overrules Host.
            let rest = head.uri.dropFirst(prefix.count)
            let slash = rest.firstIndex(where: { $0 == "/" || $0 == "?" }) ?? rest.endIndex
            request.authority = String(rest[..<slash])
            request.path = rest[slash...].hasPrefix("/") ? String(rest[slash...]) : "/" + rest[slash...]
        }
        let exchange = HTTP1Exchange(head: request, connection: self, isHTTP1_0: head.version != .http1_1)
        // The parser stops after a request that asks for an upgrade, which we do not do (h2c: RFC 9113 §3.1).
        let upgrade = head.headers[canonicalForm: "connection"].contains { $0.lowercased() == "upgrade" }
        exchange.keepsAlive = head.isKeepAlive && !upgrade
        exchange.expectsContinue =
            head.version == .http1_1
            && head.headers[canonicalForm: "expect"].contains { $0.lowercased() == "100-continue" }
        current = exchange
        activity.streams += 1
        application.began(exchange)
    }

    /// Answers a request that cannot be told, and closes.
    private func refuse(_ status: HTTPResponseStatus) {
        let response = HTTPResponseHead(
            version: .http1_1, status: status, headers: ["content-length": "0", "connection": "close"])
        write(.head(response))
        close()
    }

    /// Ends a burst: lets the application run what is ready, as often as pipelined requests come up, then writes.
    private func settle() {
        guard !isClosing else { return }
        isInBurst = true
        repeat {
            deliver()
            application.burstEnded(on: eventLoop)
        } while current == nil && !waiting.isEmpty && !isClosing
        isInBurst = false
        guard !isClosing else { return }
        if let current, current.responseEnded {
            // An early answer to an unfinished request ends the connection: what follows would be read as a request.
            current.delegate = nil
            self.current = nil
            close()
            return
        }
        if let current, current.expectsContinue, !current.headSubmitted, !current.requestEnded {
            // RFC 9110 §10.1.1: the application has not refused the request.
            current.expectsContinue = false
            write(.head(HTTPResponseHead(version: .http1_1, status: .continue)))
        }
        context?.flush()
        if readIsHeld, unconsumed < configuration.http1BodyWindow, waiting.isEmpty {
            readIsHeld = false
            context?.read()
        }
    }

    private func scheduleSettle() {
        guard !isInBurst, !settleIsScheduled, !isClosing else { return }
        settleIsScheduled = true
        eventLoop.assumeIsolated().execute {
            self.settleIsScheduled = false
            self.settle()
            self.held?.settle(self)
        }
    }

    func hold(_ byteCount: Int, _ exchange: HTTP1Exchange) {
        guard exchange === current, !isClosing else { return }
        kept = byteCount
    }

    var heldBytes: Int { kept + unwrittenBytes }

    /// Of answers; below NIO's own high-water mark they do not matter.
    private var unwrittenBytes: Int {
        guard let context, context.channel.isActive, !context.channel.isWritable else { return 0 }
        return (try? context.channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
    }

    func shedLargest() {
        end(.shed)
        context?.close(promise: nil)
    }

    /// What the connection tells of itself now.
    var statistics: ConnectionStatistics {
        var statistics = activity.statistics(open: current == nil ? 0 : 1, now: .now())
        if let context { statistics.describe(context.channel, isTLS: peer.isTLS) }
        return statistics
    }

    // MARK: Output

    func isWritable(_ exchange: HTTP1Exchange) -> Bool {
        guard exchange === current, !isClosing, let context else { return false }
        if !context.channel.isWritable {
            isBlocked = true
        }
        return context.channel.isWritable
    }

    func send(_ part: HTTPServerResponsePart, of exchange: HTTP1Exchange) {
        guard exchange === current, !isClosing else { return }
        write(part)
        if case .body = part, context?.channel.isWritable == false {
            isBlocked = true
        }
        scheduleSettle()
    }

    private func write(_ part: HTTPServerResponsePart) {
        context?.write(Self.wrapOutboundOut(part), promise: nil)
    }

    /// The response head is about to go: whether the connection goes on after it.
    func decideKeepAlive(_ exchange: HTTP1Exchange) -> Bool {
        exchange.keepsAlive = exchange.keepsAlive && !isDraining
        return exchange.keepsAlive
    }

    func finishIfComplete(_ exchange: HTTP1Exchange) {
        guard exchange === current, exchange.responseEnded, exchange.requestEnded, !isClosing else { return }
        unconsumed -= exchange.unconsumed
        exchange.delegate = nil
        current = nil
        kept = 0
        guard exchange.keepsAlive, !isDraining else {
            close()
            return
        }
        silentSince = .now()
        headTimeout = configuration.http1KeepAliveTimeout
        scheduleSettle()
    }

    func consume(_ byteCount: Int) {
        unconsumed -= byteCount
        if readIsHeld {
            scheduleSettle()
        }
    }

    func reset(_ exchange: HTTP1Exchange) {
        guard exchange === current, !isClosing else { return }
        exchange.delegate = nil
        end(.connectionClosed)
        context?.close(promise: nil)
    }

    private func close() {
        guard let context, !isClosing else { return }
        end(.connectionClosed)
        let written = context.eventLoop.makePromise(of: Void.self)
        context.writeAndFlush(Self.wrapOutboundOut(.body(.byteBuffer(ByteBuffer()))), promise: written)
        context.channel.closeGently(
            after: written.futureResult, isTLS: peer.isTLS, limit: configuration.http2.writeStallTimeout)
    }

    private func end(_ reason: ExchangeCancellation) {
        guard !isClosing else { return }
        isClosing = true
        timer?.cancel()
        waiting.removeAll()
        kept = 0
        // What was read is not settled any more, and the application waits for the end of the burst, with calls of other
        // connections.
        if isInBurst { eventLoop.assumeIsolated().execute { self.application.burstEnded(on: self.eventLoop) } }
        if let exchange = current {
            current = nil
            let delegate = exchange.delegate
            exchange.delegate = nil
            if !exchange.responseEnded {
                activity.failedStreams += 1
                delegate?.cancelled(reason)
            }
        }
    }

    // MARK: Channel

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable, isBlocked {
            isBlocked = false
            unwritableSince = nil
            current?.delegate?.becameWritable()
        }
        if context.channel.isWritable { held?.settle(self) }
        context.fireChannelWritabilityChanged()
    }

    func channelInactive(context: ChannelHandlerContext) {
        end(.connectionClosed)
        held?.forget(self)
        context.fireChannelInactive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is DrainEvent {
            isDraining = true
            if current == nil, waiting.isEmpty {
                close()
            }
        }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let parserError = error as? HTTPParserError, !isClosing, current?.headSubmitted != true else {
            end(.connectionClosed)
            context.close(promise: nil)
            return
        }
        guard parserError != .invalidEOFState else {
            // The peer is gone in the midst of a request.
            end(.connectionClosed)
            context.close(promise: nil)
            return
        }
        let isTooLarge = parserError == .headerOverflow
        warnings.warn("HTTP/1 request refused: \(parserError)", peer: peer.address, count: 1)
        end(.connectionClosed)
        isClosing = false
        refuse(isTooLarge ? .requestHeaderFieldsTooLarge : .badRequest)
    }

    // MARK: Time

    private func scheduleTick() {
        let period = TimeAmount.tick(
            for: [headTimeout, configuration.http1BodyTimeout, configuration.http2.writeStallTimeout])
        timer = eventLoop.assumeIsolated().scheduleTask(in: period) {
            self.tick()
        }
    }

    /// While reading goes on; an application that does not take what has come is no fault of the peer's.
    private func isBodySilent(_ now: NIODeadline) -> Bool {
        guard let current, !current.requestEnded, !readIsHeld else {
            bodySilentSince = nil
            return false
        }
        guard let since = bodySilentSince else {
            bodySilentSince = now
            return false
        }
        return now - since >= configuration.http1BodyTimeout
    }

    private func tick() {
        guard !isClosing, let context else { return }
        let now = NIODeadline.now()
        activity.look(now)
        if current == nil, now - silentSince >= headTimeout {
            // Nothing is promised to an idle connection (RFC 9112 §9.5).
            if isInHead {
                warnings.warn(
                    "HTTP/1 connection closed: a request head was not finished in time", peer: peer.address, count: 1)
            }
            close()
            return
        }
        if isBodySilent(now) {
            warnings.warn(
                "HTTP/1 connection closed: a body brought nothing for too long", peer: peer.address, count: 1)
            end(.timedOut)
            context.close(promise: nil)
            return
        }
        if context.channel.isWritable {
            unwritableSince = nil
        } else if let since = unwritableSince {
            if now - since >= configuration.http2.writeStallTimeout {
                warnings.warn("HTTP/1 connection closed: the peer does not read", peer: peer.address, count: 1)
                end(.timedOut)
                context.close(promise: nil)
                return
            }
        } else {
            unwritableSince = now
        }
        scheduleTick()
    }
}

extension Headers {
    init(_ headers: HTTPHeaders?) {
        self.init()
        guard let headers else { return }
        for (name, value) in headers {
            add(name.lowercased(), value)
        }
    }
}
