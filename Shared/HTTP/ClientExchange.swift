import NIOCore

/// One request and its response on the client; confined to its connection's event loop. All methods are harmless after
/// the exchange has ended.
public protocol ClientExchange: AnyObject {
    /// Queues body bytes; the caller honours `isWritable`.
    func write(_ bytes: ByteBuffer)

    /// Whether fewer bytes are queued than the high-water mark (64 KiB by default).
    var isWritable: Bool { get }

    /// Ends the request body (half-close).
    func end()

    /// Abandons the exchange with RST_STREAM; the delegate hears nothing more.
    func reset(_ code: HTTP2ErrorCode)

    /// Gives back flow-control credit for `byteCount` received body bytes.
    func consume(_ byteCount: Int)

    /// Counts messages of the application's protocol, for those who ask how the connection does (gRFC A14).
    func countMessages(sent: Int, received: Int)
}

extension ClientExchange {
    public func countMessages(sent: Int, received: Int) {}
}

/// What the connection tells the client of one exchange, on its event loop.
public protocol ClientExchangeDelegate: AnyObject {
    /// The final head; informational (1xx) heads are skipped.
    func received(_ head: ResponseHead)
    /// Bytes of the response's body, in order.
    func received(_ bytes: ByteBuffer)

    /// The response is complete. `trailers` is empty when END_STREAM came on the head or on DATA. An unfinished request
    /// body is abandoned (RFC 9113 §8.1).
    func receivedEnd(trailers: Headers)
    /// The queue has drained to half the high-water mark after `isWritable` was false.
    func becameWritable()

    /// Abnormal end: at most once, never after `receivedEnd`.
    func closed(_ reason: StreamCloseReason)
}

/// Why a stream ended without a complete response.
public enum StreamCloseReason: Sendable, Hashable {
    /// RST_STREAM, from either side.
    case reset(HTTP2ErrorCode)
    /// The connection was lost, and the server may have seen the request.
    case connectionClosed
    /// It never reached the application, so it is safe to retry: never sent, above the last stream of a GOAWAY, or
    /// refused with REFUSED_STREAM (RFC 9113 §8.7).
    case unprocessed
}

/// Why a client connection stopped taking requests.
public enum ConnectionCloseReason: Sendable, Hashable {
    /// `close(grace:)` was called.
    case requested
    /// The peer closed the connection, without or after GOAWAY.
    case closedByPeer
    /// GOAWAY: its code and debug data (at most 256 bytes, repaired UTF-8).
    case goAway(HTTP2ErrorCode, debug: String)
    /// The transport failed; the text says how.
    case failed(String)
    /// The peer broke the protocol or one of our limits.
    case violated(String)
    /// The peer read nothing for the write stall timeout, or left a header block unfinished.
    case timedOut
    /// No stream identifiers are left (RFC 9113 §5.1.1).
    case exhausted
}
