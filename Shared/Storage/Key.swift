/// What names an organisation, a parent or a resource in the tables: 16 bytes where the suite made the name, text where
/// a customer chose it. Names of resources are built from keys, never stored.
public enum Key: Sendable, Hashable, ExpressibleByStringLiteral {
    case id(Identifier)
    case text(String)

    /// The parent of resources that stand directly under the organisation.
    public static let root = Key.text("")

    /// The canonical text of an identifier becomes `.id`, anything else `.text`.
    public init(_ segment: String) {
        self = Identifier(segment).map(Key.id) ?? .text(segment)
    }

    public init(stringLiteral value: String) { self.init(value) }

    func check() throws {
        if case .text(let text) = self { try Limits.check(text: text, "key") }
    }
}

extension Key: CustomStringConvertible {
    /// The segment as it stands in a resource name.
    public var description: String {
        switch self {
        case .id(let identifier): identifier.description
        case .text(let text): text
        }
    }
}
