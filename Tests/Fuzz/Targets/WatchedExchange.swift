import HTTP
import NIOCore

/// Counts the requests of one connection, and what went wrong between its ends.
final class ExchangeLedger: @unchecked Sendable {
    // Unchecked: one thread has it.
    fileprivate var began = 0
    fileprivate var ended = 0
    private var breach: Broken?

    fileprivate func note(_ condition: Bool, _ rule: String) {
        if !condition, breach == nil { breach = Broken(rule) }
    }

    /// After the connection.
    func settle() throws(Broken) {
        if let breach { throw breach }
        try hold(ended == began, "\(began - ended) of \(began) exchanges are still held")
    }
}

/// Stands between a connection and its application, and looks whether each keeps to `Exchange`'s words.
final class WatchedApplication: Application {
    private let application: any Application
    private let ledger: ExchangeLedger

    init(_ application: any Application, _ ledger: ExchangeLedger) {
        self.application = application
        self.ledger = ledger
    }

    func began(_ exchange: any Exchange) { application.began(WatchedExchange(exchange, ledger)) }
    func burstEnded(on eventLoop: any EventLoop) { application.burstEnded(on: eventLoop) }
}

/// What the application sees of an exchange.
private final class WatchedExchange: Exchange {
    private let exchange: any Exchange
    private let ledger: ExchangeLedger
    private var hasResponded = false

    init(_ exchange: any Exchange, _ ledger: ExchangeLedger) {
        self.exchange = exchange
        self.ledger = ledger
        ledger.began += 1
    }

    deinit { ledger.ended += 1 }

    /// Held by the exchange below alone, which lets go of it, and of this one, at its end.
    var delegate: (any ExchangeDelegate)? {
        get { (exchange.delegate as? WatchedDelegate)?.delegate }
        set { exchange.delegate = newValue.map { WatchedDelegate($0, of: self, ledger) } }
    }

    var eventLoop: any EventLoop { exchange.eventLoop }
    var peer: Peer { exchange.peer }
    var head: RequestHead { exchange.head }
    var isWritable: Bool { exchange.isWritable }

    func consume(_ byteCount: Int) { exchange.consume(byteCount) }

    func respond(_ head: ResponseHead, endStream: Bool) {
        ledger.note(!hasResponded, "a second head answers one request")
        hasResponded = true
        exchange.respond(head, endStream: endStream)
    }

    func write(_ bytes: ByteBuffer) {
        ledger.note(hasResponded, "a body comes before its head")
        exchange.write(bytes)
    }

    func end(trailers: Headers?) { exchange.end(trailers: trailers) }
    func reset(_ code: HTTP2ErrorCode) { exchange.reset(code) }
    func hold(_ byteCount: Int) { exchange.hold(byteCount) }
}

/// What the application hears of an exchange.
private final class WatchedDelegate: ExchangeDelegate {
    let delegate: any ExchangeDelegate
    // An application need not hold its exchange.
    private let exchange: WatchedExchange
    private let ledger: ExchangeLedger
    private var requestEnded = false
    private var isCancelled = false

    init(_ delegate: any ExchangeDelegate, of exchange: WatchedExchange, _ ledger: ExchangeLedger) {
        self.delegate = delegate
        self.exchange = exchange
        self.ledger = ledger
    }

    func received(_ bytes: ByteBuffer) {
        ledger.note(!requestEnded && !isCancelled, "a body goes on after its end")
        delegate.received(bytes)
    }

    func receivedEnd(trailers: Headers) {
        ledger.note(!requestEnded && !isCancelled, "a request ends twice")
        requestEnded = true
        delegate.receivedEnd(trailers: trailers)
    }

    func becameWritable() {
        ledger.note(!isCancelled, "an exchange that is over becomes writable")
        delegate.becameWritable()
    }

    func cancelled(_ reason: ExchangeCancellation) {
        ledger.note(!isCancelled, "an exchange is cancelled twice")
        isCancelled = true
        delegate.cancelled(reason)
    }
}
