import Glibc

/// Header or trailer fields in order of arrival. Names are in lower case (RFC 9113 §8.2); pseudo-header fields are
/// never among them.
///
/// They lie in memory as they travel, one after the other: a request brings a dozen of which its handler looks at two,
/// and text that nobody reads is never made a string.
public struct Headers: Sendable, Hashable, ExpressibleByDictionaryLiteral {
    /// nil without any field. Shared by copies, and written only by one that has it alone.
    private nonisolated(unsafe) var memory: FieldMemory?
    /// The same fields as nghttp2 wants them; nil unless they are `constant` and nothing was added.
    private(set) var prepared: PreparedFields?

    /// No fields.
    public init() {}

    public init(dictionaryLiteral elements: (String, String)...) {
        for (name, value) in elements { add(name, value) }
    }

    /// Fields that are sent again and again, checked and laid out once. They are never freed: for `static let` alone.
    public static func constant(_ headers: Headers) -> Headers {
        var headers = headers
        headers.prepared = PreparedFields(headers)
        return headers
    }

    /// Fields, each value by itself.
    public var count: Int { memory?.header.fieldCount ?? 0 }
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
        prepared = nil
        room(for: FieldMemory.size(name, value)).append(name, value)
    }

    private mutating func room(for byteCount: Int) -> FieldMemory {
        // Asked before anything else holds the memory.
        let isAlone = isKnownUniquelyReferenced(&memory)
        let (filled, capacity) = memory?.extent ?? (0, 0)
        if isAlone, let memory, capacity - filled >= byteCount { return memory }
        let larger = FieldMemory.make(capacity: Swift.max(256, 2 * (filled + byteCount)))
        if let memory { larger.append(memory) }
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

    /// Whether the first field of that name has just this value.
    package func has(_ name: StaticString, _ value: StaticString) -> Bool {
        let found = first(UnsafeRawBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
        return found.map {
            Headers.isEqual($0, UnsafeRawBufferPointer(start: value.utf8Start, count: value.utf8CodeUnitCount))
        } ?? false
    }

    /// The bytes are there as long as these headers are.
    private func first(_ name: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
        var position = 0
        while let (other, value) = memory?.field(at: &position) {
            if Headers.isEqual(other, name) { return value }
        }
        return nil
    }

    /// Every field, its bytes to be read before `body` returns.
    @inline(__always)
    func forEachRaw(_ body: (_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> Void) {
        guard let memory else { return }
        var position = 0
        while let (name, value) = memory.field(at: &position) { body(name, value) }
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
        private var position = 0

        fileprivate init(_ memory: FieldMemory?) { self.memory = memory }

        public mutating func next() -> (name: String, value: String)? {
            memory?.field(at: &position).map { (Headers.text($0.name), Headers.text($0.value)) }
        }
    }

    public func makeIterator() -> Iterator { Iterator(memory) }

    public var underestimatedCount: Int { count }
}

/// Fields one after the other: two lengths of 32 bits each, the name, the value.
private final class FieldMemory: ManagedBuffer<FieldMemory.Header, UInt8> {
    struct Header {
        var capacity: Int
        var byteCount = 0
        var fieldCount = 0
    }

    private static let prefix = 8

    var extent: (filled: Int, capacity: Int) {
        withUnsafeMutablePointerToHeader { ($0.pointee.byteCount, $0.pointee.capacity) }
    }

    static func make(capacity: Int) -> FieldMemory {
        let memory = create(minimumCapacity: capacity) { _ in Header(capacity: capacity) }
        return unsafeDowncast(memory, to: FieldMemory.self)
    }

    static func size(_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> Int {
        prefix + name.count + value.count
    }

    /// There must be room.
    func append(_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) {
        withUnsafeMutablePointers { header, elements in
            let place = UnsafeMutableRawPointer(elements) + header.pointee.byteCount
            place.storeBytes(of: UInt32(name.count), as: UInt32.self)
            place.storeBytes(of: UInt32(value.count), toByteOffset: 4, as: UInt32.self)
            if let bytes = name.baseAddress { memcpy(place + Self.prefix, bytes, name.count) }
            if let bytes = value.baseAddress { memcpy(place + Self.prefix + name.count, bytes, value.count) }
            header.pointee.byteCount += Self.size(name, value)
            header.pointee.fieldCount += 1
        }
    }

    /// Into an empty one that is large enough.
    func append(_ other: FieldMemory) {
        withUnsafeMutablePointers { header, elements in
            other.withUnsafeMutablePointers { theirs, bytes in
                memcpy(elements, bytes, theirs.pointee.byteCount)
                header.pointee.byteCount = theirs.pointee.byteCount
                header.pointee.fieldCount = theirs.pointee.fieldCount
            }
        }
    }

    /// The field at `position`, which moves behind it; nil at the end.
    @inline(__always)
    func field(at position: inout Int) -> (name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer)? {
        withUnsafeMutablePointers { header, elements in
            guard position < header.pointee.byteCount else { return nil }
            let place = UnsafeRawPointer(elements) + position
            let name = Int(place.loadUnaligned(as: UInt32.self))
            let value = Int(place.loadUnaligned(fromByteOffset: 4, as: UInt32.self))
            position += Self.prefix + name + value
            return (
                UnsafeRawBufferPointer(start: place + Self.prefix, count: name),
                UnsafeRawBufferPointer(start: place + Self.prefix + name, count: value)
            )
        }
    }
}
