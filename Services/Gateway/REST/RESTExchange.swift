import HTTP
import Logging
import NIOCore
import RPC

/// One request that is not gRPC, from its head to its answer. Confined to the event loop of its exchange.
final class RESTExchange: ExchangeDelegate, @unchecked Sendable {
    // Unchecked: all state is touched on the loop only; its task runs there.
    private let exchange: any Exchange
    private let application: RESTApplication
    private var body: [UInt8] = []
    private var isAnswered = false
    /// The client is gone, or the whole answer is out.
    private var isOver = false
    private var task: Task<Void, Never>?
    private var writable: CheckedContinuation<Void, Never>?

    init(_ exchange: any Exchange, _ application: RESTApplication) {
        self.exchange = exchange
        self.application = application
    }

    var eventLoop: any EventLoop { exchange.eventLoop }

    func received(_ bytes: ByteBuffer) {
        exchange.consume(bytes.readableBytes)
        guard !isAnswered else { return }
        guard body.count + bytes.readableBytes <= RESTApplication.bodyLimit else {
            return fail(HTTPFailure.tooLarge(limit: RESTApplication.bodyLimit))
        }
        body.append(contentsOf: bytes.readableBytesView)
        exchange.hold(body.count)
    }

    func receivedEnd(trailers: Headers) {
        guard !isAnswered, !isOver else { return }
        guard application.begin() else {
            return fail(HTTPFailure(RPCError(.resourceExhausted, "the gateway answers as many requests as it may")))
        }
        let head = exchange.head
        let request = RESTRequest(
            // HEAD is GET without the body (RFC 9110 §9.3.2).
            method: head.method == "HEAD" ? "GET" : head.method, target: head.path, headers: head.headers, body: body,
            peer: exchange.peer)
        body = []
        task = Task.immediateDetached(executorPreference: application.executor(of: exchange.eventLoop)) {
            await self.answer(request)
        }
        if isOver { task = nil }
    }

    /// Ends an event stream, from any thread: the gateway drains.
    func drain() {
        eventLoop.execute { self.task?.cancel() }
    }

    func becameWritable() {
        writable?.resume()
        writable = nil
    }

    func cancelled(_ reason: ExchangeCancellation) {
        isOver = true
        becameWritable()
        task?.cancel()
        task = nil
    }

    private func answer(_ request: RESTRequest) async {
        let answer: RESTAnswer
        do {
            answer = try await application.handler.answer(to: request)
        } catch {
            application.end()
            return fail(error, request)
        }
        application.end()
        switch answer {
        case .response(let response): respond(response)
        case .events(let source): await stream(source, request)
        }
    }

    private func stream(_ source: EventSource, _ request: RESTRequest) async {
        guard exchange.head.method != "HEAD" else {
            return respond(RESTResponse(headers: EventSource.headers, body: []))
        }
        guard application.beginStream(self) else {
            return fail(HTTPFailure(RPCError(.unavailable, "the gateway takes no more event streams now")))
        }
        do {
            try await source.run(self)
            end()
        } catch {
            fail(error, request)
        }
        application.endStream(self)
        task = nil
    }

    private func respond(_ response: RESTResponse) {
        guard !isAnswered, !isOver else { return }
        var headers = response.headers
        // What a 304 says of a body would be taken for that of the document (RFC 9110 §15.4.5).
        if response.status != 304 {
            if headers[first: "content-type"] == nil { headers.add("content-type", "application/json") }
            headers.add("content-length", String(response.body.count))
        }
        // What pairs say to each other belongs into no cache.
        if headers[first: "cache-control"] == nil { headers.add("cache-control", "no-store") }
        let hasBody = exchange.head.method != "HEAD" && !response.body.isEmpty
        isAnswered = true
        exchange.respond(ResponseHead(status: response.status, headers: headers), endStream: !hasBody)
        if hasBody {
            exchange.write(ByteBuffer(bytes: response.body))
            exchange.end(trailers: nil)
        }
        isOver = true
        task = nil
    }

    private func fail(_ error: any Error, _ request: RESTRequest? = nil) {
        let failure = HTTPFailure(of: error)
        if failure.status == 500 {
            application.logger.error(
                "request failed",
                metadata: ["path": "\(request?.path ?? "")", "error": "\(failure.cause ?? error)"])
        }
        let body = failure.body(application.handler.mapping)
        if isAnswered, !isOver {
            // An event stream that has begun tells its error as its last event, then ends.
            exchange.write(ByteBuffer(bytes: EventSource.event("error", data: body, id: nil)))
            end()
        } else {
            respond(RESTResponse(status: failure.status, headers: failure.headers, body: body))
        }
    }
}

// MARK: Event streams

extension RESTExchange {
    /// The head of an event stream, once.
    func open() {
        guard !isAnswered, !isOver else { return }
        isAnswered = true
        exchange.respond(ResponseHead(status: 200, headers: EventSource.headers), endStream: false)
    }

    /// Writes when the client reads; suspends while it does not.
    func write(_ bytes: [UInt8]) async throws {
        open()
        guard !isOver else { throw CancellationError() }
        exchange.write(ByteBuffer(bytes: bytes))
        guard !exchange.isWritable else { return }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                if isOver || Task.isCancelled { continuation.resume() } else { writable = continuation }
            }
        } onCancel: {
            eventLoop.execute { self.becameWritable() }
        }
    }

    /// A sign of life. A client that does not read needs none.
    func beat() {
        guard !isOver else { return }
        open()
        if exchange.isWritable { exchange.write(ByteBuffer(bytes: EventSource.heartbeat)) }
    }

    func end() {
        guard !isOver else { return }
        open()
        isOver = true
        exchange.end(trailers: nil)
    }
}
