import HTTP
import NIOCore

@testable import RPC

/// A connection without sockets: both ends on one event loop, each direction with a flow-control window. What one side
/// does the other hears in a later turn of the loop, as it would over a network.
final class InMemoryConnection: ClientTransport {
    private let application: any Application
    private let eventLoop: any EventLoop
    private var closing: ((ConnectionCloseReason) -> Void)?
    private var exchanges: [InMemoryExchange] = []
    private var isClosed = false
    let statistics = ConnectionStatistics()

    init(_ application: any Application, on eventLoop: any EventLoop) {
        self.application = application
        self.eventLoop = eventLoop
    }

    /// Connects channels to an application.
    static func connector(_ application: any Application) -> Connector {
        { _, _, eventLoop, done in
            eventLoop.assumeIsolated().execute { done(.success(InMemoryConnection(application, on: eventLoop))) }
        }
    }

    var canTakeRequest: Bool { !isClosed }

    func request(_ head: RequestHead, endStream: Bool, delegate: any ClientExchangeDelegate) -> any ClientExchange {
        let exchange = InMemoryExchange(head, delegate, application, on: eventLoop)
        exchanges.removeAll { $0.isOver }
        exchanges.append(exchange)
        return InMemoryExchange.ClientEnd(exchange)
    }

    func whenClosing(_ body: @escaping (ConnectionCloseReason) -> Void) { closing = body }

    func close(grace: TimeAmount, _ done: @escaping () -> Void) {
        isClosed = true
        closing?(.requested)
        closing = nil
        for exchange in exchanges { exchange.lose() }
        exchanges = []
        done()
    }
}

/// One direction of bytes under a window; at most `window` bytes are delivered and not consumed.
private struct Lane {
    static let window = 64 * 1024
    private var queue = CircularBuffer<ByteBuffer>()
    private var queued = 0
    private var outstanding = 0
    private var isEnding = false
    private var wasFull = false

    var isWritable: Bool { queued < Lane.window }

    mutating func write(_ bytes: ByteBuffer) {
        queue.append(bytes)
        queued += bytes.readableBytes
        if !isWritable { wasFull = true }
    }

    mutating func end() { isEnding = true }

    mutating func next() -> ByteBuffer? {
        guard outstanding < Lane.window, var first = queue.popFirst() else { return nil }
        let room = Lane.window - outstanding
        var piece = first
        if first.readableBytes > room, let part = first.readSlice(length: room) {
            piece = part
            queue.prepend(first)
        }
        outstanding += piece.readableBytes
        queued -= piece.readableBytes
        return piece
    }

    mutating func consume(_ count: Int) { outstanding = max(0, outstanding - count) }

    /// True once, when everything has been delivered after the end.
    mutating func takeEnd() -> Bool {
        guard isEnding, queue.isEmpty else { return false }
        isEnding = false
        return true
    }

    /// True once, when there is room again.
    mutating func takeBecameWritable() -> Bool {
        guard wasFull, queued <= Lane.window / 2 else { return false }
        wasFull = false
        return true
    }
}

final class InMemoryExchange: Exchange {
    let eventLoop: any EventLoop
    let peer = Peer(address: "in-memory", isTLS: false)
    let head: RequestHead
    var delegate: (any ExchangeDelegate)?

    private let application: any Application
    fileprivate var client: (any ClientExchangeDelegate)?
    private var up = Lane()
    private var down = Lane()
    private var response: ResponseHead?
    private var trailers: Headers?
    private var isMoving = false
    fileprivate(set) var isOver = false

    fileprivate init(
        _ head: RequestHead, _ client: any ClientExchangeDelegate, _ application: any Application,
        on eventLoop: any EventLoop
    ) {
        self.head = head
        self.client = client
        self.application = application
        self.eventLoop = eventLoop
        later {
            application.began(self)
            application.burstEnded(on: eventLoop)
        }
    }

    private func later(_ body: @escaping () -> Void) { eventLoop.assumeIsolated().execute { body() } }

    private func move() {
        eventLoop.preconditionInEventLoop()
        guard !isMoving else { return }
        isMoving = true
        later {
            self.isMoving = false
            self.deliver()
        }
    }

    private func deliver() {
        while !isOver, let bytes = up.next() { delegate?.received(bytes) }
        if !isOver, up.takeEnd() { delegate?.receivedEnd(trailers: [:]) }
        if !isOver, up.takeBecameWritable() { client?.becameWritable() }
        application.burstEnded(on: eventLoop)
        if !isOver, let head = response {
            response = nil
            client?.received(head)
        }
        while !isOver, let bytes = down.next() { client?.received(bytes) }
        if !isOver, down.takeEnd() {
            isOver = true
            client?.receivedEnd(trailers: trailers ?? [:])
            (client, delegate) = (nil, nil)
        }
        if !isOver, down.takeBecameWritable() { delegate?.becameWritable() }
    }

    /// The connection is gone, for both ends.
    fileprivate func lose() {
        later {
            guard !self.isOver else { return }
            self.isOver = true
            self.delegate?.cancelled(.connectionClosed)
            self.client?.closed(.connectionClosed)
            (self.client, self.delegate) = (nil, nil)
        }
    }

    // MARK: The server's end

    func consume(_ byteCount: Int) {
        up.consume(byteCount)
        move()
    }

    func respond(_ head: ResponseHead, endStream: Bool) {
        response = head
        if endStream { end(trailers: nil) } else { move() }
    }

    var isWritable: Bool { down.isWritable }

    func write(_ bytes: ByteBuffer) {
        down.write(bytes)
        move()
    }

    func end(trailers: Headers?) {
        self.trailers = trailers
        down.end()
        move()
    }

    func reset(_ code: HTTP2ErrorCode) {
        later {
            guard !self.isOver else { return }
            self.isOver = true
            self.client?.closed(.reset(code))
            (self.client, self.delegate) = (nil, nil)
        }
    }

    /// The client's end. All it does is on the same loop.
    final class ClientEnd: ClientExchange {
        private let exchange: InMemoryExchange

        fileprivate init(_ exchange: InMemoryExchange) { self.exchange = exchange }

        func write(_ bytes: ByteBuffer) {
            exchange.up.write(bytes)
            exchange.move()
        }

        var isWritable: Bool { exchange.up.isWritable }

        func end() {
            exchange.up.end()
            exchange.move()
        }

        func reset(_ code: HTTP2ErrorCode) {
            let exchange = exchange
            exchange.client = nil
            exchange.later {
                guard !exchange.isOver else { return }
                exchange.isOver = true
                exchange.delegate?.cancelled(.reset(code))
                exchange.delegate = nil
            }
        }

        func consume(_ byteCount: Int) {
            exchange.down.consume(byteCount)
            exchange.move()
        }
    }
}
