import NIOCore

/// One request and its answer on the server, whatever HTTP version carries it.
///
/// Confined to its event loop: every member is used there, and there only. All methods are harmless after the exchange
/// has ended, so an application need not track the end of the transport.
public protocol Exchange: AnyObject {
    /// The loop that the exchange belongs to.
    var eventLoop: any EventLoop { get }
    /// Who asks.
    var peer: Peer { get }
    /// The request's head.
    var head: RequestHead { get }

    /// Held strongly until the exchange ends.
    var delegate: (any ExchangeDelegate)? { get set }

    /// Gives back flow-control credit for `byteCount` received body bytes (RFC 9113 §6.9). Without it the peer stops
    /// sending after one window. Bytes beyond what was received are ignored.
    func consume(_ byteCount: Int)

    /// Sends the final response head, once. With `endStream` it is the whole answer: one HEADERS frame with END_STREAM.
    func respond(_ head: ResponseHead, endStream: Bool)

    /// Queues body bytes, after `respond`. There is no size limit here: the caller honours `isWritable`.
    func write(_ bytes: ByteBuffer)

    /// The same for `byteCount` bytes that `fill` writes where they wait to be sent: a stream of small messages needs no
    /// buffer for each.
    func write(byteCount: Int, _ fill: (UnsafeMutableRawBufferPointer) -> Void)

    /// Whether fewer bytes are queued than the high-water mark (64 KiB by default).
    var isWritable: Bool { get }

    /// Ends the response. Without trailers the last DATA frame carries END_STREAM.
    func end(trailers: Headers?)

    /// Abandons the exchange; the delegate hears nothing more. HTTP/1 closes the connection.
    func reset(_ code: HTTP2ErrorCode)

    /// Tells how many bytes of the request the application keeps for which it has given back the credit, in all: what a
    /// server holds for all its peers together is bounded (`HTTPConfiguration.maxHeldBytesPerLoop`).
    func hold(_ byteCount: Int)

    /// Counts messages of the application's protocol, for those who ask how the connection does (gRFC A14).
    func countMessages(sent: Int, received: Int)
}

extension Exchange {
    public func write(byteCount: Int, _ fill: (UnsafeMutableRawBufferPointer) -> Void) {
        write(ByteBuffer(byteCount: byteCount, fill))
    }

    public func hold(_ byteCount: Int) {}
    public func countMessages(sent: Int, received: Int) {}
}

/// What the transport tells the application of one exchange, on its event loop.
public protocol ExchangeDelegate: AnyObject {
    /// Request body, in order.
    func received(_ bytes: ByteBuffer)

    /// The request is complete.
    func receivedEnd(trailers: Headers)

    /// The queue has drained to half the high-water mark after `isWritable` was false.
    func becameWritable()

    /// Peer reset, connection lost or write stall: at most once, never after the whole response was sent. Nothing can
    /// be written afterwards.
    func cancelled(_ reason: ExchangeCancellation)
}

/// Why an exchange ended early.
public enum ExchangeCancellation: Sendable, Hashable {
    /// RST_STREAM from the peer.
    case reset(HTTP2ErrorCode)
    /// The connection was lost or is being closed.
    case connectionClosed
    /// The peer read or sent nothing for too long.
    case timedOut
    /// The server holds too much for all its peers, and this exchange is among the largest.
    case shed
}

/// What a server serves. Called on event loops, of which there may be several.
public protocol Application: AnyObject, Sendable {
    /// A request head arrived: set the delegate, answer whenever.
    func began(_ exchange: any Exchange)

    /// All bytes of one read have been delivered: run what is ready. Everything written inside `began`, `received` and
    /// `burstEnded` leaves in one socket write right after this returns.
    func burstEnded(on eventLoop: any EventLoop)
}
