/// A resource's name: collections and ids in turn (AIP-122), for example
/// `organizations/acme/relationships/01931f5e-…/goals/01931f60-…`.
///
/// A request takes names apart a dozen times, so this looks at bytes and never at characters.
public struct ResourceName: Hashable, Sendable, CustomStringConvertible {
    /// Longer names are refused unread.
    static let maximumLength = 400

    public let text: String

    /// - Parameter collections: exactly the collections that the name must have, in order.
    /// - Throws: `Refusal` INVALID_ARGUMENT, BAD_NAME.
    public init(_ text: String, _ collections: String...) throws {
        try self.init(text, collections)
    }

    public init(_ text: String, _ collections: [String]) throws {
        guard ResourceName.matches(text, collections) else {
            let form = collections.map { "\($0)/*" }.joined(separator: "/")
            throw Refusal(.invalidArgument, "BAD_NAME", "a resource name of the form \(form) is needed")
        }
        self.text = text
    }

    /// What a singleton belongs to (AIP-156): of `…/relationships/{id}/trustProfile` the relationship.
    /// - Throws: `Refusal` INVALID_ARGUMENT, BAD_NAME.
    public init(parentOf text: String, singleton: String, _ collections: [String]) throws {
        let suffix = "/" + singleton
        guard text.hasSuffix(suffix), ResourceName.matches(String(text.dropLast(suffix.count)), collections) else {
            let form = collections.map { "\($0)/*" }.joined(separator: "/")
            throw Refusal(.invalidArgument, "BAD_NAME", "a resource name of the form \(form)\(suffix) is needed")
        }
        self.text = String(text.dropLast(suffix.count))
    }

    private init(unchecked text: String) {
        self.text = text
    }

    public var description: String { text }
    public var organization: String { prefix(parts: 2) }

    public var id: String {
        guard let slash = text.utf8.lastIndex(of: ResourceName.slash) else { return text }
        return String(text[text.utf8.index(after: slash)...])
    }

    /// Nil for what belongs to no relationship.
    public var relationship: String? {
        let relationship = prefix(parts: 4)
        return ResourceName.matches(relationship, ["organizations", "relationships"]) ? relationship : nil
    }

    /// The name without its last collection and id; of an organisation, itself.
    public var parent: ResourceName {
        var end = text.utf8.endIndex
        for _ in 0..<2 {
            guard let slash = text.utf8[..<end].lastIndex(of: ResourceName.slash) else { return self }
            end = slash
        }
        return ResourceName(unchecked: String(text[..<end]))
    }

    public func child(_ collection: String, _ id: String) -> ResourceName {
        ResourceName(unchecked: "\(text)/\(collection)/\(id)")
    }

    /// The relationship that a resource below it, or itself, belongs to.
    /// - Throws: `Refusal` INVALID_ARGUMENT, BAD_NAME.
    public static func relationship(of name: String) throws -> ResourceName {
        let whole = ResourceName(unchecked: name)
        let relationship = whole.prefix(parts: 4)
        let isWellFormed =
            name.utf8.count <= maximumLength && isPath(name.utf8.dropFirst(relationship.utf8.count))
        return try ResourceName(isWellFormed ? relationship : "", "organizations", "relationships")
    }

    /// The organisation that a resource, or itself, belongs to.
    /// - Throws: `Refusal` INVALID_ARGUMENT, BAD_NAME.
    public static func organization(of name: String) throws -> ResourceName {
        try ResourceName(ResourceName(unchecked: name).organization, "organizations")
    }

    /// 1 to 63 of a-z, 0-9 and hyphen: a UUID's text, or what an administrator chose.
    public static func isIdentifier(_ text: Substring) -> Bool { isIdentifier(text.utf8) }

    // MARK: Bytes

    private static let slash = UInt8(ascii: "/")

    /// The first parts, with the slashes between them; all of it when there are no more.
    private func prefix(parts count: Int) -> String {
        var slashes = 0
        let end = text.utf8.firstIndex { byte in
            if byte == ResourceName.slash { slashes += 1 }
            return slashes == count
        }
        return end.map { String(text[..<$0]) } ?? text
    }

    private static func matches(_ text: String, _ collections: [String]) -> Bool {
        guard text.utf8.count <= maximumLength else { return false }
        var rest = text.utf8[...]
        for (number, collection) in collections.enumerated() {
            if number > 0 { guard rest.popFirst() == slash else { return false } }
            for byte in collection.utf8 { guard rest.popFirst() == byte else { return false } }
            guard rest.popFirst() == slash else { return false }
            let id = rest.prefix { $0 != slash }
            guard isIdentifier(id) else { return false }
            rest = rest[id.endIndex...]
        }
        return rest.isEmpty
    }

    /// What lies below a relationship must have the form of a name as well; a last collection without an id is a
    /// singleton.
    private static func isPath(_ path: Substring.UTF8View) -> Bool {
        var rest = path
        var isCollection = true
        while rest.popFirst() == slash {
            let part = rest.prefix { $0 != slash }
            guard isCollection ? !part.isEmpty && part.allSatisfy(isLetter) : isIdentifier(part) else { return false }
            rest = rest[part.endIndex...]
            isCollection.toggle()
        }
        return true
    }

    private static func isLetter(_ byte: UInt8) -> Bool { (0x41...0x5a).contains(byte & 0xdf) }

    private static func isIdentifier(_ text: Substring.UTF8View) -> Bool {
        (1...63).contains(text.count)
            && text.allSatisfy { (0x61...0x7a).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2d }
    }
}
