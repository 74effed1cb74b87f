/// How a call failed: what a handler throws to answer with a status, and what every client call throws.
public struct RPCError: Error, Sendable, Hashable {
    /// Never `.ok` when it was received; thrown by a handler, `.ok` is answered as UNKNOWN.
    public var code: StatusCode
    /// For people. It may hold any text; on the wire it is percent-encoded.
    public var message: String
    /// Messages of google.rpc (error_details.proto), carried by `grpc-status-details-bin`.
    public var details: [Detail]
    /// Trailing metadata that goes with the status; for a received error, what the peer sent.
    public var metadata: Metadata
    /// What a server tells clients that would call again: to wait so long, or, below zero, not to (gRFC A6, "Pushback").
    public var pushBack: Duration?

    /// A packed message: the shape of google.protobuf.Any.
    public struct Detail: Sendable, Hashable {
        /// `type.googleapis.com/` and the full name of the message.
        public var typeURL: String
        /// The message, serialized.
        public var value: [UInt8]

        /// A detail as it travels.
        public init(typeURL: String, value: [UInt8]) {
            self.typeURL = typeURL
            self.value = value
        }
    }

    /// An error with a status, and a text for people.
    public init(_ code: StatusCode, _ message: String, details: [Detail] = [], metadata: Metadata = Metadata()) {
        self.code = code
        self.message = message
        self.details = details
        self.metadata = metadata
    }
}

extension RPCError: CustomStringConvertible {
    public var description: String { "\(code.name): \(message)" }
}

/// An error of a domain that knows its answer. Thrown from a handler it is sent as `rpcError`; any other error becomes
/// UNKNOWN without its text, which might hold what the caller must not see, and is logged.
public protocol RPCErrorConvertible: Error {
    /// The status that the call ends with.
    var rpcError: RPCError { get }
}
