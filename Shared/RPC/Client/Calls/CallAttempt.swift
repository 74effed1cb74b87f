import HTTP
import NIOCore

/// One stream of a call. A call has one, or several: after each other when it is retried, side by side when it is hedged
/// (gRFC A6); at last it belongs to one of them. Confined to the event loop of its call.
final class CallAttempt {
    let call: ClientCall
    /// Attempts of the same call before this one.
    let number: Int
    @exclusivity(unchecked) var isWaiting = false

    /// Kept after the end: the connection gets its credit back through it.
    @exclusivity(unchecked) private(set) var exchange: (any ClientExchange)?
    @exclusivity(unchecked) private var subchannel: Subchannel?
    // The position of the next message of the request.
    @exclusivity(unchecked) private(set) var sent = 0
    @exclusivity(unchecked) private var isHalfClosed = false
    @exclusivity(unchecked) private var isOver = false
    // A head that holds the status: "Trailers-Only" (gRPC PROTOCOL-HTTP2, "Responses").
    @exclusivity(unchecked) private var lastHead: ResponseHead?

    private let began: NIODeadline
    @exclusivity(unchecked) private var sentBytes = 0
    let span: OpenSpan?

    /// - Parameter isTransparent: it repeats one that no server has seen.
    init(_ call: ClientCall, number: Int, isTransparent: Bool = false) {
        self.call = call
        self.number = number
        began = call.channel.eventLoop.now
        call.channel.counts?.attemptBegan(call.number)
        guard let parent = call.span, let tracer = call.channel.options.tracer else {
            span = nil
            return
        }
        span = OpenSpan(
            OpenSpan.name("Attempt", call.path), .client, parent.context.child(), under: parent.context, tracer,
            OpenSpan.attributes(call.path) + [
                Span.Attribute(name: "server.address", value: .string(call.channel.target.authority)),
                Span.Attribute(name: "previous-rpc-attempts", value: .int(number)),
                Span.Attribute(name: "transparent-retry", value: .bool(isTransparent)),
            ])
    }

    // MARK: The request

    /// There is a connection: sends the request, or what there is of it.
    /// - Parameter subchannel: whose connection it is; told how the attempt ends.
    func send(on transport: any ClientTransport, of subchannel: Subchannel) {
        isWaiting = false
        guard !isOver else { return }
        self.subchannel = subchannel
        subchannel.began(at: began)
        let exchange = transport.request(call.requestHead(for: self), endStream: false, delegate: self)
        // The transport may have failed within.
        guard !isOver, !isWaiting else { return }
        self.exchange = exchange
        becameWritable()
    }

    /// Gives it up: another attempt has the call, or nobody wants it any more.
    /// - Parameter code: how it is counted.
    func cancel(as code: StatusCode) {
        guard !isOver else { return }
        exchange?.reset(.cancel)
        subchannel?.gaveUp()
        subchannel = nil
        finish(code, "")
    }

    // MARK: The end

    /// It has failed, before it had a stream or with one that is over.
    /// - Parameter isUnprocessed: the server's application has not seen it.
    func fail(_ error: RPCError, isUnprocessed: Bool = false, pushBack: PushBack? = nil) {
        guard !isOver else { return }
        finish(error.code, error.message)
        call.failed(self, error, isUnprocessed: isUnprocessed, pushBack: pushBack)
    }

    private func finish(_ code: StatusCode, _ message: String) {
        isOver = true
        subchannel?.ended(code)
        subchannel = nil
        let receivedBytes = call.receivedBytes(on: self)
        if call.response != nil, receivedBytes > 0 { span?.receivedMessage(receivedBytes) }
        call.channel.counts?.attemptEnded(
            call.number, code, after: call.channel.eventLoop.now - began, sent: sentBytes,
            received: receivedBytes)
        span?.end(code, message)
        call.channel.ended(self)
    }
}

extension CallAttempt: ClientExchangeDelegate {
    func received(_ head: ResponseHead) {
        guard !isOver else { return }
        subchannel?.heard()
        if head.headers.value(of: "grpc-status") != nil {
            lastHead = head
        } else if let error = HTTPStatus.error(head) {
            exchange?.reset(.cancel)
            fail(error)
        } else {
            call.received(head, on: self)
        }
    }

    func received(_ bytes: ByteBuffer) {
        guard !isOver, lastHead == nil else {
            exchange?.consume(bytes.readableBytes)
            return
        }
        call.received(bytes)
    }

    func receivedEnd(trailers: Headers) {
        guard !isOver else { return }
        let trailers = trailers.isEmpty ? lastHead?.headers ?? trailers : trailers
        let missing = RPCError(.internal, "the server closed the stream without a status")
        let outcome = StatusTrailers.outcome(trailers) ?? .failure(missing)
        if lastHead != nil, let error = outcome.error {
            // Nothing has been answered yet: the policy may have it tried again.
            return fail(error, pushBack: PushBack(trailers[first: PushBack.header]))
        }
        finish(outcome.error?.code ?? .ok, outcome.error?.message ?? "")
        call.receivedEnd(trailers, outcome, on: self)
    }

    func becameWritable() {
        guard !isOver, !isHalfClosed, let exchange else { return }
        while exchange.isWritable, let message = call.takeMessage(sent, for: self) {
            sent += 1
            let byteCount = message.readableBytes - MessageReader.prefixLength
            sentBytes += byteCount
            span?.sentMessage(byteCount)
            exchange.countMessages(sent: 1, received: 0)
            exchange.write(message)
        }
        if !isOver, call.hasSentAll(before: sent) {
            isHalfClosed = true
            exchange.end()
        }
    }

    func closed(_ reason: StreamCloseReason) {
        guard !isOver else { return }
        exchange = nil
        let target = call.channel.target
        switch reason {
        case .reset(let code): fail(ResetStatus.error(code))
        case .connectionClosed: fail(RPCError(.unavailable, "the connection to \(target) was lost"))
        case .unprocessed: fail(RPCError(.unavailable, "\(target) did not take the call"), isUnprocessed: true)
        }
    }
}
