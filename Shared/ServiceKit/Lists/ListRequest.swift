import Protobuf

/// A request for one page of what lies below a parent (docs/domain.md §6.0). A message that lacks one of the optional
/// fields behaves as if it were empty.
public protocol ListRequest: Message {
    var parent: String { get }
    /// 0 is 50, more than 500 is 500.
    var pageSize: Int32 { get }
    var pageToken: String { get }
    /// `Filter` says what it may hold.
    var filter: String { get }
    /// `Ordering` says what it may hold; empty is the order of creation.
    var orderBy: String { get }
    /// Lists what was deleted as well, as long as it is kept (AIP-164).
    var showDeleted: Bool { get }
}

extension ListRequest {
    public var filter: String { "" }
    public var orderBy: String { "" }
    public var showDeleted: Bool { false }
}
