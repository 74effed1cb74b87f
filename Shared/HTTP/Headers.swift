/// Header or trailer fields in order of arrival. Names are in lower case (RFC 9113 §8.2); pseudo-header fields are
/// never among them.
public struct Headers: Sendable, Hashable, ExpressibleByDictionaryLiteral {
    struct Field: Sendable, Hashable {
        var name: String
        var value: String

        /// Whether it can be sent without changing the message around it (RFC 9110 §5.1, §5.5).
        var isValid: Bool {
            !name.isEmpty && name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: ":") }
                && value.utf8.allSatisfy { $0 != 0 && $0 != 10 && $0 != 13 }
        }
    }

    private(set) var fields: [Field] = []

    /// No fields.
    public init() {}

    public init(dictionaryLiteral elements: (String, String)...) {
        fields = elements.map { Field(name: $0.0, value: $0.1) }
    }

    /// Fields, each value by itself.
    public var count: Int { fields.count }
    /// There is no field.
    public var isEmpty: Bool { fields.isEmpty }

    /// Makes room for so many fields.
    public mutating func reserveCapacity(_ count: Int) {
        fields.reserveCapacity(count)
    }

    /// Appends one field. `name` must be in lower case.
    public mutating func add(_ name: String, _ value: String) {
        fields.append(Field(name: name, value: value))
    }

    /// The value of the first field of that name.
    public subscript(first name: String) -> String? {
        for field in fields where field.name == name {
            return field.value
        }
        return nil
    }

    /// The values of all fields of that name, in order of arrival.
    public func values(_ name: String) -> [String] {
        fields.compactMap { $0.name == name ? $0.value : nil }
    }
}

extension Headers: Sequence {
    public struct Iterator: IteratorProtocol {
        var base: IndexingIterator<[Field]>

        public mutating func next() -> (name: String, value: String)? {
            base.next().map { ($0.name, $0.value) }
        }
    }

    public func makeIterator() -> Iterator {
        Iterator(base: fields.makeIterator())
    }

    public var underestimatedCount: Int { fields.count }
}
