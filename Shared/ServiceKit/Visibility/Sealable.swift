/// A resource that may be of the level SEALED (docs/domain.md §6.8): no sharing request releases it, no search finds it, a
/// break-glass case alone opens it to others than the two.
public protocol Sealable: Resource {
    var isSealed: Bool { get }
    /// Fields by which what is sealed is not found, whoever searches.
    static var texts: Set<String> { get }
}

extension Resource {
    var isSealed: Bool { (self as? any Sealable)?.isSealed ?? false }
}
