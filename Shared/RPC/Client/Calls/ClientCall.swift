import Compression
import HTTP
import NIOCore
import Synchronization

/// One call on the client, whatever attempts it takes. Confined to the event loop of its channel, save where a method
/// says otherwise.
///
/// `@exclusivity(unchecked)`: no access spans a call of the transport or an interceptor.
final class ClientCall: @unchecked Sendable {
    // Unchecked: what is not said to be for any task is touched on the loop only.
    let path: String
    let options: CallOptions
    /// Resolved at the end of a call whose response is one message; nil for one whose messages are read from the inbox.
    let response: Waiter<ByteBuffer>?
    let channel: LoopChannel

    @exclusivity(unchecked) var config: MethodConfig?
    @exclusivity(unchecked) private var deadline: Deadline?
    @exclusivity(unchecked) private var timer: DeadlineWheel.Token?
    @exclusivity(unchecked) var requests: RequestBuffer
    @exclusivity(unchecked) var inbox: Inbox
    @exclusivity(unchecked) var head: ResponseHead?
    @exclusivity(unchecked) var headWaiters: [Waiter<Metadata>] = []
    @exclusivity(unchecked) private var hasBegun = false
    @exclusivity(unchecked) private var began = NIODeadline.uptimeNanoseconds(0)
    /// The method's number in the channel's counts.
    @exclusivity(unchecked) private(set) var number = 0
    /// Gives each attempt its own.
    @exclusivity(unchecked) private(set) var span: OpenSpan?
    @exclusivity(unchecked) var outcome: StatusTrailers.Outcome?
    private let trailers = Mutex(Metadata())

    // Those that are open or wait for a connection; when the call is committed, its one.
    @exclusivity(unchecked) var attempts: [CallAttempt] = []
    @exclusivity(unchecked) var started = 0
    // It belongs to one attempt: the server has begun to answer, or too much would have to be kept to say it again.
    @exclusivity(unchecked) var isCommitted = false
    @exclusivity(unchecked) var hasRetriedTransparently = false
    @exclusivity(unchecked) var retriesSincePushBack = 0
    @exclusivity(unchecked) var hedgesNoMore = false
    @exclusivity(unchecked) var nextAttempt: Scheduled<Void>?
    // Through which credit goes back once the call has ended.
    @exclusivity(unchecked) private var lastExchange: (any ClientExchange)?

    /// - Parameters:
    ///   - request: the one message of the request, framed; nil when messages will be written.
    ///   - takesOneResponse: whether `response` is to be resolved.
    init(_ path: String, _ options: CallOptions, request: ByteBuffer?, takesOneResponse: Bool, on channel: LoopChannel)
    {
        self.path = path
        self.options = options
        self.channel = channel
        requests = request.map { RequestBuffer(options.requestCoding?.compressed(framed: $0) ?? $0) } ?? RequestBuffer()
        response = takesOneResponse ? Waiter() : nil
        deadline = options.effectiveDeadline
        inbox = Inbox(limit: options.maxResponseBytes)
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
        hasBegun = true
        let now = channel.eventLoop.now
        began = now
        channel.calls.began(at: now)
        if let counts = channel.counts { number = counts.number(of: path) }
        if let tracer = channel.options.tracer { trace(tracer) }
        config = channel.config.methods.isEmpty ? nil : channel.config.method(path)
        if let limit = config?.maxResponseBytes { inbox = Inbox(limit: min(limit, options.maxResponseBytes)) }
        if config?.maxRequestBytes != nil, let error = refusal(of: requests.largest) {
            return end(.failure(error), discarding: true)
        }
        if let timeout = config?.timeout {
            let limit = Deadline.after(timeout, now: now)
            deadline = deadline.map { min($0, limit) } ?? limit
        }
        if let deadline {
            guard deadline.instant > now else {
                return end(.failure(RPCError(.deadlineExceeded, "the deadline has passed")), discarding: true)
            }
            timer = channel.wheel.add(deadline, self)
        }
        startAttempt()
        if case .hedging(let policy) = config?.attempts { hedge(policy, after: policy.delay) }
    }

    /// gRFC A72, "Client".
    private func trace(_ tracer: Tracer) {
        let parent = options.metadata["traceparent"].flatMap { TraceContext(traceparent: $0) }
        let own = tracer.context(under: parent)
        guard own.isSampled else { return }
        let target = Span.Attribute(name: "server.address", value: .string(channel.target.authority))
        span = OpenSpan(
            OpenSpan.name("Sent", path), .internal, own, under: parent, tracer, OpenSpan.attributes(path) + [target])
    }

    var waitsForReady: Bool { options.waitForReady ?? config?.waitForReady ?? false }

    private func refusal(of byteCount: Int) -> RPCError? {
        guard let limit = config?.maxRequestBytes, byteCount > limit else { return nil }
        return RPCError(.resourceExhausted, "a request message of \(byteCount) bytes, \(limit) are allowed")
    }

    func requestHead(for attempt: CallAttempt) -> RequestHead {
        var headers = ClientCall.requestHeaders
        if let coding = options.requestCoding { headers.add("grpc-encoding", coding.rawValue) }
        if let deadline {
            let remaining = deadline.remaining(at: channel.eventLoop.now)
            headers.add("grpc-timeout", TimeoutHeader.encode(remaining))
        }
        if attempt.number > 0 { headers.add("grpc-previous-rpc-attempts", "\(attempt.number)") }
        if let span = attempt.span { headers.add("traceparent", span.context.traceparent) }
        if !options.metadata.isEmpty {
            for (name, value) in options.metadata {
                if name == "user-agent" || name == "traceparent" && attempt.span != nil { continue }
                headers.add(name, value)
            }
        }
        var head = channel.head(path)
        head.headers = headers
        return head
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
            guard !call.requests.isFinished else { return }
            call.requests.isFinished = true
            call.becameWritable()
        }
    }

    private func write(_ message: ByteBuffer, _ written: Waiter<Void>) {
        if let outcome {
            written.resolve(.failure(outcome.error ?? ClientCall.endedByServer))
        } else if requests.isFinished {
            written.resolve(.failure(RPCError(.internal, "the request was finished before this message")))
        } else if let error = refusal(of: message.readableBytes - MessageReader.prefixLength) {
            written.resolve(.failure(error))
            abort(error)
        } else {
            requests.append(message, written)
            becameWritable()
        }
    }

    private func becameWritable() {
        for attempt in attempts { attempt.becameWritable() }
    }

    /// Bytes of the messages that the call's attempt has received.
    func receivedBytes(on attempt: CallAttempt) -> Int {
        isCommitted && attempts.first === attempt ? inbox.messageBytes : 0
    }

    /// The message of the request at a position, for an attempt that sends it now.
    func takeMessage(_ position: Int, for attempt: CallAttempt) -> ByteBuffer? {
        let before = requests.keptBytes
        guard let message = requests.take(position, keeps: !isCommitted) else { return nil }
        guard !isCommitted else { return message }
        channel.keptBytes += requests.keptBytes - before
        if requests.keptBytes > channel.options.retryBufferBytes
            || channel.keptBytes > channel.options.channelRetryBufferBytes
        {
            // gRFC A6, "Memory Management": what does not fit is not repeated.
            commit(to: attempt)
            requests.forget(before: position + 1)
        }
        return message
    }

    /// Whether an attempt that has sent what comes before a position has sent everything.
    func hasSentAll(before position: Int) -> Bool { requests.isFinished && position == requests.end }

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

    func returnCredit() {
        let credit = inbox.takeCredit()
        let received = inbox.takeCount()
        guard credit > 0 || received > 0, let exchange = lastExchange ?? attempts.first?.exchange else { return }
        if credit > 0 { exchange.consume(credit) }
        if received > 0 { exchange.countMessages(sent: 0, received: received) }
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

    func abort(_ error: RPCError) {
        guard outcome == nil else {
            // Nobody reads what arrived before the end; the connection gets its credit back.
            discard(error)
            return returnCredit()
        }
        end(.failure(error), discarding: true)
    }

    func end(_ outcome: StatusTrailers.Outcome, discarding: Bool) {
        guard self.outcome == nil else { return }
        self.outcome = outcome
        if hasBegun { channel.callEnded(outcome.error?.code ?? .ok) }
        if let timer { channel.wheel.remove(timer) }
        timer = nil
        nextAttempt?.cancel()
        nextAttempt = nil
        let open = attempts
        attempts = []
        if isCommitted { lastExchange = open.first?.exchange } else { channel.keptBytes -= requests.keptBytes }
        for attempt in open { attempt.cancel(as: outcome.error?.code ?? .cancelled) }
        if hasBegun {
            channel.counts?.callEnded(number, outcome.error?.code ?? .ok, after: channel.eventLoop.now - began)
            span?.end(outcome.error?.code ?? .ok, outcome.error?.message ?? "")
        }
        for interceptor in channel.options.interceptors.reversed() { interceptor.didEnd(path, outcome.error) }
        if discarding, let error = outcome.error {
            recordTrailers(error.metadata)
            inbox.close(error)
        } else {
            inbox.finish(outcome.error)
        }
        do throws(FramingError) {
            if let response { response.resolve(try singleResponse()) } else { try inbox.serve() }
        } catch {
            discard(responseError(error))
            response?.resolve(.failure(responseError(error)))
        }
        returnCredit()
        requests.fail(outcome.error ?? ClientCall.endedByServer)
        for waiter in headWaiters { waiter.resolve(outcome.error.map { .failure($0) } ?? .success(Metadata())) }
        headWaiters = []
    }

    /// What has arrived is not read any more, and who waits for it hears why.
    private func discard(_ error: RPCError) {
        inbox.close(error)
        // Only the end is left, which is never malformed.
        try? inbox.serve()
    }

    func recordTrailers(_ metadata: Metadata) {
        trailers.withLock { $0 = metadata }
        options.record?.trailingMetadata = metadata
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

    func responseError(_ error: FramingError) -> RPCError {
        switch error {
        case .tooLarge(let length, let limit):
            RPCError(.resourceExhausted, "the response has a message of \(length) bytes, \(limit) are allowed")
        case .illegalFlag(let flag):
            RPCError(.internal, "\(flag) is not a legal flag of a message")
        case .compressedWithoutEncoding:
            RPCError(.internal, "the message is flagged as compressed, but grpc-encoding does not say how")
        case .corrupt(let coding):
            RPCError(.internal, "the message is not valid \(coding.rawValue)")
        case .notBase64:
            RPCError(.internal, "the body is not Base64")
        }
    }

    private static let endedByServer = RPCError(.cancelled, "the server has ended the call")

    private func onLoop(_ body: @escaping @Sendable (ClientCall) -> Void) {
        if channel.eventLoop.inEventLoop {
            body(self)
        } else {
            channel.eventLoop.execute { body(self) }
        }
    }
}

extension ClientCall: DeadlineTarget {
    func deadlineReached() {
        timer = nil
        abort(RPCError(.deadlineExceeded, "no answer from \(channel.target) within the deadline"))
    }
}
