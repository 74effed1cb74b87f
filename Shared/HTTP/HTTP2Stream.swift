import CNghttp2
import NIOCore

/// One stream of a session: what server and client exchanges have in common. The session holds it from its creation
/// until its end has been told; then `session` is nil and every operation does nothing.
///
/// `@exclusivity(unchecked)`: no access spans a call of the delegate.
class HTTP2Stream {
    @exclusivity(unchecked) final var id: Int32 = 0
    @exclusivity(unchecked) final var session: HTTP2Session?
    @exclusivity(unchecked) final var slot = 0

    /// Body bytes that nghttp2 has not framed yet.
    @exclusivity(unchecked) final var queue = BodyQueue()
    /// nghttp2 waits for bytes: its read callback said DEFERRED.
    @exclusivity(unchecked) final var isDeferred = false
    /// The queue has passed the high-water mark and `becameWritable` is owed.
    @exclusivity(unchecked) final var isBlocked = false
    /// Bytes were framed since the last tick.
    @exclusivity(unchecked) final var progressed = false
    @exclusivity(unchecked) final var stalledSince: NIODeadline?

    /// `end` was called.
    @exclusivity(unchecked) final var isEnded = false
    /// Trailers that follow the last body byte.
    @exclusivity(unchecked) final var trailers: Headers?
    /// The frame with END_STREAM was handed to the transport.
    @exclusivity(unchecked) final var endWasSent = false
    /// The head (request or response) was handed to nghttp2.
    @exclusivity(unchecked) final var headSubmitted = false
    /// A client's request head was handed to the transport.
    @exclusivity(unchecked) final var headWasSent = false
    /// The peer's END_STREAM was told.
    @exclusivity(unchecked) final var endWasReceived = false
    /// nghttp2 has forgotten the stream, or the application has given it up.
    @exclusivity(unchecked) final var isClosed = false

    /// Received body bytes whose credit has not been given back.
    @exclusivity(unchecked) final var unconsumed = 0
    /// What the application keeps of the request, in bytes.
    @exclusivity(unchecked) private final var kept = 0
    /// What the session has counted of `kept` and the queue.
    @exclusivity(unchecked) private(set) final var counted = 0

    // What the session tells, in the order of the frames.
    func began() {}
    func received(_ head: ResponseHead) {}
    func received(_ bytes: ByteBuffer) {}
    func receivedEnd(_ trailers: Headers) {}
    func becameWritable() {}
    /// nghttp2 closed the stream with `code`.
    func closed(_ code: HTTP2ErrorCode) {}
    /// The connection was lost or the peer stalled.
    func lost(_ reason: ExchangeCancellation) {}
    /// The stream is over, in whatever way: let go of the delegate.
    func release() {}

    final var isWritable: Bool {
        guard let session, !isClosed, !isEnded else { return false }
        return queue.byteCount < session.settings.highWaterMark
    }

    final func write(_ bytes: ByteBuffer) {
        guard let session, !isClosed, !isEnded, headSubmitted, bytes.readableBytes > 0 else { return }
        queue.append(bytes)
        queued(session)
    }

    final func write(byteCount: Int, _ fill: (UnsafeMutableRawBufferPointer) -> Void) {
        guard let session, !isClosed, !isEnded, headSubmitted, byteCount > 0 else { return }
        queue.append(byteCount: byteCount, fill)
        queued(session)
    }

    private func queued(_ session: HTTP2Session) {
        countHeld()
        if queue.byteCount >= session.settings.highWaterMark {
            isBlocked = true
        }
        resume(session)
    }

    final func end(trailers: Headers?) {
        guard let session, !isClosed, !isEnded, headSubmitted else { return }
        isEnded = true
        if let trailers, isDeferred, queue.byteCount == 0 {
            // All DATA is out: trailers may go at once, without an empty DATA frame before them.
            session.submit(trailers: trailers, on: self)
            session.wake()
        } else {
            self.trailers = trailers
            resume(session)
        }
    }

    private func resume(_ session: HTTP2Session) {
        if isDeferred {
            isDeferred = false
            nghttp2_session_resume_data(session.engine, id)
        }
        session.wake()
    }

    final func consume(_ byteCount: Int) {
        let credit = min(byteCount, unconsumed)
        guard let session, credit > 0 else { return }
        unconsumed -= credit
        nghttp2_session_consume(session.engine, id, credit)
        session.wake()
    }

    final func hold(_ byteCount: Int) {
        guard session != nil, !isClosed else { return }
        kept = byteCount
        countHeld()
    }

    /// Tells the session what the stream holds now.
    final func countHeld() {
        guard let session else { return }
        let held = kept + queue.byteCount
        session.heldBytes += held - counted
        counted = held
    }

    /// Nothing of the stream is of use any more.
    final func drop() {
        queue.removeAll()
        kept = 0
        countHeld()
    }

    final func countMessages(sent: Int, received: Int) {
        session?.activity.messagesSent += sent
        session?.activity.messagesReceived += received
    }

    final func reset(_ code: HTTP2ErrorCode) {
        guard let session, !isClosed else { return }
        isClosed = true
        drop()
        session.submitReset(id, code)
        session.wake()
        release()
    }
}

/// The server's side of a stream.
final class HTTP2Exchange: HTTP2Stream, Exchange {
    let head: RequestHead
    @exclusivity(unchecked) var delegate: (any ExchangeDelegate)?
    private let connection: HTTP2ServerConnection

    init(head: RequestHead, connection: HTTP2ServerConnection) {
        self.head = head
        self.connection = connection
    }

    var eventLoop: any EventLoop { connection.eventLoop }
    var peer: Peer { connection.peer }

    func respond(_ head: ResponseHead, endStream: Bool) {
        guard let session, !isClosed, !headSubmitted else { return }
        headSubmitted = true
        isEnded = endStream
        session.submit(response: head, endStream: endStream, on: self)
        session.wake()
    }

    override func began() {
        connection.application.began(self)
    }

    override func received(_ bytes: ByteBuffer) {
        delegate?.received(bytes)
    }

    override func receivedEnd(_ trailers: Headers) {
        delegate?.receivedEnd(trailers: trailers)
    }

    override func becameWritable() {
        delegate?.becameWritable()
    }

    override func closed(_ code: HTTP2ErrorCode) {
        if !endWasSent {
            delegate?.cancelled(.reset(code))
        }
    }

    override func lost(_ reason: ExchangeCancellation) {
        delegate?.cancelled(reason)
    }

    override func release() {
        delegate = nil
    }
}

/// The client's side of a stream.
final class HTTP2ClientStream: HTTP2Stream, ClientExchange {
    @exclusivity(unchecked) private var delegate: (any ClientExchangeDelegate)?
    private var headWasReceived = false

    init(delegate: any ClientExchangeDelegate) {
        self.delegate = delegate
    }

    func end() {
        end(trailers: nil)
    }

    /// The connection did not take the request.
    func refuse() {
        let delegate = delegate
        release()
        delegate?.closed(.unprocessed)
    }

    override func received(_ head: ResponseHead) {
        headWasReceived = true
        delegate?.received(head)
    }

    override func received(_ bytes: ByteBuffer) {
        delegate?.received(bytes)
    }

    override func receivedEnd(_ trailers: Headers) {
        let delegate = delegate
        delegate?.receivedEnd(trailers: trailers)
        if !isEnded {
            // Nobody wants the rest of the request (RFC 9113 §8.1).
            reset(.cancel)
        }
        release()
    }

    override func becameWritable() {
        delegate?.becameWritable()
    }

    override func closed(_ code: HTTP2ErrorCode) {
        let unprocessed = !headWasSent || (code == .refusedStream && !headWasReceived)
        delegate?.closed(unprocessed ? .unprocessed : .reset(code))
    }

    override func lost(_ reason: ExchangeCancellation) {
        delegate?.closed(headWasSent ? .connectionClosed : .unprocessed)
    }

    override func release() {
        delegate = nil
    }
}
