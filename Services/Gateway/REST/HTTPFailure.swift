import HTTP
import Protobuf
import RPC
import Standard

/// An answer that says no: an HTTP status and the error behind it.
struct HTTPFailure: Error {
    let status: Int
    let error: RPCError
    var headers: Headers = [:]
    /// What the log is told and the client is not.
    var cause: (any Error)?

    init(status: Int, _ error: RPCError, headers: Headers = [:]) {
        self.status = status
        self.error = error
        self.headers = headers
    }

    /// By the table of docs/domain.md §6.5, which grpc-gateway and Connect share.
    init(_ error: RPCError, cause: (any Error)? = nil) {
        self.init(status: HTTPFailure.status(of: error.code), error)
        self.cause = cause
        switch status {
        case 401: headers.add("www-authenticate", "Bearer")
        case 429, 503:
            let seconds = error.retryDelay.map { $0.components.seconds + ($0.components.attoseconds > 0 ? 1 : 0) } ?? 1
            headers.add("retry-after", String(max(1, seconds)))
        default: break
        }
    }

    /// What any thrown error is to the client. Texts of unforeseen errors stay inside.
    init(of error: any Error) {
        switch error {
        case let failure as HTTPFailure: self = failure
        case let error as RPCError: self.init(error)
        case let error as any RPCErrorConvertible: self.init(error.rpcError)
        case is CancellationError: self.init(RPCError(.cancelled, "the request was cancelled"))
        default: self.init(RPCError(.internal, "the gateway failed"))
        }
    }

    /// An error of a service as its caller may read it: errors without a reason of the contract are about the insides of
    /// the suite, so that their text stays there.
    static func hidingTexts(of error: any Error, from upstream: Upstream) -> any Error {
        let explained = upstream.explained(error)
        guard let failure = explained as? RPCError, failure.errorInfo == nil,
            [.internal, .unknown, .dataLoss].contains(failure.code)
        else { return explained }
        return HTTPFailure(
            RPCError(failure.code, "\(upstream.name) failed; tell your administrator when"), cause: failure)
    }

    /// A JSON text or a parameter that does not fit its message.
    init(_ error: JSONError) {
        let reason = error.path.isEmpty ? "BAD_JSON" : "INVALID_FIELD"
        let refusal = RPCError(.invalidArgument, reason: reason, "\(error)")
        self.init(error.path.isEmpty ? refusal : refusal.adding(violation: error.path, error.problem))
    }

    static func badRequest(_ reason: String, _ message: String) -> HTTPFailure {
        HTTPFailure(RPCError(.invalidArgument, reason: reason, message))
    }

    static func tooLarge(limit: Int) -> HTTPFailure {
        HTTPFailure(
            status: 413, RPCError(.invalidArgument, reason: "BODY_TOO_LARGE", "the body has more than \(limit) bytes"))
    }

    static func unknownPath(_ path: Substring) -> HTTPFailure {
        HTTPFailure(RPCError(.notFound, reason: "PATH_UNKNOWN", "there is nothing at \(path.prefix(256))"))
    }

    /// RFC 9110 §15.5.6: the answer names the methods that are allowed.
    static func otherMethods(_ methods: [String]) -> HTTPFailure {
        let allowed = methods.joined(separator: ", ")
        return HTTPFailure(
            status: 405, RPCError(.unimplemented, reason: "METHOD_NOT_ALLOWED", "this path takes \(allowed)"),
            headers: ["allow": allowed])
    }

    static func status(of code: StatusCode) -> Int {
        switch code {
        case .ok: 200
        case .invalidArgument, .failedPrecondition, .outOfRange: 400
        case .unauthenticated: 401
        case .permissionDenied: 403
        case .notFound: 404
        case .alreadyExists, .aborted: 409
        case .resourceExhausted: 429
        case .cancelled: 499
        case .unknown, .internal, .dataLoss: 500
        case .unimplemented: 501
        case .unavailable: 503
        case .deadlineExceeded: 504
        }
    }

    /// `{"error": {"code", "status", "message", "details"}}`: google.rpc.Status in JSON with the HTTP status as its
    /// code, as AIP-193 shows it. Details of types that the contract does not know are left out.
    func body(_ mapping: JSONMapping) -> [UInt8] {
        let details = error.details.compactMap { detail -> JSONValue? in
            let any = ProtobufAny(typeUrl: detail.typeURL, value: detail.value)
            return (try? mapping.json(any)).flatMap { try? JSONValue(parsing: $0) }
        }
        return JSONValue.object([
            "error": .object([
                "code": .number(String(status)), "status": .string(error.code.name),
                "message": .string(error.message), "details": .array(details),
            ])
        ]).text()
    }
}
