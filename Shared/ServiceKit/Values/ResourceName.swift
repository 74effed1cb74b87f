/// A resource's name: collections and ids in turn (AIP-122), for example
/// `organizations/acme/relationships/01931f5e-…/goals/01931f60-…`.
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
        let parts = text.utf8.count <= ResourceName.maximumLength ? ResourceName.parts(of: text) : []
        let matches =
            parts.count == 2 * collections.count
            && zip(stride(from: 0, to: parts.count, by: 2), collections).allSatisfy { parts[$0] == $1[...] }
            && stride(from: 1, to: parts.count, by: 2).allSatisfy { ResourceName.isIdentifier(parts[$0]) }
        guard matches else {
            let form = collections.map { "\($0)/*" }.joined(separator: "/")
            throw Refusal(.invalidArgument, "BAD_NAME", "a resource name of the form \(form) is needed")
        }
        self.text = text
    }

    private init(unchecked text: String) {
        self.text = text
    }

    public var description: String { text }
    public var id: String { ResourceName.parts(of: text).last.map(String.init) ?? "" }
    public var organization: String { prefix(2) }

    /// Nil for what belongs to no relationship.
    public var relationship: String? {
        let parts = ResourceName.parts(of: text)
        return parts.count >= 4 && parts[2] == "relationships" ? prefix(4) : nil
    }

    /// The name without its last collection and id; of an organisation, itself.
    public var parent: ResourceName {
        let count = ResourceName.parts(of: text).count
        return ResourceName(unchecked: prefix(max(2, count - 2)))
    }

    public func child(_ collection: String, _ id: String) -> ResourceName {
        ResourceName(unchecked: "\(text)/\(collection)/\(id)")
    }

    /// The relationship that a resource below it, or itself, belongs to.
    /// - Throws: `Refusal` INVALID_ARGUMENT, BAD_NAME.
    public static func relationship(of name: String) throws -> ResourceName {
        var parts = name.utf8.count <= maximumLength ? parts(of: name) : []
        // What lies below must have the form of a name as well; a last collection without an id is a singleton.
        let isWellFormed = parts.dropFirst(4).enumerated().allSatisfy { index, part in
            index.isMultiple(of: 2) ? !part.isEmpty && part.utf8.allSatisfy(isLetter) : isIdentifier(part)
        }
        if !isWellFormed { parts = [] }
        return try ResourceName(parts.prefix(4).joined(separator: "/"), "organizations", "relationships")
    }

    private func prefix(_ count: Int) -> String {
        ResourceName.parts(of: text).prefix(count).joined(separator: "/")
    }

    private static func isLetter(_ byte: UInt8) -> Bool { (0x41...0x5a).contains(byte & 0xdf) }

    private static func parts(of text: String) -> [Substring] {
        text.split(separator: "/", omittingEmptySubsequences: false)
    }

    /// 1 to 63 of a-z, 0-9 and hyphen: a UUID's text, or what an administrator chose.
    public static func isIdentifier(_ text: Substring) -> Bool {
        (1...63).contains(text.utf8.count)
            && text.utf8.allSatisfy { (0x61...0x7a).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2d }
    }
}
