/// The outcome of a call: the seventeen codes of gRPC (doc/statuscodes.md).
public enum StatusCode: Int, Sendable, Hashable, CaseIterable {
    /// The call succeeded.
    case ok = 0
    /// The caller gave it up.
    case cancelled
    /// An error that says nothing better.
    case unknown
    /// The request makes no sense, whatever the state of the server.
    case invalidArgument
    /// The time was up before the answer.
    case deadlineExceeded
    /// What was asked for is not there.
    case notFound
    /// What was to be made is there already.
    case alreadyExists
    /// The caller may not do this.
    case permissionDenied
    /// A limit is reached.
    case resourceExhausted
    /// The server is not in the state that this needs.
    case failedPrecondition
    /// Somebody else's change came first.
    case aborted
    /// Past the end of what there is.
    case outOfRange
    /// The server does not know the method.
    case unimplemented
    /// Something is broken that should not be.
    case `internal`
    /// Not now; it may be tried again.
    case unavailable
    /// Data are lost for good.
    case dataLoss
    /// It is not known who calls.
    case unauthenticated

    /// The name used in documentation, logs and JSON, such as `DEADLINE_EXCEEDED`.
    public var name: String {
        switch self {
        case .ok: "OK"
        case .cancelled: "CANCELLED"
        case .unknown: "UNKNOWN"
        case .invalidArgument: "INVALID_ARGUMENT"
        case .deadlineExceeded: "DEADLINE_EXCEEDED"
        case .notFound: "NOT_FOUND"
        case .alreadyExists: "ALREADY_EXISTS"
        case .permissionDenied: "PERMISSION_DENIED"
        case .resourceExhausted: "RESOURCE_EXHAUSTED"
        case .failedPrecondition: "FAILED_PRECONDITION"
        case .aborted: "ABORTED"
        case .outOfRange: "OUT_OF_RANGE"
        case .unimplemented: "UNIMPLEMENTED"
        case .internal: "INTERNAL"
        case .unavailable: "UNAVAILABLE"
        case .dataLoss: "DATA_LOSS"
        case .unauthenticated: "UNAUTHENTICATED"
        }
    }

    /// Reads a `grpc-status` value: decimal, without sign or leading zeros (gRPC PROTOCOL-HTTP2, "Status").
    /// A well-formed number that names no code is `.unknown`; anything else is nil.
    init?(wire text: String) {
        guard (1...3).contains(text.utf8.count), text.utf8.allSatisfy({ (48...57).contains($0) }),
            text.utf8.count == 1 || text.utf8.first != 48, let number = Int(text)
        else { return nil }
        self = StatusCode(rawValue: number) ?? .unknown
    }
}
