import RPC

/// A rule of the domain says no. The reason is stable (docs/domain.md §6.7), the message tells a person what to do.
public struct Refusal: RPCErrorConvertible, Sendable, Hashable {
    public var code: StatusCode
    public var reason: String
    public var message: String
    /// The request's field that is at fault; empty where none is.
    public var field: String

    public init(_ code: StatusCode, _ reason: String, _ message: String, field: String = "") {
        self.code = code
        self.reason = reason
        self.message = message
        self.field = field
    }

    public var rpcError: RPCError {
        let error = RPCError(code, reason: reason, message)
        return field.isEmpty ? error : error.adding(violation: field, message)
    }

    public static func invalid(_ field: String, _ description: String, reason: String = "INVALID_FIELD") -> Refusal {
        Refusal(.invalidArgument, reason, "\(field): \(description)", field: field)
    }

    public static func wrongState(_ what: String, is state: some CustomStringConvertible, needs: String) -> Refusal {
        Refusal(.failedPrecondition, "WRONG_STATE", "\(what) is \(state); this needs \(needs)")
    }

    /// One text for what does not exist and what the caller may not see (AIP-211).
    public static let notParty = Refusal(
        .permissionDenied, "NOT_PARTY", "you have no access to this resource (or it might not exist)")
    public static let notActive = Refusal(.failedPrecondition, "NOT_ACTIVE", "the relationship is not active")
    public static let unauthenticated = Refusal(
        .unauthenticated, "TOKEN_MISSING", "send a valid token as 'authorization: Bearer …'")

    public static let relationshipsDown = Refusal(
        .unavailable, "DEPENDENCY_DOWN", "the relationships service cannot be asked now; try again")

    public static let etagMismatch = Refusal(
        .aborted, "ETAG_MISMATCH", "the resource has changed since it was read; read it again")

    public static func roleForbidden(_ message: String) -> Refusal {
        Refusal(.permissionDenied, "ROLE_FORBIDDEN", message)
    }

    /// For those who may see the parent (docs/domain.md rule 33).
    public static func notFound(_ name: String) -> Refusal {
        Refusal(.notFound, "NOT_FOUND", "\(name) does not exist")
    }
}
