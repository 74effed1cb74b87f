import HTTP
import Logging
import NIOCore
import Protobuf
import Standard

/// Asks one connection's server how a service is, for as long as the connection lasts (gRFC A17). Confined to its loop.
final class HealthWatch {
    enum Status: Equatable {
        /// It has not answered yet.
        case unknown
        case healthy
        case unhealthy(String)

        var isHealthy: Bool { self == .healthy }
    }

    private(set) var status = Status.unknown
    private let service: String
    private let transport: any ClientTransport
    private let target: Target
    private let eventLoop: any EventLoop
    private let logger: Logger
    private let onChange: () -> Void
    private var exchange: (any ClientExchange)?
    private var reader = MessageReader(limit: 1024)
    private var lastHead: ResponseHead?
    private var failures = 0
    private var isStopped = false

    init(
        _ service: String, on transport: any ClientTransport, target: Target, eventLoop: any EventLoop, logger: Logger,
        onChange: @escaping () -> Void
    ) {
        self.service = service
        self.transport = transport
        self.target = target
        self.eventLoop = eventLoop
        self.logger = logger
        self.onChange = onChange
    }

    func start() {
        guard !isStopped else { return }
        reader = MessageReader(limit: 1024)
        lastHead = nil
        let head = RequestHead(
            method: "POST", scheme: target.scheme, authority: target.authority, path: "/grpc.health.v1.Health/Watch",
            headers: ["te": "trailers", "content-type": "application/grpc"])
        let exchange = transport.request(head, endStream: false, delegate: self)
        self.exchange = exchange
        exchange.write(framed(HealthCheckRequest(service: service)))
        exchange.end()
    }

    func stop() {
        isStopped = true
        exchange?.reset(.cancel)
        exchange = nil
    }

    private func become(_ status: Status) {
        guard !isStopped, status != self.status else { return }
        self.status = status
        onChange()
    }

    /// The stream has ended: the server does not know the method, and is taken as it is, or it is asked again.
    private func ended(_ error: RPCError) {
        exchange = nil
        guard !isStopped else { return }
        guard error.code != .unimplemented else {
            logger.warning(
                "the server does not tell its health; it counts as healthy", metadata: ["target": "\(target)"])
            return become(.healthy)
        }
        failures += 1
        var generator = SystemRandomNumberGenerator()
        let delay = Backoff().delay(after: failures, using: &generator)
        become(.unhealthy("its health is not known: \(error)"))
        eventLoop.assumeIsolated().scheduleTask(in: .nanoseconds(delay.clampedNanoseconds)) { [weak self] in
            self?.start()
        }
    }
}

extension HealthWatch: ClientExchangeDelegate {
    func received(_ head: ResponseHead) {
        if head.headers[first: "grpc-status"] != nil {
            lastHead = head
        } else if let error = HTTPStatus.error(head) {
            exchange?.reset(.cancel)
            ended(error)
        }
    }

    func received(_ bytes: ByteBuffer) {
        exchange?.consume(bytes.readableBytes)
        do {
            try reader.append(bytes)
            while let message = try reader.next() {
                failures = 0
                let response: HealthCheckResponse = try decoded(message)
                become(response.status == .serving ? .healthy : .unhealthy("\(service) is not serving there"))
            }
        } catch {
            exchange?.reset(.cancel)
            ended(RPCError(.internal, "\(error)"))
        }
    }

    func receivedEnd(trailers: Headers) {
        let trailers = trailers.isEmpty ? lastHead?.headers ?? trailers : trailers
        let error = StatusTrailers.outcome(trailers)?.error
        ended(error ?? RPCError(.unavailable, "the server has ended the watch"))
    }

    func becameWritable() {}

    func closed(_ reason: StreamCloseReason) {
        exchange = nil
        if case .reset(let code) = reason { ended(ResetStatus.error(code)) }
    }
}
