import HTTP
import Protobuf

/// The status of a call in its trailers (gRPC PROTOCOL-HTTP2, "Trailers").
enum StatusTrailers {
    private static let ok = Headers.constant(["grpc-status": "0"])

    static func make(_ error: RPCError?, _ metadata: Metadata) -> Headers {
        var trailers = ok
        if let error {
            trailers = ["grpc-status": "\((error.code == .ok ? .unknown : error.code).rawValue)"]
            if !error.message.isEmpty { trailers.add("grpc-message", StatusMessage.encode(error.message)) }
            if !error.details.isEmpty {
                trailers.add("grpc-status-details-bin", Base64.encode(error.packedStatus(), isPadded: false))
            }
            if error.code == .unimplemented { trailers.add("grpc-accept-encoding", MessageEncoding.accepted) }
            if let pushBack = error.pushBack {
                trailers.add(PushBack.header, "\(pushBack.clampedNanoseconds / 1_000_000)")
            }
            for (name, value) in error.metadata { trailers.add(name, value) }
        }
        if !metadata.isEmpty {
            for (name, value) in metadata { trailers.add(name, value) }
        }
        return trailers
    }

    /// The outcome that trailers tell; nil when they hold no status.
    static func outcome(_ trailers: Headers) -> Outcome? {
        guard let text = trailers[first: "grpc-status"] else { return nil }
        guard let code = StatusCode(wire: text) else {
            return .failure(RPCError(.unknown, "\"\(text)\" is not a status"))
        }
        guard code != .ok else { return .success }
        let message = trailers[first: "grpc-message"].map(StatusMessage.decode) ?? ""
        var error = RPCError(code, message, metadata: Metadata(received: trailers))
        if let packed = trailers[first: "grpc-status-details-bin"].flatMap({ Base64.decode($0) }) {
            error.details = RPCError.details(packed: packed)
        }
        return .failure(error)
    }

    enum Outcome: Equatable {
        case success
        case failure(RPCError)

        var error: RPCError? {
            if case .failure(let error) = self { error } else { nil }
        }
    }
}
