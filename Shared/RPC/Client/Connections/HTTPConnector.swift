import HTTP
import Logging
import NIOCore

/// Connects by HTTP/2 over TCP or a unix socket.
/// - Parameter serverName: what the server's certificate must say, unless the credentials tell; nil for the endpoint's
///   host.
func httpConnector(_ credentials: ClientCredentials?, serverName: String?, logger: Logger) -> Connector {
    { endpoint, keepalive, eventLoop, done in
        var configuration = HTTPClientConfiguration()
        configuration.keepalive = keepalive
        HTTP2Connection.connect(
            to: endpoint, credentials: credentials, serverName: serverName, configuration: configuration,
            on: eventLoop, logger: logger
        ).assumeIsolated().whenComplete { result in
            done(result.map { $0 as any ClientTransport })
        }
    }
}

extension HTTP2Connection: ClientTransport {
    var canTakeRequest: Bool { state == .ready && hasCapacity }

    func whenClosing(_ body: @escaping (ConnectionCloseReason) -> Void) {
        onStateChange = { [weak self] state, reason in
            guard state != .ready else { return }
            self?.onStateChange = nil
            body(reason ?? .closedByPeer)
        }
    }

    func close(grace: TimeAmount, _ done: @escaping () -> Void) {
        close(grace: grace).assumeIsolated().whenComplete { _ in done() }
    }
}

extension ConnectionCloseReason {
    var explanation: String {
        switch self {
        case .requested: "closed on request"
        case .closedByPeer: "the server closed the connection"
        case .goAway(let code, let debug): debug.isEmpty ? "GOAWAY \(code)" : "GOAWAY \(code): \(debug)"
        case .failed(let text): text
        case .violated(let text): "protocol violation: \(text)"
        case .timedOut: "the server stopped reading"
        case .exhausted: "no stream identifiers left"
        }
    }
}
