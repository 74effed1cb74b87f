/// What one message may ask for before it is refused. protobuf-c itself has no bound on any of these.
public struct DecodingLimits: Sendable, Hashable {
    /// Messages inside messages; 100 is what the official implementations allow.
    public var depth: Int
    /// Fields and list elements altogether.
    public var elements: Int
    /// Bytes of memory after unpacking.
    public var memory: Int

    /// Limits of these sizes.
    public init(depth: Int = 100, elements: Int = 1_000_000, memory: Int = Arena.defaultLimit) {
        self.depth = depth
        self.elements = elements
        self.memory = memory
    }

    /// What a service takes from outside.
    public static let `default` = DecodingLimits()
}

/// Why bytes are not a message.
public enum DecodingError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The bytes end inside a field.
    case truncated
    /// A tag has no legal number or wire type.
    case malformedTag
    /// Groups, or a known field with another wire type than its own.
    case unexpectedWireType(field: Int)
    /// A text is not UTF-8.
    case invalidUTF8(field: Int)
    /// U+0000 in a string: legal elsewhere, refused here because protobuf-c would cut the string there.
    case nulInString(field: Int)
    /// Messages nest deeper than `depth`.
    case tooDeep(limit: Int)
    /// There are more elements than `elements`.
    case tooManyElements(limit: Int)
    /// It would take more bytes than `memory`.
    case tooMuchMemory(limit: Int)
    /// protobuf-c refused what the scan let pass.
    case rejected

    public var description: String {
        switch self {
        case .truncated: "the message ends in the middle of a field"
        case .malformedTag: "a field number or varint is malformed"
        case .unexpectedWireType(let field): "field \(field) has an unexpected wire type"
        case .invalidUTF8(let field): "field \(field) is not valid UTF-8"
        case .nulInString(let field): "field \(field) contains a NUL character, which is not accepted here"
        case .tooDeep(let limit): "messages are nested more than \(limit) deep"
        case .tooManyElements(let limit): "the message has more than \(limit) elements"
        case .tooMuchMemory(let limit): "the message needs more than \(limit) bytes of memory"
        case .rejected: "the message is malformed"
        }
    }
}
