import Compression
import HTTP
import NIOCore
import Synchronization

/// One call on the client. Confined to the event loop of its subchannel, save where a method says otherwise.
final class ClientCall: @unchecked Sendable {
    let path: String
    let options: CallOptions
    /// Resolved at the end of a call whose response is one message; nil for one whose messages are read from the inbox.
    let response: Waiter<ByteBuffer>?

    private let subchannel: Subchannel
    private let deadline: Deadline?
    // The whole request, when it is one message: kept until the end, since it may have to be sent again.
    private let request: ByteBuffer?

    private var exchange: (any ClientExchange)?
    private var inbox: Inbox
    private var outbox = Outbox()
    private var head: ResponseHead?
    private var headWaiters: [Waiter<Metadata>] = []
    private var isWaiting = false
    private var isFinished = false  // the caller has no more messages
    private var isHalfClosed = false  // and the server has been told
    private var hasSentMessages = false
    private var isRetry = false
    private var outcome: StatusTrailers.Outcome?
    private var timer: DeadlineWheel.Token?
    private let trailers = Mutex(Metadata())

    /// - Parameters:
    ///   - request: the one message of the request, framed; nil when messages will be written.
    ///   - takesOneResponse: whether `response` is to be resolved.
    init(
        _ path: String, _ options: CallOptions, request: ByteBuffer?, takesOneResponse: Bool, on subchannel: Subchannel
    ) {
        self.path = path
        self.options = options
        self.request = request.map { options.requestCoding?.compressed(framed: $0) ?? $0 }
        self.subchannel = subchannel
        response = takesOneResponse ? Waiter() : nil
        deadline = options.effectiveDeadline
        inbox = Inbox(limit: options.maxResponseBytes)
        isFinished = request != nil
    }

    /// Begins the call. From any task.
    func start() {
        onLoop { $0.begin() }
    }

    /// Gives the call up, if it is not over yet. From any task.
    func cancel() {
        onLoop { $0.abort(RPCError(.cancelled, "the caller has cancelled the call")) }
    }

    private func begin() {
        guard outcome == nil else { return }
        if let deadline {
            guard deadline.instant > subchannel.eventLoop.now else {
                return fail(RPCError(.deadlineExceeded, "the deadline has passed"))
            }
            timer = subchannel.wheel.add(deadline, self)
        }
        isWaiting = true
        subchannel.submit(self)
    }

    /// There is a connection: sends the request, or what there is of it.
    func send(on transport: any ClientTransport) {
        isWaiting = false
        guard outcome == nil else { return }
        let exchange = transport.request(requestHead(), endStream: false, delegate: self)
        // The transport may have failed within.
        guard outcome == nil, !isWaiting else { return }
        self.exchange = exchange
        isHalfClosed = false
        if let request { exchange.write(request) }
        becameWritable()
    }

    private func requestHead() -> RequestHead {
        var headers = ClientCall.requestHeaders
        if let coding = options.requestCoding { headers.add("grpc-encoding", coding.rawValue) }
        if let deadline {
            let remaining = deadline.remaining(at: subchannel.eventLoop.now)
            headers.add("grpc-timeout", TimeoutHeader.encode(remaining))
        }
        for (name, value) in options.metadata where name != "user-agent" { headers.add(name, value) }
        return RequestHead(
            method: "POST", scheme: subchannel.target.scheme, authority: subchannel.target.authority, path: "/" + path,
            headers: headers)
    }

    private static let requestHeaders: Headers = [
        "te": "trailers", "content-type": "application/grpc", "user-agent": "grpc-rapport",
        "grpc-accept-encoding": MessageEncoding.accepted,
    ]

    // MARK: Messages

    /// Sends a message when the transport takes it. From any task.
    /// - Parameter compresses: false sends it as it is, whatever the options say.
    nonisolated(nonsending)
        func write(_ message: ByteBuffer, compresses: Bool = true) async throws(RPCError)
    {
        let coding = compresses ? options.requestCoding : nil
        let message = coding?.compressed(framed: message) ?? message
        let written = Waiter<Void>()
        onLoop { $0.write(message, written) }
        try await written.value(onCancel: { self.cancel() })
    }

    /// Ends the request after what has been written. From any task.
    func finish() {
        onLoop { call in
            guard !call.isFinished else { return }
            call.isFinished = true
            call.becameWritable()
        }
    }

    private func write(_ message: ByteBuffer, _ written: Waiter<Void>) {
        if let outcome {
            written.resolve(.failure(outcome.error ?? ClientCall.endedByServer))
        } else if isFinished {
            written.resolve(.failure(RPCError(.internal, "the request was finished before this message")))
        } else {
            outbox.append(message, written)
            becameWritable()
        }
    }

    /// The next message of a streaming response, nil at its end. From any task.
    nonisolated(nonsending)
        func nextResponse() async throws(RPCError) -> ByteBuffer?
    {
        let next = Waiter<ByteBuffer?>()
        onLoop { $0.read(next) }
        return try await next.value(onCancel: { self.cancel() })
    }

    private func read(_ next: Waiter<ByteBuffer?>) {
        do throws(FramingError) {
            try inbox.wait(next)
            returnCredit()
        } catch {
            abort(responseError(error))
        }
    }

    private func returnCredit() {
        let credit = inbox.takeCredit()
        if credit > 0 { exchange?.consume(credit) }
    }

    /// Initial metadata, once the response has begun. From any task.
    nonisolated(nonsending)
        func initialMetadata() async throws(RPCError) -> Metadata
    {
        let waiter = Waiter<Metadata>()
        onLoop { call in
            if let head = call.head {
                waiter.resolve(.success(Metadata(received: head.headers)))
            } else if let outcome = call.outcome {
                waiter.resolve(outcome.error.map { .failure($0) } ?? .success(Metadata()))
            } else {
                call.headWaiters.append(waiter)
            }
        }
        return try await waiter.value(onCancel: { self.cancel() })
    }

    /// Empty until the call has ended. From any task.
    var trailingMetadata: Metadata { trailers.withLock { $0 } }

    // MARK: The end

    /// The call has failed before it had a stream.
    func fail(_ error: RPCError) {
        end(.failure(error), discarding: true)
    }

    private func abort(_ error: RPCError) {
        guard outcome == nil else {
            // Nobody reads what arrived before the end; the connection gets its credit back.
            inbox.fail(error)
            return returnCredit()
        }
        exchange?.reset(.cancel)
        end(.failure(error), discarding: true)
    }

    private func end(_ outcome: StatusTrailers.Outcome, discarding: Bool) {
        guard self.outcome == nil else { return }
        self.outcome = outcome
        if let timer { subchannel.wheel.remove(timer, self) }
        timer = nil
        if discarding, let error = outcome.error { inbox.fail(error) } else { inbox.finish(outcome.error) }
        do throws(FramingError) {
            if let response { response.resolve(try singleResponse()) } else { try inbox.serve() }
        } catch {
            inbox.fail(responseError(error))
            response?.resolve(.failure(responseError(error)))
        }
        returnCredit()
        outbox.fail(outcome.error ?? ClientCall.endedByServer)
        for waiter in headWaiters { waiter.resolve(outcome.error.map { .failure($0) } ?? .success(Metadata())) }
        headWaiters = []
        subchannel.ended(self, wasWaiting: isWaiting)
    }

    private func singleResponse() throws(FramingError) -> Result<ByteBuffer, RPCError> {
        if let error = outcome?.error { return .failure(error) }
        switch (try inbox.take(), try inbox.take()) {
        case (.message(let message)?, .end(nil)?): return .success(message)
        case (.end(let error?)?, _), (.message?, .end(let error?)?): return .failure(error)
        case (.message?, _): return .failure(RPCError(.unimplemented, "\(path) answered with more than one message"))
        default: return .failure(RPCError(.unimplemented, "\(path) answered OK without a message"))
        }
    }

    private func responseError(_ error: FramingError) -> RPCError {
        switch error {
        case .tooLarge(let length, let limit):
            RPCError(.resourceExhausted, "the response has a message of \(length) bytes, \(limit) are allowed")
        case .illegalFlag(let flag):
            RPCError(.internal, "\(flag) is not a legal flag of a message")
        case .compressedWithoutEncoding:
            RPCError(.internal, "the message is flagged as compressed, but grpc-encoding does not say how")
        case .corrupt(let coding):
            RPCError(.internal, "the message is not valid \(coding.rawValue)")
        }
    }

    private static let endedByServer = RPCError(.cancelled, "the server has ended the call")

    private func onLoop(_ body: @escaping @Sendable (ClientCall) -> Void) {
        if subchannel.eventLoop.inEventLoop {
            body(self)
        } else {
            subchannel.eventLoop.execute { body(self) }
        }
    }
}

extension ClientCall: ClientExchangeDelegate {
    func received(_ head: ResponseHead) {
        guard outcome == nil else { return }
        subchannel.heard()
        self.head = head
        if head.headers[first: "grpc-status"] == nil {
            if let error = HTTPStatus.error(head) { return abort(error) }
            switch MessageEncoding(wire: head.headers[first: "grpc-encoding"]) {
            case .identity: break
            case .coding(let coding):
                inbox.coding = coding
                if let record = options.record { inbox.onTake = { record.receivedCompressed = $0 } }
            case .unknown(let name):
                return abort(RPCError(.internal, "grpc-encoding \(name.prefix(32)) is not known here"))
            }
        }
        let metadata = Metadata(received: head.headers)
        options.record?.initialMetadata = metadata
        for waiter in headWaiters { waiter.resolve(.success(metadata)) }
        headWaiters = []
    }

    func received(_ bytes: ByteBuffer) {
        guard outcome == nil else {
            exchange?.consume(bytes.readableBytes)
            return
        }
        do throws(FramingError) {
            try inbox.append(bytes)
            try inbox.serve()
            returnCredit()
        } catch {
            abort(responseError(error))
        }
    }

    func receivedEnd(trailers: Headers) {
        guard outcome == nil else { return }
        // Without trailers the status is in the head, as "Trailers-Only" (gRPC PROTOCOL-HTTP2, "Responses").
        let last = trailers.isEmpty ? head?.headers ?? trailers : trailers
        let metadata = Metadata(received: last)
        self.trailers.withLock { $0 = metadata }
        options.record?.trailingMetadata = metadata
        let missing = RPCError(.internal, "the server closed the stream without a status")
        end(StatusTrailers.outcome(last) ?? .failure(missing), discarding: false)
    }

    func becameWritable() {
        guard outcome == nil, !isHalfClosed, let exchange else { return }
        while exchange.isWritable, let message = outbox.popFirst() {
            hasSentMessages = true
            exchange.write(message)
        }
        if isFinished, outbox.isEmpty {
            isHalfClosed = true
            exchange.end()
        }
    }

    func closed(_ reason: StreamCloseReason) {
        guard outcome == nil else { return }
        exchange = nil
        switch reason {
        case .reset(let code):
            end(.failure(ResetStatus.error(code)), discarding: true)
        case .connectionClosed:
            fail(RPCError(.unavailable, "the connection to \(subchannel.target) was lost"))
        case .unprocessed:
            guard !isRetry, head == nil, !hasSentMessages else {
                return fail(RPCError(.unavailable, "\(subchannel.target) did not take the call"))
            }
            // Transparent retry, once and not counted as an attempt (gRFC A6), after the transport has told everybody
            // what happened to it.
            isRetry = true
            isWaiting = true
            subchannel.eventLoop.assumeIsolated().execute {
                if self.outcome == nil { self.subchannel.submit(self) }
            }
        }
    }
}

extension ClientCall: DeadlineTarget {
    func deadlineReached() {
        timer = nil
        abort(RPCError(.deadlineExceeded, "no answer from \(subchannel.target) within the deadline"))
    }
}
