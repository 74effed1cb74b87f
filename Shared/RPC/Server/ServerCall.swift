import Compression
import HTTP
import Logging
import NIOCore
import Protobuf

/// One call on the server: it reads the request, runs the handler once it can, and answers. Confined to the event loop
/// of its exchange, save where a method says otherwise.
///
/// `@exclusivity(unchecked)`: no access spans a call of the handler, the exchange or the voice; the run-time checks
/// would be a twentieth of a call.
@usableFromInline
final class ServerCall: @unchecked Sendable {
    private enum Phase {
        case receiving  // one message, which is not complete
        case ready  // handler queued
        case running
        case over
    }

    let exchange: any Exchange
    let driver: CallDriver
    let server: RPCServer
    let method: Method
    let context: ServerContext
    let codec: Codec
    @exclusivity(unchecked) var voice: any Voice

    @exclusivity(unchecked) var inbox: Inbox
    @exclusivity(unchecked) var outbox = Outbox()
    @exclusivity(unchecked) var request: ByteBuffer?
    /// What the exchange was told of what is held.
    @exclusivity(unchecked) var heldBytes = 0
    @exclusivity(unchecked) private var phase = Phase.receiving
    @exclusivity(unchecked) private var isHeadSent = false
    // How messages of the response are compressed: known with the head.
    @exclusivity(unchecked) private var responseCoding: ContentCoding?
    // Nothing can be sent any more: the status has been, or the exchange is gone.
    @exclusivity(unchecked) var isEnded = false
    private let began: NIODeadline
    @exclusivity(unchecked) private var sentBytes = 0
    @exclusivity(unchecked) private var span: OpenSpan?
    /// When the adaptive limit let the call's handler run; nil where it does not count.
    @exclusivity(unchecked) private(set) var admitted: NIODeadline?
    /// The caller has left, or its deadline has passed.
    var isAbandoned: Bool { context.isCancelled }
    @exclusivity(unchecked) private var timer: DeadlineWheel.Token?
    @exclusivity(unchecked) private var task: Task<Void, Never>?

    init(
        _ exchange: any Exchange, _ method: Method, _ context: ServerContext, _ voice: any Voice, _ codec: Codec,
        driver: CallDriver, server: RPCServer
    ) {
        self.exchange = exchange
        self.driver = driver
        self.server = server
        self.method = method
        self.context = context
        self.voice = voice
        self.codec = codec
        inbox = Inbox(limit: server.options.limit(of: codec), coding: context.requestCoding)
        began = driver.now
        if let tracer = server.options.tracer { trace(tracer) }
        if context.requestCoding != nil || span != nil {
            inbox.onTake = { [span] isCompressed, byteCount in
                if context.requestCoding != nil { context.receivedCompressed = isCompressed }
                span?.receivedMessage(byteCount)
            }
        }
    }

    /// gRFC A72, "Server".
    private func trace(_ tracer: Tracer) {
        let parent = context.metadata["traceparent"].flatMap { TraceContext(traceparent: $0) }
        let own = tracer.context(under: parent)
        context.trace = own
        guard own.isSampled else { return }
        let peer = Span.Attribute(name: "network.peer.address", value: .string(context.peer.address))
        span = OpenSpan(
            OpenSpan.name("Recv", method.path), .server, own, under: parent, tracer,
            OpenSpan.attributes(method.path) + [peer])
    }

    /// The head has arrived. A handler that reads a stream starts now, one that takes a message when it has it.
    func begin() {
        driver.counts.began(method.number)
        driver.lastBegan = began
        if let deadline = context.deadline { timer = driver.wheel.add(deadline, self) }
        if !method.takesOneRequest { makeReady() }
    }

    func makeReady() {
        guard driver.runningHandlers < server.options.maxRunningHandlersPerLoop else {
            server.refusedForLoad(context, limit: server.options.maxRunningHandlersPerLoop)
            end(RPCError(.resourceExhausted, "the server runs as many handlers as it may"))
            return
        }
        if let limit = driver.limiter?.current, method.takesOneRequest, method.givesOneResponse {
            guard driver.limiter?.admit() == true else {
                server.refusedForLoad(context, limit: limit)
                var error = RPCError(.unavailable, "the server has as much to do as it can")
                error.pushBack = server.options.adaptiveLimit?.pushBack
                end(error)
                return
            }
            admitted = driver.eventLoop.now
        }
        phase = .ready
        driver.enqueue(self)
    }

    // MARK: The handler

    /// Runs the handler and answers, inside a driver's task.
    nonisolated(nonsending)
        func run() async
    {
        guard phase == .ready, !isEnded else { return }
        phase = .running
        do {
            let response: ByteBuffer?
            if isPlain, case .unary(let handler) = method.handler {
                // What most calls are: each asynchronous function on the way has a frame of its own.
                response = try await handler(request ?? ByteBuffer(), context)
            } else {
                response = try await server.interceptors.isEmpty ? handle() : intercept()
            }
            if let response {
                send(try encoded(response))
            } else if method.givesOneResponse {
                throw RPCError(.internal, "an interceptor neither called the handler nor refused the call")
            }
            end(nil)
        } catch {
            end(server.status(of: error, in: context))
        }
        phase = .over
        task = nil
    }

    /// The driver of this call is suspended in it, and cancelling the call cancels its task from now on.
    func suspended(in task: Task<Void, Never>) {
        guard phase == .running else { return }
        self.task = task
        if context.isCancelled { task.cancel() }
    }

    private var isPlain: Bool { codec == .proto && server.interceptors.isEmpty && !method.runsOnGlobalPool }

    private func intercept() async throws -> ByteBuffer? {
        var response: ByteBuffer?
        try await intercept(server.interceptors[...]) { response = try await self.handle() }
        return response
    }

    private func intercept(
        _ interceptors: ArraySlice<any ServerInterceptor>, _ handle: () async throws -> Void
    ) async throws {
        guard let first = interceptors.first else { return try await handle() }
        try await first.intercept(context) { try await self.intercept(interceptors.dropFirst(), handle) }
    }

    nonisolated(nonsending)
        private func handle() async throws -> ByteBuffer?
    {
        guard method.runsOnGlobalPool else { return try await callHandler() }
        return try await withTaskExecutorPreference(globalConcurrentExecutor) { try await self.callHandler() }
    }

    nonisolated(nonsending)
        private func callHandler() async throws -> ByteBuffer?
    {
        var message = request ?? ByteBuffer()
        if codec == .json, method.takesOneRequest { message = try await read(json: message) }
        switch method.handler {
        case .unary(let handler):
            return try await handler(message, context)
        case .serverStreaming(let handler):
            try await handler(message, context, self)
            return nil
        case .clientStreaming(let handler):
            return try await handler(context, self)
        case .bidirectionalStreaming(let handler):
            try await handler(context, self)
            return nil
        }
    }

    // MARK: The response

    /// Sends a message of a streaming response, when the transport takes it. From any task.
    /// - Parameter compresses: false sends it as it is, whatever `responseCoding` says.
    @usableFromInline
    nonisolated(nonsending)
        func write(_ message: ByteBuffer, compresses: Bool = true) async throws(RPCError)
    {
        if driver.eventLoop.inEventLoop, canWrite { return send(try encoded(message, compresses)) }
        let written = Waiter<Void>()
        onLoop { $0.write(message, compresses, written) }
        try await written.value()
    }

    /// Packs a message right where it waits to be sent. From any task.
    /// - Returns: nil, or the message for `write`: when it has to wait, or is changed on its way.
    func pack<M: Message>(_ message: M, compresses: Bool) -> ByteBuffer? {
        guard driver.eventLoop.inEventLoop, canWrite, codec == .proto, !voice.changesMessages else {
            return framed(message)
        }
        sendHead()
        guard !compresses || responseCoding == nil else { return framed(message) }
        framed(message) { byteCount, write in
            countSent(byteCount)
            exchange.write(byteCount: byteCount, write)
        }
        return nil
    }

    private var canWrite: Bool { !isEnded && outbox.isEmpty && exchange.isWritable }

    /// Sends the head now. From any task.
    func start() {
        onLoop { call in
            if !call.isEnded { call.sendHead() }
        }
    }

    private func write(_ message: ByteBuffer, _ compresses: Bool, _ written: Waiter<Void>) {
        if isEnded {
            written.resolve(.failure(context.cancellation ?? Inbox.isOver))
            return
        }
        do throws(RPCError) {
            let encoded = try encoded(message, compresses)
            if !canWrite {
                outbox.append(encoded, written)
                tellHeld()
            } else if written.resolve(.success(())) {
                send(encoded)
            }
        } catch {
            written.resolve(.failure(error))
        }
    }

    private func encoded(_ message: ByteBuffer, _ compresses: Bool = true) throws(RPCError) -> ByteBuffer {
        guard !isEnded else { return message }
        let message = codec == .proto ? message : try codec.written(framed: message, method.output, by: server.mapping)
        sendHead()
        guard compresses, let responseCoding else { return message }
        return responseCoding.compressed(framed: message)
    }

    func send(_ message: ByteBuffer) {
        guard !isEnded else { return }
        sendHead()
        countSent(message.readableBytes)
        voice.write(exchange, message)
    }

    private func countSent(_ framedBytes: Int) {
        let byteCount = framedBytes - MessageReader.prefixLength
        sentBytes += byteCount
        span?.sentMessage(byteCount)
        exchange.countMessages(sent: 1, received: 0)
    }

    private func sendHead() {
        guard !isHeadSent else { return }
        isHeadSent = true
        if let coding = context.responseCoding, voice.accepts(coding, context.metadata) { responseCoding = coding }
        voice.begin(exchange, context.initialMetadata, responseCoding)
    }

    /// Sends the status and ends the call; what is buffered in either direction is dropped.
    func end(_ error: RPCError?) {
        guard !isEnded else { return }
        if error == nil {
            // Messages of child tasks that the handler did not wait for go before the status.
            while let message = outbox.popFirst() { send(message) }
        }
        release(error)
        voice.end(
            exchange, error,
            EndMetadata(
                hasBegun: isHeadSent, initial: isHeadSent ? Metadata() : context.initialMetadata,
                trailing: context.trailingMetadata))
    }

    /// Ends the call although its handler may be running; the handler is cancelled.
    func abort(_ error: RPCError) {
        end(error)
        cancel(error)
    }

    /// Nobody waits for the answer any more.
    func cancel(_ error: RPCError) {
        context.cancel(error)
        release(error)
        if let task {
            task.cancel()
        } else if driver.isActive(self) {
            withUnsafeCurrentTask { $0?.cancel() }
        }
    }

    /// - Parameter error: nil for OK.
    private func release(_ error: RPCError?) {
        if !isEnded {
            let outcome = error?.code ?? .ok
            driver.counts.ended(
                method.number, outcome, after: driver.eventLoop.now - began, sent: sentBytes,
                received: inbox.messageBytes)
            span?.end(outcome, error?.message ?? "")
        }
        isEnded = true
        if phase != .running { phase = .over }
        if let timer { driver.wheel.remove(timer) }
        timer = nil
        inbox.close(error)
        returnCredit()
        try? inbox.serve()
        if !outbox.isEmpty { outbox.fail(error ?? Inbox.isOver) }
    }

    func onLoop(_ body: @escaping @Sendable (ServerCall) -> Void) {
        if driver.eventLoop.inEventLoop {
            body(self)
        } else {
            driver.eventLoop.execute { body(self) }
        }
    }
}

extension ServerCall: DeadlineTarget {
    func deadlineReached() {
        guard !isEnded else { return }
        timer = nil
        abort(RPCError(.deadlineExceeded, "the deadline has passed"))
    }
}
