import Glibc

/// Reads the fields of a message, and of the messages in it, from protobuf's wire format: what generated code calls.
///
/// It reads what protobuf-c would unpack, in one pass and without its structs, and refuses what protobuf-c would take:
/// text that is not UTF-8, nesting, elements and memory beyond the limits. `next` gives the number of a field, then one
/// of the other methods takes its value; a value that comes twice is merged or replaced (protobuf encoding guide, "Last
/// One Wins").
public struct FieldReader: ~Copyable {
    private let base: UnsafeRawPointer
    private var position = 0
    /// The end of the message being read.
    private var end: Int
    private var field = 0
    private var type = WireType.varint
    private let limits: DecodingLimits
    private var depth = 0
    private var elements = 0
    private var memory = 0

    /// The bytes must outlive the reader.
    private init(_ base: UnsafeRawPointer, count: Int, _ limits: DecodingLimits) {
        self.base = base
        end = count
        self.limits = limits
    }

    /// Reads all of `bytes` into `message`.
    static func read<M: Message>(
        _ bytes: UnsafeRawBufferPointer, into message: inout M, _ limits: DecodingLimits
    ) throws(DecodingError) {
        guard let base = bytes.baseAddress else { return }
        var reader = FieldReader(base, count: bytes.count, limits)
        try reader.descend(M.self)
        try message.merge(from: &reader)
    }

    // MARK: Fields

    /// The number of the next field, 1 to 2^29 - 1; nil at the end of the message.
    public mutating func next() throws(DecodingError) -> Int? {
        guard position < end else { return nil }
        let tag = try varint()
        guard tag >> 3 >= 1, tag >> 3 < 1 << 29 else { throw .malformedTag }
        field = Int(tag >> 3)
        guard let type = WireType(rawValue: UInt8(tag & 7)) else { throw .unexpectedWireType(field: field) }
        self.type = type
        try count(1)
        try reserve(8)
        return field
    }

    /// Passes over a field that this version of the contract does not know.
    public mutating func skip() throws(DecodingError) {
        switch type {
        case .varint: _ = try varint()
        case .fixed32: _ = try fixed32Bits()
        case .fixed64: _ = try fixed64Bits()
        case .lengthDelimited: _ = try lengthDelimited()
        }
    }

    // MARK: Messages

    /// Begins to read the fields of a message in this one.
    /// - Returns: what `leave` wants to know.
    public mutating func enter() throws(DecodingError) -> Int {
        try expect(.lengthDelimited)
        let length = try lengthDelimited()
        let outer = end
        end = position
        position -= length
        return outer
    }

    /// Goes back to the message around this one, all of whose fields were read.
    public mutating func leave(_ outer: Int) { end = outer }

    private mutating func descend<M: Message>(_ message: M.Type) throws(DecodingError) {
        depth += 1
        guard depth <= limits.depth else { throw .tooDeep(limit: limits.depth) }
        try reserve(MemoryLayout<M>.size + 16)
    }

    /// For generated code: takes a field of kind `message`.
    public mutating func message<M: Message>(_ value: inout M?) throws(DecodingError) {
        let outer = try enter()
        try descend(M.self)
        if value == nil { value = M() }
        try value?.merge(from: &self)
        depth -= 1
        leave(outer)
    }

    /// For generated code: takes a field of kind `message`, repeated.
    public mutating func message<M: Message>(_ values: inout [M]) throws(DecodingError) {
        let outer = try enter()
        try descend(M.self)
        var value = M()
        try value.merge(from: &self)
        values.append(value)
        depth -= 1
        leave(outer)
    }

    // MARK: Text and bytes

    /// For generated code: takes a field of kind `string`.
    public mutating func string(_ value: inout String) throws(DecodingError) {
        value = try text()
    }

    /// For generated code: takes a field of kind `string`, repeated.
    public mutating func string(_ values: inout [String]) throws(DecodingError) {
        values.append(try text())
    }

    private mutating func text() throws(DecodingError) -> String {
        try expect(.lengthDelimited)
        let length = try lengthDelimited()
        guard length > 0 else { return "" }
        try reserve(length + 17)
        let start = base + position - length
        guard memchr(start, 0, length) == nil else { throw .nulInString(field: field) }
        let utf8 = UnsafeRawBufferPointer(start: start, count: length)
        guard UTF8Validation.isValid(utf8) else { throw .invalidUTF8(field: field) }
        return String(decoding: utf8.assumingMemoryBound(to: UInt8.self), as: UTF8.self)
    }

    /// For generated code: takes a field of kind `bytes`.
    public mutating func bytes(_ value: inout [UInt8]) throws(DecodingError) {
        value = try bytes()
    }

    /// For generated code: takes a field of kind `bytes`, repeated.
    public mutating func bytes(_ values: inout [[UInt8]]) throws(DecodingError) {
        values.append(try bytes())
    }

    private mutating func bytes() throws(DecodingError) -> [UInt8] {
        try expect(.lengthDelimited)
        let length = try lengthDelimited()
        try reserve(length + 32)
        return [UInt8](UnsafeRawBufferPointer(start: base + position - length, count: length))
    }

    // MARK: Numbers

    /// For generated code: takes a field of kind `double`.
    public mutating func double(_ value: inout Double) throws(DecodingError) {
        try expect(.fixed64)
        value = Double(bitPattern: try fixed64Bits())
    }

    /// For generated code: takes a field of kind `float`.
    public mutating func float(_ value: inout Float) throws(DecodingError) {
        try expect(.fixed32)
        value = Float(bitPattern: try fixed32Bits())
    }

    /// For generated code: takes a field of kind `int64`.
    public mutating func int64(_ value: inout Int64) throws(DecodingError) {
        try expect(.varint)
        value = Int64(bitPattern: try varint())
    }

    /// For generated code: takes a field of kind `uint64`.
    public mutating func uint64(_ value: inout UInt64) throws(DecodingError) {
        try expect(.varint)
        value = try varint()
    }

    /// For generated code: takes a field of kind `sint64`.
    public mutating func sint64(_ value: inout Int64) throws(DecodingError) {
        try expect(.varint)
        value = Self.zigzag(try varint())
    }

    /// For generated code: takes a field of kind `fixed64`.
    public mutating func fixed64(_ value: inout UInt64) throws(DecodingError) {
        try expect(.fixed64)
        value = try fixed64Bits()
    }

    /// For generated code: takes a field of kind `sfixed64`.
    public mutating func sfixed64(_ value: inout Int64) throws(DecodingError) {
        try expect(.fixed64)
        value = Int64(bitPattern: try fixed64Bits())
    }

    /// For generated code: takes a field of kind `int32`.
    public mutating func int32(_ value: inout Int32) throws(DecodingError) {
        try expect(.varint)
        value = Int32(truncatingIfNeeded: try varint())
    }

    /// For generated code: takes a field of kind `uint32`.
    public mutating func uint32(_ value: inout UInt32) throws(DecodingError) {
        try expect(.varint)
        value = UInt32(truncatingIfNeeded: try varint())
    }

    /// For generated code: takes a field of kind `sint32`.
    public mutating func sint32(_ value: inout Int32) throws(DecodingError) {
        try expect(.varint)
        value = Int32(truncatingIfNeeded: Self.zigzag(try varint() & 0xffff_ffff))
    }

    /// For generated code: takes a field of kind `fixed32`.
    public mutating func fixed32(_ value: inout UInt32) throws(DecodingError) {
        try expect(.fixed32)
        value = try fixed32Bits()
    }

    /// For generated code: takes a field of kind `sfixed32`.
    public mutating func sfixed32(_ value: inout Int32) throws(DecodingError) {
        try expect(.fixed32)
        value = Int32(bitPattern: try fixed32Bits())
    }

    /// For generated code: takes a field of kind `bool`.
    public mutating func bool(_ value: inout Bool) throws(DecodingError) {
        try expect(.varint)
        value = try varint() != 0
    }

    /// For generated code: takes a field of kind `enum`.
    public mutating func `enum`<E: MessageEnum>(_ value: inout E) throws(DecodingError) {
        try expect(.varint)
        value = E(rawValue: Int32(truncatingIfNeeded: try varint()))
    }

    // MARK: Lists of numbers, packed or one by one

    /// For generated code: takes a field of kind `double`, repeated.
    public mutating func double(_ values: inout [Double]) throws(DecodingError) {
        try list(&values, .fixed64) { reader, value throws(DecodingError) in try reader.double(&value) }
    }

    /// For generated code: takes a field of kind `float`, repeated.
    public mutating func float(_ values: inout [Float]) throws(DecodingError) {
        try list(&values, .fixed32) { reader, value throws(DecodingError) in try reader.float(&value) }
    }

    /// For generated code: takes a field of kind `int64`, repeated.
    public mutating func int64(_ values: inout [Int64]) throws(DecodingError) {
        try list(&values, .varint) { reader, value throws(DecodingError) in try reader.int64(&value) }
    }

    /// For generated code: takes a field of kind `uint64`, repeated.
    public mutating func uint64(_ values: inout [UInt64]) throws(DecodingError) {
        try list(&values, .varint) { reader, value throws(DecodingError) in try reader.uint64(&value) }
    }

    /// For generated code: takes a field of kind `sint64`, repeated.
    public mutating func sint64(_ values: inout [Int64]) throws(DecodingError) {
        try list(&values, .varint) { reader, value throws(DecodingError) in try reader.sint64(&value) }
    }

    /// For generated code: takes a field of kind `fixed64`, repeated.
    public mutating func fixed64(_ values: inout [UInt64]) throws(DecodingError) {
        try list(&values, .fixed64) { reader, value throws(DecodingError) in try reader.fixed64(&value) }
    }

    /// For generated code: takes a field of kind `sfixed64`, repeated.
    public mutating func sfixed64(_ values: inout [Int64]) throws(DecodingError) {
        try list(&values, .fixed64) { reader, value throws(DecodingError) in try reader.sfixed64(&value) }
    }

    /// For generated code: takes a field of kind `int32`, repeated.
    public mutating func int32(_ values: inout [Int32]) throws(DecodingError) {
        try list(&values, .varint) { reader, value throws(DecodingError) in try reader.int32(&value) }
    }

    /// For generated code: takes a field of kind `uint32`, repeated.
    public mutating func uint32(_ values: inout [UInt32]) throws(DecodingError) {
        try list(&values, .varint) { reader, value throws(DecodingError) in try reader.uint32(&value) }
    }

    /// For generated code: takes a field of kind `sint32`, repeated.
    public mutating func sint32(_ values: inout [Int32]) throws(DecodingError) {
        try list(&values, .varint) { reader, value throws(DecodingError) in try reader.sint32(&value) }
    }

    /// For generated code: takes a field of kind `fixed32`, repeated.
    public mutating func fixed32(_ values: inout [UInt32]) throws(DecodingError) {
        try list(&values, .fixed32) { reader, value throws(DecodingError) in try reader.fixed32(&value) }
    }

    /// For generated code: takes a field of kind `sfixed32`, repeated.
    public mutating func sfixed32(_ values: inout [Int32]) throws(DecodingError) {
        try list(&values, .fixed32) { reader, value throws(DecodingError) in try reader.sfixed32(&value) }
    }

    /// For generated code: takes a field of kind `bool`, repeated.
    public mutating func bool(_ values: inout [Bool]) throws(DecodingError) {
        var no = false
        try list(&values, .varint, &no) { reader, value throws(DecodingError) in try reader.bool(&value) }
    }

    /// For generated code: takes a field of kind `enum`, repeated.
    public mutating func `enum`<E: MessageEnum>(_ values: inout [E]) throws(DecodingError) {
        var zero = E(rawValue: 0)
        try list(&values, .varint, &zero) { reader, value throws(DecodingError) in try reader.enum(&value) }
    }

    private mutating func list<Value: AdditiveArithmetic>(
        _ values: inout [Value], _ own: WireType,
        _ read: (inout FieldReader, inout Value) throws(DecodingError) -> Void
    ) throws(DecodingError) {
        var value = Value.zero
        try list(&values, own, &value, read)
    }

    private mutating func list<Value>(
        _ values: inout [Value], _ own: WireType, _ value: inout Value,
        _ read: (inout FieldReader, inout Value) throws(DecodingError) -> Void
    ) throws(DecodingError) {
        guard type == .lengthDelimited else {
            try read(&self, &value)
            values.append(value)
            return
        }
        let outer = try enter()
        type = own
        while position < end {
            try count(1)
            try reserve(8)
            try read(&self, &value)
            values.append(value)
        }
        leave(outer)
    }

    // MARK: The wire

    private func expect(_ own: WireType) throws(DecodingError) {
        guard type == own else { throw .unexpectedWireType(field: field) }
    }

    private mutating func count(_ number: Int) throws(DecodingError) {
        elements += number
        if elements > limits.elements { throw .tooManyElements(limit: limits.elements) }
    }

    private mutating func reserve(_ byteCount: Int) throws(DecodingError) {
        memory += byteCount
        if memory > limits.memory { throw .tooMuchMemory(limit: limits.memory) }
    }

    private mutating func varint() throws(DecodingError) -> UInt64 {
        guard position < end else { throw .truncated }
        let first = base.load(fromByteOffset: position, as: UInt8.self)
        position += 1
        return first < 0x80 ? UInt64(first) : try longVarint(UInt64(first & 0x7f))
    }

    private mutating func longVarint(_ first: UInt64) throws(DecodingError) -> UInt64 {
        var value = first
        var shift: UInt64 = 7
        while position < end {
            let byte = base.load(fromByteOffset: position, as: UInt8.self)
            position += 1
            if shift == 63, byte > 1 { throw .malformedTag }
            value |= UInt64(byte & 0x7f) << shift
            if byte < 0x80 { return value }
            shift += 7
            if shift > 63 { throw .malformedTag }
        }
        throw .truncated
    }

    private mutating func fixed32Bits() throws(DecodingError) -> UInt32 {
        guard end - position >= 4 else { throw .truncated }
        position += 4
        return UInt32(littleEndian: base.loadUnaligned(fromByteOffset: position - 4, as: UInt32.self))
    }

    private mutating func fixed64Bits() throws(DecodingError) -> UInt64 {
        guard end - position >= 8 else { throw .truncated }
        position += 8
        return UInt64(littleEndian: base.loadUnaligned(fromByteOffset: position - 8, as: UInt64.self))
    }

    /// Passes over the bytes that a length announces.
    /// - Returns: how many they are.
    private mutating func lengthDelimited() throws(DecodingError) -> Int {
        let length = try varint()
        guard length <= UInt64(end - position) else { throw .truncated }
        position += Int(length)
        return Int(length)
    }

    private static func zigzag(_ value: UInt64) -> Int64 {
        Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
    }
}
