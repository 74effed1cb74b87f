import HTTP
import Logging
import NIOCore
import NIOEmbedded
import Standard

@testable import RPC

/// A connection whose other end is the test.
final class ScriptedTransport: ClientTransport {
    final class Stream: ClientExchange {
        let head: RequestHead
        var delegate: (any ClientExchangeDelegate)?
        var body = ByteBuffer()
        var isHalfClosed = false
        var resetCode: HTTP2ErrorCode?
        var isWritable = true

        init(_ head: RequestHead, _ delegate: any ClientExchangeDelegate) {
            self.head = head
            self.delegate = delegate
        }

        func write(_ bytes: ByteBuffer) { body.writeImmutableBuffer(bytes) }
        func end() { isHalfClosed = true }
        func reset(_ code: HTTP2ErrorCode) { resetCode = code }
        func consume(_ byteCount: Int) {}

        func begin() {
            delegate?.received(ResponseHead(status: 200, headers: ["content-type": "application/grpc"]))
        }

        /// The status alone, as a handler that fails gives it.
        func refuse(_ code: StatusCode, pushBack: String? = nil) {
            var headers: Headers = ["content-type": "application/grpc", "grpc-status": "\(code.rawValue)"]
            if let pushBack { headers.add("grpc-retry-pushback-ms", pushBack) }
            answer(only: headers)
        }

        func answer(_ text: String) {
            begin()
            delegate?.received(framed(StringValue(value: text).serialized()))
            delegate?.receivedEnd(trailers: ["grpc-status": "0"])
        }

        func answer(only headers: Headers, status: Int = 200) {
            delegate?.received(ResponseHead(status: status, headers: headers))
            delegate?.receivedEnd(trailers: [:])
        }
    }

    var canTakeRequest = true
    var streams: [Stream] = []
    var closing: ((ConnectionCloseReason) -> Void)?
    var isClosed = false
    var statistics = ConnectionStatistics()

    func request(_ head: RequestHead, endStream: Bool, delegate: any ClientExchangeDelegate) -> any ClientExchange {
        let stream = Stream(head, delegate)
        streams.append(stream)
        return stream
    }

    func whenClosing(_ body: @escaping (ConnectionCloseReason) -> Void) { closing = body }

    func close(grace: TimeAmount, _ done: @escaping () -> Void) {
        isClosed = true
        done()
    }
}

/// Attempts to connect, each answered by the test.
final class Attempts: @unchecked Sendable {
    var endpoints: [Endpoint] = []
    var keepalives: [Keepalive] = []
    var answers: [(Result<any ClientTransport, any Error>) -> Void] = []

    func succeed() -> ScriptedTransport {
        let transport = ScriptedTransport()
        answers[answers.count - 1](.success(transport))
        return transport
    }

    /// The last attempt at an endpoint.
    func succeed(at endpoint: Endpoint) -> ScriptedTransport {
        let transport = ScriptedTransport()
        if let index = endpoints.lastIndex(of: endpoint) { answers[index](.success(transport)) }
        return transport
    }

    func fail(at endpoint: Endpoint) {
        if let index = endpoints.lastIndex(of: endpoint) { answers[index](.failure(Refused())) }
    }

    func count(_ endpoint: Endpoint) -> Int { endpoints.count { $0 == endpoint } }

    struct Refused: Error, CustomStringConvertible { let description = "connection refused" }

    func fail() {
        answers[answers.count - 1](.failure(Refused()))
    }
}

/// One loop's part of a channel over scripted connections, and a clock that the test moves.
struct ScriptedChannel {
    static let a = Endpoint.tcp(host: "a.test", port: 1)
    static let b = Endpoint.tcp(host: "b.test", port: 2)
    static let c = Endpoint.tcp(host: "c.test", port: 3)

    let loop = EmbeddedEventLoop()
    let attempts = Attempts()
    let channel: LoopChannel

    init(
        _ options: RPC.Channel.Options = RPC.Channel.Options(), endpoints: [Endpoint] = [a, b],
        trace: ChannelTrace? = nil
    ) {
        channel = LoopChannel(
            Target(endpoints, isTLS: false), options,
            throttle: options.serviceConfig.retryThrottling.map { RetryThrottle($0) },
            trace: trace, on: loop,
            connector: { [attempts] endpoint, keepalive, _, done in
                attempts.endpoints.append(endpoint)
                attempts.keepalives.append(keepalive)
                attempts.answers.append(done)
            }, logger: .silent)
    }

    init(config: ServiceConfig, endpoints: [Endpoint] = [a, b]) {
        var options = RPC.Channel.Options()
        options.serviceConfig = config
        self.init(options, endpoints: endpoints)
    }

    func call(_ text: String = "", _ options: CallOptions = CallOptions()) -> ClientCall {
        let call = ClientCall(
            "t.S/M", options, request: framed(StringValue(value: text).serialized()), takesOneResponse: true,
            on: channel)
        call.start()
        return call
    }
}

func text(_ call: ClientCall) throws -> String? {
    guard case .success(let bytes)? = call.response?.result else { return nil }
    return try (decoded(bytes) as StringValue).value
}

func error(_ call: ClientCall) -> RPCError? {
    if case .failure(let error)? = call.response?.result { error } else { nil }
}
