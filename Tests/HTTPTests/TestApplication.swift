import HTTP
import NIOConcurrencyHelpers
import NIOCore

/// Answers by path, and counts what it saw. Handlers that wait are told in `events`.
final class TestApplication: Application {
    struct Counts: Equatable {
        var began = 0
        var cancelled: [ExchangeCancellation] = []
        var received = 0
        var bursts = 0
        var heads: [RequestHead] = []
    }

    private let state = NIOLockedValueBox(Counts())
    /// Exchanges that `/deferred` answers when the burst ends.
    private let deferred = NIOLockedValueBox<[NIOLoopBound<Responder>]>([])
    /// Exchanges of `/hold` and `/hold-open`, for the test to finish.
    private let held = NIOLockedValueBox<[NIOLoopBound<Responder>]>([])

    var counts: Counts { state.withLockedValue { $0 } }

    func note(_ change: (inout Counts) -> Void) {
        state.withLockedValue { change(&$0) }
    }

    func began(_ exchange: any Exchange) {
        note {
            $0.began += 1
            $0.heads.append(exchange.head)
        }
        let responder = Responder(self, exchange)
        exchange.delegate = responder
        responder.begin()
    }

    func burstEnded(on eventLoop: any EventLoop) {
        note { $0.bursts += 1 }
        let ready = deferred.withLockedValue { list in
            let ready = list.filter { $0.eventLoop === eventLoop }
            list.removeAll { $0.eventLoop === eventLoop }
            return ready
        }
        for responder in ready {
            responder.value.answer("deferred")
        }
    }

    func `defer`(_ responder: Responder) {
        deferred.withLockedValue { $0.append(NIOLoopBound(responder, eventLoop: responder.exchange.eventLoop)) }
    }

    func hold(_ responder: Responder) {
        held.withLockedValue { $0.append(NIOLoopBound(responder, eventLoop: responder.exchange.eventLoop)) }
    }

    /// Runs `action` for each held exchange on its loop.
    func release(_ action: @escaping @Sendable (Responder) -> Void) {
        let responders = held.withLockedValue { list in
            defer { list = [] }
            return list
        }
        for responder in responders {
            responder.eventLoop.execute { action(responder.value) }
        }
    }
}

/// One exchange of the test application.
final class Responder: ExchangeDelegate {
    let exchange: any Exchange
    private let application: TestApplication
    private var body = ByteBuffer()
    private var left = 0
    private var route: Substring

    init(_ application: TestApplication, _ exchange: any Exchange) {
        self.application = application
        self.exchange = exchange
        route = exchange.head.path.prefix { $0 != "?" }
    }

    private var number: Int {
        Int(exchange.head.path.drop { $0 != "?" }.dropFirst()) ?? 0
    }

    func begin() {
        switch route {
        case "/hello": answer("hello")
        case "/who":
            let certificate = exchange.peer.certificate
            answer(
                "\(certificate?.commonName ?? "-") \(certificate?.dnsNames ?? []) \(certificate?.uris ?? [])")
        case "/deferred": application.defer(self)
        case "/trailers-only":
            exchange.respond(ResponseHead(status: 200, headers: ["grpc-status": "12"]), endStream: true)
        case "/no-body":
            exchange.respond(ResponseHead(status: 204), endStream: true)
        case "/reset":
            exchange.reset(HTTP2ErrorCode(rawValue: UInt32(number)))
        case "/hold", "/collect", "/sink":
            application.hold(self)
        case "/hold-open":
            exchange.respond(ResponseHead(status: 200), endStream: false)
            application.hold(self)
        case "/download":
            exchange.respond(ResponseHead(status: 200), endStream: false)
            left = number
            download()
        case "/flood":
            // Ignores back-pressure.
            exchange.respond(ResponseHead(status: 200), endStream: false)
            exchange.write(ByteBuffer(repeating: 7, count: number))
            exchange.end(trailers: nil)
        case "/echo", "/stream-echo":
            exchange.respond(ResponseHead(status: 200), endStream: false)
        case "/early":
            answer("enough")
        case "/upload", "/keep": break
        default:
            exchange.respond(ResponseHead(status: 404), endStream: true)
        }
    }

    func answer(_ text: String, trailers: Headers? = nil) {
        exchange.respond(
            ResponseHead(status: 200, headers: ["content-type": "text/plain"]), endStream: false)
        exchange.write(ByteBuffer(string: text))
        exchange.end(trailers: trailers)
    }

    private func download() {
        while left > 0, exchange.isWritable {
            let piece = min(left, 10_000)
            exchange.write(ByteBuffer(repeating: UInt8(truncatingIfNeeded: left), count: piece))
            left -= piece
        }
        if left == 0 {
            left = -1
            exchange.end(trailers: ["checksum": "ok"])
        }
    }

    func received(_ bytes: ByteBuffer) {
        application.note { $0.received += bytes.readableBytes }
        var bytes = bytes
        switch route {
        case "/stream-echo":
            exchange.consume(bytes.readableBytes)
            exchange.write(bytes)
        case "/collect":
            break  // keeps the credit
        case "/keep":
            exchange.consume(bytes.readableBytes)
            left += bytes.readableBytes
            exchange.hold(left)
        case "/echo":
            exchange.consume(bytes.readableBytes)
            body.writeBuffer(&bytes)
        default:
            exchange.consume(bytes.readableBytes)
            left += bytes.readableBytes
        }
    }

    func receivedEnd(trailers: Headers) {
        switch route {
        case "/echo":
            exchange.write(body)
            exchange.end(trailers: ["size": "\(body.readableBytes)", "seen": trailers[first: "seen"] ?? "none"])
        case "/stream-echo":
            exchange.end(trailers: ["done": "yes"])
        case "/upload":
            answer("\(left)")
        default:
            break
        }
    }

    func becameWritable() {
        if route == "/download", left > 0 {
            download()
        }
    }

    func cancelled(_ reason: ExchangeCancellation) {
        application.note { $0.cancelled.append(reason) }
    }
}
