import HTTP
import Logging
import NIOCore
import NIOEmbedded
import Standard

@testable import RPC

/// An exchange whose peer is the test: it delivers what it is told to and records the answer.
final class ScriptedExchange: Exchange {
    let eventLoop: any EventLoop
    let peer = Peer(
        address: "test", isTLS: true, certificate: PeerCertificate(dnsNames: ["caller"], uris: ["spiffe://test/caller"])
    )
    let head: RequestHead
    var delegate: (any ExchangeDelegate)?

    var isWritable = true
    var onWrite: () -> Void = {}
    private(set) var consumed = 0
    private(set) var response: ResponseHead?
    private(set) var body = ByteBuffer()
    private(set) var trailers: Headers?
    private(set) var ends = 0
    private(set) var reset: HTTP2ErrorCode?
    private(set) var held = 0
    private(set) var eventsAfterEnd = 0

    init(_ path: String, headers: Headers, on eventLoop: any EventLoop, method: String = "POST") {
        self.eventLoop = eventLoop
        head = RequestHead(method: method, scheme: "http", authority: "test", path: path, headers: headers)
    }

    func consume(_ byteCount: Int) { consumed += byteCount }

    func respond(_ head: ResponseHead, endStream: Bool) {
        if ends > 0 || response != nil { eventsAfterEnd += 1 }
        response = head
        if endStream { ends += 1 }
    }

    func write(_ bytes: ByteBuffer) {
        if ends > 0 || response == nil { eventsAfterEnd += 1 }
        body.writeImmutableBuffer(bytes)
        onWrite()
    }

    func end(trailers: Headers?) {
        if ends > 0 { eventsAfterEnd += 1 }
        self.trailers = trailers
        ends += 1
    }

    func reset(_ code: HTTP2ErrorCode) { reset = code }

    func hold(_ byteCount: Int) { held = byteCount }

    // MARK: What the answer was

    var isEnded: Bool { ends > 0 }

    var status: StatusCode? {
        guard isEnded, let text = (trailers ?? response?.headers)?[first: "grpc-status"] else { return nil }
        return StatusCode(wire: text)
    }

    var message: String? { (trailers ?? response?.headers)?[first: "grpc-message"].map(StatusMessage.decode) }

    var messages: [String] {
        var reader = MessageReader(limit: .max)
        var texts: [String] = []
        do {
            try reader.append(body)
            while let bytes = try reader.next() { texts.append(try (decoded(bytes) as StringValue).value) }
        } catch {
            texts.append("unreadable: \(error)")
        }
        return texts
    }
}

/// A server on an event loop that stands still until the test moves it: every interleaving is the test's choice.
struct Stage {
    let loop = EmbeddedEventLoop()
    let server: RPCServer

    init(
        _ methods: [Method], interceptors: [any ServerInterceptor] = [], options: ServerOptions = ServerOptions(),
        fallback: (any Application)? = nil, passthrough: RawHandler? = nil
    ) {
        server = RPCServer(
            methods: methods, interceptors: interceptors, options: options, fallback: fallback,
            passthrough: passthrough,
            group: loop, logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
    }

    /// The head of a request arrives.
    func open(
        _ path: String, type: String = "application/grpc", timeout: String? = nil, headers: Headers = [:],
        method: String = "POST"
    ) -> ScriptedExchange {
        var headers = headers
        headers.add("content-type", type)
        if let timeout { headers.add("grpc-timeout", timeout) }
        let exchange = ScriptedExchange("/" + path, headers: headers, on: loop, method: method)
        server.began(exchange)
        return exchange
    }

    /// A whole request arrives, without the end of its burst.
    func request(_ path: String, _ texts: String..., timeout: String? = nil, headers: Headers = [:]) -> ScriptedExchange
    {
        let exchange = open(path, timeout: timeout, headers: headers)
        send(texts, on: exchange)
        exchange.delegate?.receivedEnd(trailers: [:])
        return exchange
    }

    func send(_ texts: [String], on exchange: ScriptedExchange) {
        for text in texts { exchange.delegate?.received(framed(StringValue(value: text).serialized())) }
    }

    func endBurst() { server.burstEnded(on: loop) }

    /// Runs what the loop has to do.
    func run() { loop.run() }

    func advance(by time: TimeAmount) { loop.advanceTime(by: time) }
}

/// Notes of a handler that a test reads.
final class Notes: Sendable {
    private let lines = Lock([String]())

    func add(_ line: String) { lines.withLock { $0.append(line) } }
    var all: [String] { lines.withLock { $0 } }
}
