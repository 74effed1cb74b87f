import HTTP
import Logging
import NIOCore
import Synchronization

/// What a process answers to plain HTTP, besides gRPC on the same port: `GET /metrics`, and `GET /healthz` where
/// nothing else serves plain requests.
final class OperatorDoor: Application {
    /// Answers that are being made at once; one more is answered 503. Each reads the database.
    static let runningLimit = 4

    private let metrics: Metrics
    private let logger: Logger
    private let fallback: (any Application)?
    private let running = Atomic<Int>(0)

    init(metrics: Metrics, logger: Logger, fallback: (any Application)?) {
        self.metrics = metrics
        self.logger = logger
        self.fallback = fallback
    }

    func began(_ exchange: any Exchange) {
        let path = exchange.head.path.prefix { $0 != "?" }
        if let fallback, path != "/metrics" { return fallback.began(exchange) }
        switch (path, exchange.head.method) {
        case ("/metrics", "GET"), ("/metrics", "HEAD"):
            let answer = PlainAnswer(exchange)
            exchange.delegate = answer
            tellMetrics(answer)
        case ("/healthz", "GET"), ("/healthz", "HEAD"):
            answer(exchange, 200, "alive\n")
        case ("/metrics", _), ("/healthz", _):
            answer(exchange, 405, "", ["allow": "GET, HEAD"])
        default:
            answer(exchange, 415, "")
        }
    }

    func burstEnded(on eventLoop: any EventLoop) { fallback?.burstEnded(on: eventLoop) }

    private func answer(_ exchange: any Exchange, _ status: Int, _ body: String, _ headers: Headers = [:]) {
        let answer = PlainAnswer(exchange)
        exchange.delegate = answer
        answer.send(status, body, headers)
    }

    private func tellMetrics(_ answer: PlainAnswer) {
        guard running.add(1, ordering: .relaxed).newValue <= Self.runningLimit else {
            running.subtract(1, ordering: .relaxed)
            return answer.send(503, "", ["retry-after": "1"])
        }
        Task { [metrics, running = self] in
            let text = await metrics.text()
            running.running.subtract(1, ordering: .relaxed)
            answer.eventLoop.execute { answer.send(200, text, ["content-type": PrometheusText.contentType]) }
        }
    }
}

/// A short answer to a request whose body does not matter. Confined to the event loop of its exchange.
private final class PlainAnswer: ExchangeDelegate, @unchecked Sendable {
    // Unchecked: all state is touched on the loop only.
    private unowned let exchange: any Exchange
    let eventLoop: any EventLoop
    private var isOver = false

    init(_ exchange: any Exchange) {
        self.exchange = exchange
        eventLoop = exchange.eventLoop
    }

    func send(_ status: Int, _ body: String, _ headers: Headers = [:]) {
        guard !isOver else { return }
        isOver = true
        var headers = headers
        if headers[first: "content-type"] == nil { headers.add("content-type", "text/plain; charset=utf-8") }
        headers.add("content-length", String(body.utf8.count))
        headers.add("cache-control", "no-store")
        let hasBody = exchange.head.method != "HEAD" && !body.isEmpty
        exchange.respond(ResponseHead(status: status, headers: headers), endStream: !hasBody)
        guard hasBody else { return }
        exchange.write(ByteBuffer(string: body))
        exchange.end(trailers: nil)
    }

    func received(_ bytes: ByteBuffer) { exchange.consume(bytes.readableBytes) }
    func receivedEnd(trailers: Headers) {}
    func becameWritable() {}
    func cancelled(_ reason: ExchangeCancellation) { isOver = true }
}
