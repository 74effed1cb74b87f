import CProtobufC

/// Proves, before protobuf-c sees them, that bytes are safe to unpack as one message type. Descriptors alone are read in
/// this way; messages have a `FieldReader`.
///
/// protobuf-c 1.4.1 recurses without bound, accepts invalid UTF-8, cuts strings at NUL and allocates without limit.
struct WireScan {
    private let limits: DecodingLimits
    private var elements = 0
    private var memory = 0

    /// Throws unless the bytes are safe to unpack.
    static func check(
        _ bytes: UnsafeRawBufferPointer, as layout: MessageLayout, limits: DecodingLimits
    ) throws(DecodingError) {
        var scan = WireScan(limits: limits)
        try scan.message(bytes, layout.pointer, depth: 1)
    }

    private init(limits: DecodingLimits) {
        self.limits = limits
    }

    private mutating func message(
        _ bytes: UnsafeRawBufferPointer, _ layout: UnsafePointer<ProtobufCMessageDescriptor>, depth: Int
    ) throws(DecodingError) {
        guard depth <= limits.depth else { throw .tooDeep(limit: limits.depth) }
        try reserve(layout.pointee.sizeof_message + 16)
        var reader = WireReader(bytes)
        while !reader.isAtEnd {
            let (number, type) = try reader.tag()
            try count(1)
            guard let field = WireScan.field(number, of: layout) else {
                // protobuf-c keeps unknown fields as a copy.
                let start = reader.position
                try reader.skip(type)
                try reserve(reader.position - start + 32)
                continue
            }
            try value(of: field, type, from: &reader, depth: depth)
        }
    }

    private mutating func value(
        of field: UnsafePointer<ProtobufCFieldDescriptor>, _ type: WireType, from reader: inout WireReader, depth: Int
    ) throws(DecodingError) {
        let number = Int(field.pointee.id)
        // A pointer or scalar of a repeated field, whose array protobuf-c allocates in one piece.
        try reserve(8)
        switch field.pointee.type {
        case PROTOBUF_C_TYPE_STRING:
            guard type == .lengthDelimited else { throw .unexpectedWireType(field: number) }
            let text = try reader.lengthDelimited()
            try reserve(text.count + 17)
            if text.contains(0) { throw .nulInString(field: number) }
            guard UTF8Validation.isValid(text) else { throw .invalidUTF8(field: number) }
        case PROTOBUF_C_TYPE_BYTES:
            guard type == .lengthDelimited else { throw .unexpectedWireType(field: number) }
            try reserve(try reader.lengthDelimited().count + 32)
        case PROTOBUF_C_TYPE_MESSAGE:
            guard type == .lengthDelimited, let child = field.pointee.descriptor else {
                throw .unexpectedWireType(field: number)
            }
            try message(
                try reader.lengthDelimited(), child.assumingMemoryBound(to: ProtobufCMessageDescriptor.self),
                depth: depth + 1)
        default:
            let own = WireScan.wireType(of: field.pointee.type)
            if type == own {
                try reader.skip(type)
            } else if type == .lengthDelimited, field.pointee.label == PROTOBUF_C_LABEL_REPEATED {
                try packed(own, from: try reader.lengthDelimited())
            } else {
                throw .unexpectedWireType(field: number)
            }
        }
    }

    private mutating func packed(_ type: WireType, from bytes: UnsafeRawBufferPointer) throws(DecodingError) {
        var reader = WireReader(bytes)
        var number = 0
        while !reader.isAtEnd {
            try reader.skip(type)
            number += 1
        }
        try count(number)
        try reserve(number * 8)
    }

    private mutating func count(_ number: Int) throws(DecodingError) {
        elements += number
        if elements > limits.elements { throw .tooManyElements(limit: limits.elements) }
    }

    private mutating func reserve(_ byteCount: Int) throws(DecodingError) {
        memory += byteCount
        if memory > limits.memory { throw .tooMuchMemory(limit: limits.memory) }
    }

    private static func wireType(of type: ProtobufCType) -> WireType {
        switch type {
        case PROTOBUF_C_TYPE_FIXED32, PROTOBUF_C_TYPE_SFIXED32, PROTOBUF_C_TYPE_FLOAT: .fixed32
        case PROTOBUF_C_TYPE_FIXED64, PROTOBUF_C_TYPE_SFIXED64, PROTOBUF_C_TYPE_DOUBLE: .fixed64
        default: .varint
        }
    }

    /// Fields are sorted by number: a binary search.
    static func field(
        _ number: Int, of layout: UnsafePointer<ProtobufCMessageDescriptor>
    ) -> UnsafePointer<ProtobufCFieldDescriptor>? {
        guard let fields = layout.pointee.fields else { return nil }
        var low = 0
        var high = Int(layout.pointee.n_fields)
        while low < high {
            let middle = (low + high) / 2
            if Int(fields[middle].id) < number { low = middle + 1 } else { high = middle }
        }
        guard low < Int(layout.pointee.n_fields), Int(fields[low].id) == number else { return nil }
        return fields + low
    }
}

/// RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF.
enum UTF8Validation {
    static func isValid(_ bytes: UnsafeRawBufferPointer) -> Bool {
        isASCII(bytes) || String(validating: bytes, as: UTF8.self) != nil
    }

    /// Eight bytes at a time.
    private static func isASCII(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var position = 0
        var all: UInt64 = 0
        while position + 8 <= bytes.count {
            all |= bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self)
            position += 8
        }
        while position < bytes.count {
            all |= UInt64(bytes[position])
            position += 1
        }
        return all & 0x8080_8080_8080_8080 == 0
    }
}
