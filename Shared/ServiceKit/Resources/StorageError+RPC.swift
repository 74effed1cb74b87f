import RPC
import Storage

/// What callers hear of the database: whether to try again, and nothing of its inside.
extension StorageError: RPCErrorConvertible {
    public var rpcError: RPCError {
        switch self {
        case .overloaded:
            RPCError(.resourceExhausted, reason: "RATE_LIMIT", description).retrying(after: .seconds(1))
        case .closed, .unwritable:
            RPCError(.unavailable, reason: "DEPENDENCY_DOWN", "the service cannot store anything now; try again")
                .retrying(after: .seconds(1))
        case .keyring:
            RPCError(
                .unavailable, reason: "KEYRING_WRONG",
                "what is encrypted cannot be opened now; the operator must look at the keyring")
        case .alreadyExists: RPCError(.alreadyExists, reason: "ALREADY_EXISTS", description)
        case .notFound: RPCError(.notFound, reason: "NOT_FOUND", description)
        case .revisionMismatch: RPCError(.aborted, reason: "ETAG_MISMATCH", description)
        case .pageToken: RPCError(.invalidArgument, reason: "BAD_PAGE_TOKEN", description)
        default: RPCError(.internal, "the database refused; the service's log says why")
        }
    }
}
