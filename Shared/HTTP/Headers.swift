import Glibc

/// Header or trailer fields in order of arrival. Names are in lower case (RFC 9113 §8.2); pseudo-header fields are
/// never among them.
///
/// They lie in memory as they travel, one after the other: a request brings a dozen of which its handler looks at two,
/// and text that nobody reads is never made a string.
public struct Headers: Sendable, Hashable, ExpressibleByDictionaryLiteral {
    /// nil without any field, and while they are constant. Shared by copies, and written only by one that has it alone.
    private nonisolated(unsafe) var memory: FieldMemory?
    /// The fields as nghttp2 wants them; nil unless they are `constant` and nothing was added. Not counted: every call
    /// of every loop copies these.
    private(set) var prepared: PreparedFields?

    /// No fields.
    public init() {}

    public init(dictionaryLiteral elements: (String, String)...) {
        for (name, value) in elements { add(name, value) }
    }

    /// Fields that are sent again and again, checked and laid out once. They are never freed: for `static let` alone.
    public static func constant(_ headers: Headers) -> Headers {
        var constant = Headers()
        constant.prepared = PreparedFields(headers)
        return constant
    }

    /// Fields as `FieldBytes` lays them out.
    init(_ bytes: UnsafeRawBufferPointer, count: Int) {
        guard count > 0 else { return }
        memory = FieldMemory.make(bytes, count: count, capacity: bytes.count)
    }

    /// Fields, each value by itself.
    public var count: Int { memory?.fieldCount ?? prepared?.fields.count ?? 0 }
    /// There is no field.
    public var isEmpty: Bool { count == 0 }

    // MARK: Adding

    /// Appends one field. `name` must be in lower case.
    public mutating func add(_ name: String, _ value: String) {
        var (name, value) = (name, value)
        name.withUTF8 { name in
            value.withUTF8 { add(UnsafeRawBufferPointer(name), UnsafeRawBufferPointer($0)) }
        }
    }

    /// Appends a field of bytes.
    mutating func add(_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) {
        if let constant = prepared {
            prepared = nil
            for field in constant.fields { add(PreparedFields.name(field), PreparedFields.value(field)) }
        }
        room(for: FieldBytes.size(name, value)).append(name, value)
    }

    private mutating func room(for byteCount: Int) -> FieldMemory {
        // Asked before anything else holds the memory.
        let isAlone = isKnownUniquelyReferenced(&memory)
        let (filled, capacity) = memory?.extent ?? (0, 0)
        if isAlone, let memory, capacity - filled >= byteCount { return memory }
        let larger = FieldMemory.make(
            memory?.bytes ?? UnsafeRawBufferPointer(start: nil, count: 0), count: count,
            capacity: Swift.max(256, 2 * (filled + byteCount)))
        memory = larger
        return larger
    }

    // MARK: Finding

    /// The value of the first field of that name.
    public subscript(first name: String) -> String? {
        var name = name
        return name.withUTF8 { first(UnsafeRawBufferPointer($0)).map(Headers.text) }
    }

    /// The values of all fields of that name, in order of arrival.
    public func values(_ name: String) -> [String] {
        var name = name
        var values: [String] = []
        name.withUTF8 { name in
            forEachRaw { other, value in
                if Headers.isEqual(other, UnsafeRawBufferPointer(name)) { values.append(Headers.text(value)) }
            }
        }
        return values
    }

    /// The value of the first field of a name that the program knows.
    package func value(of name: StaticString) -> String? {
        first(UnsafeRawBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount)).map(Headers.text)
    }

    /// The same, as its bytes; nil where there is no such field.
    package func withValue<Result>(of name: StaticString, _ body: (RawSpan) -> Result) -> Result? {
        first(UnsafeRawBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount)).map { body($0.bytes) }
    }

    /// Whether the first field of that name has just this value.
    package func has(_ name: StaticString, _ value: StaticString) -> Bool {
        let found = first(UnsafeRawBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
        return found.map {
            Headers.isEqual($0, UnsafeRawBufferPointer(start: value.utf8Start, count: value.utf8CodeUnitCount))
        } ?? false
    }

    /// The bytes are there as long as these headers are.
    private func first(_ name: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
        if let prepared {
            return prepared.fields.first { Headers.isEqual(PreparedFields.name($0), name) }.map(PreparedFields.value)
        }
        guard let bytes = memory?.bytes else { return nil }
        var position = 0
        while let (other, value) = FieldBytes.field(of: bytes, at: &position) {
            if Headers.isEqual(other, name) { return value }
        }
        return nil
    }

    /// Every field, its bytes to be read before `body` returns.
    @inline(__always)
    func forEachRaw(_ body: (_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> Void) {
        if let prepared {
            for field in prepared.fields { body(PreparedFields.name(field), PreparedFields.value(field)) }
        }
        guard let memory else { return }
        let bytes = memory.bytes
        var position = 0
        while let (name, value) = FieldBytes.field(of: bytes, at: &position) { body(name, value) }
    }

    /// Bytes that are not UTF-8 are repaired.
    fileprivate static func text(_ bytes: UnsafeRawBufferPointer) -> String { String(decoding: bytes, as: UTF8.self) }

    private static func isEqual(_ one: UnsafeRawBufferPointer, _ other: UnsafeRawBufferPointer) -> Bool {
        guard one.count == other.count else { return false }
        guard let first = one.baseAddress, let second = other.baseAddress else { return true }
        return memcmp(first, second, one.count) == 0
    }

    public static func == (one: Headers, other: Headers) -> Bool {
        one.count == other.count && zip(one, other).allSatisfy { $0 == $1 }
    }

    public func hash(into hasher: inout Hasher) {
        for (name, value) in self {
            hasher.combine(name)
            hasher.combine(value)
        }
    }

    /// Whether a field can be sent without changing the message around it (RFC 9110 §5.1, §5.5).
    static func isValid(_ name: String, _ value: String) -> Bool {
        !name.isEmpty && name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: ":") }
            && value.utf8.allSatisfy { $0 != 0 && $0 != 10 && $0 != 13 }
    }
}

extension Headers: Sequence {
    public struct Iterator: IteratorProtocol {
        private nonisolated(unsafe) let memory: FieldMemory?
        private let prepared: PreparedFields?
        private var position = 0

        fileprivate init(_ memory: FieldMemory?, _ prepared: PreparedFields?) {
            self.memory = memory
            self.prepared = prepared
        }

        public mutating func next() -> (name: String, value: String)? {
            if let prepared {
                guard position < prepared.fields.count else { return nil }
                defer { position += 1 }
                let field = prepared.fields[position]
                return (Headers.text(PreparedFields.name(field)), Headers.text(PreparedFields.value(field)))
            }
            guard let bytes = memory?.bytes else { return nil }
            return FieldBytes.field(of: bytes, at: &position).map { (Headers.text($0.name), Headers.text($0.value)) }
        }
    }

    public func makeIterator() -> Iterator { Iterator(memory, prepared) }

    public var underestimatedCount: Int { count }
}

/// The memory of fields, laid out as `FieldBytes`.
private final class FieldMemory: ManagedBuffer<FieldMemory.Header, UInt8> {
    struct Header {
        let capacity: Int
        var byteCount: Int
        var fieldCount: Int
    }

    var extent: (filled: Int, capacity: Int) {
        withUnsafeMutablePointerToHeader { ($0.pointee.byteCount, $0.pointee.capacity) }
    }

    var fieldCount: Int { withUnsafeMutablePointerToHeader { $0.pointee.fieldCount } }

    /// They are there as long as the memory is, and until something is added.
    @inline(__always)
    var bytes: UnsafeRawBufferPointer {
        withUnsafeMutablePointers { UnsafeRawBufferPointer(start: $1, count: $0.pointee.byteCount) }
    }

    /// Begins with `count` fields in `bytes`.
    static func make(_ bytes: UnsafeRawBufferPointer, count: Int, capacity: Int) -> FieldMemory {
        let memory = create(minimumCapacity: capacity) { _ in
            Header(capacity: capacity, byteCount: bytes.count, fieldCount: count)
        }
        if let start = bytes.baseAddress {
            memory.withUnsafeMutablePointerToElements { _ = memcpy($0, start, bytes.count) }
        }
        return unsafeDowncast(memory, to: FieldMemory.self)
    }

    /// There must be room.
    func append(_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) {
        withUnsafeMutablePointers { header, elements in
            FieldBytes.write(name, value, to: UnsafeMutableRawPointer(elements) + header.pointee.byteCount)
            header.pointee.byteCount += FieldBytes.size(name, value)
            header.pointee.fieldCount += 1
        }
    }
}
