import Protobuf
import Schema
import Standard

/// A message that is stored under its own name.
public protocol Resource: Message {
    var name: String { get set }
    /// The revision as a quoted string (AIP-154).
    var etag: String { get set }
    /// Who wrote it, where it is one person's own: that others read it is noted (docs/domain.md §6.9). Nil unless a resource
    /// says otherwise.
    var writer: String? { get }
    /// Of the level SEALED (docs/domain.md §6.8): no sharing request releases it, no search finds it, a break-glass case alone
    /// opens it to others than the two. False unless a resource says otherwise.
    var isSealed: Bool { get }
    /// Fields by which what is sealed is not found, whoever searches. Empty for resources that are never sealed.
    static var sealedTexts: Set<String> { get }
}

extension Resource {
    public var writer: String? { nil }
    public var isSealed: Bool { false }
    public static var sealedTexts: Set<String> { [] }
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
