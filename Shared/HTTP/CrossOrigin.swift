import NIOCore

/// Which web pages of other origins may use a server (Fetch §3.2, CORS).
public struct AllowedOrigins: Sendable, Hashable {
    /// Any origin: for what needs a token that no browser sends by itself.
    public static let any = AllowedOrigins(origins: nil)

    private let origins: Set<String>?

    private init(origins: Set<String>?) { self.origins = origins }

    /// - Parameter text: origins such as `https://app.example.com` and `http://localhost:5173`, separated by commas, or
    ///   `*` for any. Nil when one of them is no origin: a scheme and a host, with a port or without, and nothing else.
    public init?(_ text: String) {
        if text == "*" {
            self = .any
            return
        }
        var origins: Set<String> = []
        for part in text.split(separator: ",") {
            let origin = part.drop { $0 == " " }.lowercased()
            let scheme = ["https://", "http://"].first { origin.hasPrefix($0) }
            guard let scheme, origin.utf8.count > scheme.utf8.count,
                origin.utf8.dropFirst(scheme.utf8.count).allSatisfy(AllowedOrigins.isOfHost)
            else { return nil }
            origins.insert(origin)
        }
        self.origins = origins
    }

    private static func isOfHost(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: "-._:[]".utf8.contains(byte)
        }
    }

    /// No origin is allowed.
    public var isEmpty: Bool { origins?.isEmpty ?? false }

    func contains(_ origin: String) -> Bool { origins?.contains(origin) ?? true }
}

/// An application that pages of other origins may use: it answers preflights, and lets a page read the whole head of an
/// answer. It allows no credentials of the browser's own: whoever calls must show a token of the page's.
///
/// Requests without an origin, and those of origins that are not allowed, go to the application as they are: what they
/// may do the browser decides, by the fields that are not there.
public final class CrossOriginApplication: Application {
    /// Seconds for which a browser may remember a preflight; browsers cut it at two hours.
    static let maxAge = 7200
    /// What a page may ask with; what each path takes is the application's matter.
    static let methods = "GET, HEAD, POST, PUT, PATCH, DELETE"

    private let application: any Application
    private let origins: AllowedOrigins

    /// Serves `application`, and lets pages of `origins` read its answers.
    public init(_ application: any Application, allowing origins: AllowedOrigins) {
        self.application = application
        self.origins = origins
    }

    public func began(_ exchange: any Exchange) {
        guard let origin = exchange.head.headers[first: "origin"], origins.contains(origin) else {
            return application.began(exchange)
        }
        let head = exchange.head
        if head.method == "OPTIONS", head.headers[first: "access-control-request-method"] != nil {
            return Preflight.answer(exchange, origin)
        }
        application.began(CrossOriginExchange(exchange, origin))
    }

    public func burstEnded(on eventLoop: any EventLoop) { application.burstEnded(on: eventLoop) }
}

/// An exchange whose answer a page of another origin may read.
private final class CrossOriginExchange: Exchange {
    private let exchange: any Exchange
    private let origin: String

    init(_ exchange: any Exchange, _ origin: String) {
        self.exchange = exchange
        self.origin = origin
    }

    var eventLoop: any EventLoop { exchange.eventLoop }
    var peer: Peer { exchange.peer }
    var head: RequestHead { exchange.head }
    var delegate: (any ExchangeDelegate)? {
        get { (exchange.delegate as? Keeper)?.delegate }
        set { exchange.delegate = newValue.map { Keeper(self, $0) } }
    }
    var isWritable: Bool { exchange.isWritable }

    func consume(_ byteCount: Int) { exchange.consume(byteCount) }

    func respond(_ head: ResponseHead, endStream: Bool) {
        var head = head
        // All that is there: a page could not know the names of metadata otherwise.
        let names = Set(head.headers.map(\.name)).sorted().joined(separator: ", ")
        head.headers.add("access-control-allow-origin", origin)
        if !names.isEmpty { head.headers.add("access-control-expose-headers", names) }
        head.headers.add("vary", "origin")
        exchange.respond(head, endStream: endStream)
    }

    func write(_ bytes: ByteBuffer) { exchange.write(bytes) }
    func end(trailers: Headers?) { exchange.end(trailers: trailers) }
    func reset(_ code: HTTP2ErrorCode) { exchange.reset(code) }
    func hold(_ byteCount: Int) { exchange.hold(byteCount) }
    func countMessages(sent: Int, received: Int) { exchange.countMessages(sent: sent, received: received) }

    /// An application need not hold its exchange: the one below holds this one, as long as it holds the delegate.
    private final class Keeper: ExchangeDelegate {
        let exchange: CrossOriginExchange
        let delegate: any ExchangeDelegate

        init(_ exchange: CrossOriginExchange, _ delegate: any ExchangeDelegate) {
            self.exchange = exchange
            self.delegate = delegate
        }

        func received(_ bytes: ByteBuffer) { delegate.received(bytes) }
        func receivedEnd(trailers: Headers) { delegate.receivedEnd(trailers: trailers) }
        func becameWritable() { delegate.becameWritable() }
        func cancelled(_ reason: ExchangeCancellation) { delegate.cancelled(reason) }
    }
}

/// The question that a browser asks before a request that not every page may make.
private final class Preflight: ExchangeDelegate {
    private unowned let exchange: any Exchange

    private init(_ exchange: any Exchange) { self.exchange = exchange }

    static func answer(_ exchange: any Exchange, _ origin: String) {
        var headers: Headers = [
            "access-control-allow-origin": origin,
            "access-control-allow-methods": CrossOriginApplication.methods,
            "access-control-max-age": String(CrossOriginApplication.maxAge),
            "vary": "origin, access-control-request-headers",
        ]
        // Metadata may have any name.
        if let asked = exchange.head.headers[first: "access-control-request-headers"] {
            headers.add("access-control-allow-headers", asked)
        }
        exchange.delegate = Preflight(exchange)
        exchange.respond(ResponseHead(status: 204, headers: headers), endStream: true)
    }

    func received(_ bytes: ByteBuffer) { exchange.consume(bytes.readableBytes) }
    func receivedEnd(trailers: Headers) {}
    func becameWritable() {}
    func cancelled(_ reason: ExchangeCancellation) {}
}
