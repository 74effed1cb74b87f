import Protobuf
import Schema
import Standard

/// A message that is stored under its own name.
public protocol Resource: Message {
    var name: String { get set }
    /// The revision as a quoted string (AIP-154).
    var etag: String { get set }
}

/// A request that changes something.
public protocol Mutation: Message {
    /// A UUID, or empty for no idempotency (docs/domain.md rule 34).
    var requestId: String { get }
    /// Needs the import scope.
    var occurredAt: Timestamp? { get }
    /// The resource that the request changes, where it names one.
    var name: String { get }
    /// The revision of that resource which the caller has seen; empty for any. Checked by `mutate`.
    var etag: String { get }
}

extension Mutation {
    public var name: String { "" }
    public var etag: String { "" }
}
