/// One value as it stands on the wire, behind its tag.
enum WireContent {
    case varint(UInt64)
    case fixed32(UInt32)
    case fixed64(UInt64)
    case bytes([UInt8])

    var isDefault: Bool {
        switch self {
        case .varint(let value), .fixed64(let value): value == 0
        case .fixed32(let value): value == 0
        case .bytes(let bytes): bytes.isEmpty
        }
    }
}

extension WireWriter {
    mutating func field(_ number: Int, _ content: WireContent) {
        switch content {
        case .varint: tag(number, .varint)
        case .fixed32: tag(number, .fixed32)
        case .fixed64: tag(number, .fixed64)
        case .bytes: tag(number, .lengthDelimited)
        }
        self.content(content)
    }

    /// Without a tag, as in a packed list.
    mutating func content(_ content: WireContent) {
        switch content {
        case .varint(let value): varint(value)
        case .fixed32(let value): fixed32(value)
        case .fixed64(let value): fixed64(value)
        case .bytes(let bytes): lengthDelimited(bytes)
        }
    }
}

/// Numbers, strings, booleans and bytes in their JSON form.
enum JSONScalar {
    static func content(_ value: JSONValue, _ kind: FieldDescriptor.Kind) throws(JSONError) -> WireContent {
        switch kind {
        case .bool:
            guard case .bool(let bool) = value else { throw JSONError("expected true or false, found \(value.kind)") }
            return .varint(bool ? 1 : 0)
        case .string:
            guard case .string(let text) = value else { throw JSONError("expected a string, found \(value.kind)") }
            if text.utf8.contains(0) { throw JSONError("contains U+0000, which is not accepted here") }
            return .bytes([UInt8](text.utf8))
        case .bytes:
            guard case .string(let text) = value, let bytes = Base64.decode(text, .either) else {
                throw JSONError("expected base64")
            }
            return .bytes(bytes)
        case .double: return .fixed64(try double(value).bitPattern)
        case .float:
            let wide = try double(value)
            // Rounding first: the largest Float's decimal spelling may lie above its value.
            let narrow = Float(wide)
            if wide.isFinite, !narrow.isFinite { throw JSONError("is out of the range of a float") }
            return .fixed32(narrow.bitPattern)
        case .int32: return .varint(UInt64(bitPattern: Int64(try integer(value, Int32.self))))
        case .int64: return .varint(UInt64(bitPattern: try integer(value, Int64.self)))
        case .uint32: return .varint(UInt64(try integer(value, UInt32.self)))
        case .uint64: return .varint(try integer(value, UInt64.self))
        case .sint32: return .varint(zigZag(Int64(try integer(value, Int32.self))))
        case .sint64: return .varint(zigZag(try integer(value, Int64.self)))
        case .fixed32: return .fixed32(try integer(value, UInt32.self))
        case .fixed64: return .fixed64(try integer(value, UInt64.self))
        case .sfixed32: return .fixed32(UInt32(bitPattern: try integer(value, Int32.self)))
        case .sfixed64: return .fixed64(UInt64(bitPattern: try integer(value, Int64.self)))
        case .message, .enum: throw JSONError("is not a scalar")
        }
    }

    private static func integer<I: FixedWidthInteger>(_ value: JSONValue, _ type: I.Type) throws(JSONError) -> I {
        switch value {
        case .number(let text), .string(let text):
            if let integer = JSONNumber.integer(text).flatMap({ I(exactly: $0) }) { return integer }
            throw JSONError("expected an integer from \(I.min) to \(I.max)")
        default: throw JSONError("expected an integer, found \(value.kind)")
        }
    }

    private static func double(_ value: JSONValue) throws(JSONError) -> Double {
        switch value {
        case .string("NaN"): return .nan
        case .string("Infinity"): return .infinity
        case .string("-Infinity"): return -.infinity
        case .number(let text), .string(let text):
            guard JSONNumber.isNumber(text), let double = Double(text) else { throw JSONError("expected a number") }
            guard double.isFinite else { throw JSONError("is out of the range of a double") }
            return double
        default: throw JSONError("expected a number, found \(value.kind)")
        }
    }

    private static func zigZag(_ value: Int64) -> UInt64 {
        UInt64(bitPattern: value << 1 ^ value >> 63)
    }
}
