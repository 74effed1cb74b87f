/// One value of a field, as filters and orders compare it.
public enum FieldValue: Hashable, Sendable {
    /// A signed integer, of whatever size.
    case integer(Int64)
    /// An unsigned integer, of whatever size.
    case unsigned(UInt64)
    /// A floating-point number, of either size.
    case double(Double)
    /// A truth value.
    case bool(Bool)
    /// A text.
    case string(String)
    /// Bytes.
    case bytes([UInt8])
    /// An enum's number.
    case number(Int32)
    /// A google.protobuf.Timestamp.
    case timestamp(seconds: Int64, nanos: Int32)
    /// Another message: that it is there is all that can be said of it.
    case message
}

/// Finds the values of a field path such as `due_time` or `signatures.person` in a serialised message.
public struct FieldPath: Sendable {
    /// Why a path is none.
    public enum Failure: Error, Equatable {
        /// The message has no field of this name.
        case unknownField(String)
        /// Nothing lies inside a scalar, a map or a well-known type.
        case notAMessage(String)
    }

    static let timestamp = "google.protobuf.Timestamp"

    /// The fields on the way, at least one.
    private let steps: [FieldDescriptor]

    /// The field that the path ends in.
    public var field: FieldDescriptor { steps[steps.count - 1] }

    /// Whether the path can lead to more than one value.
    public var isRepeated: Bool { steps.contains(where: \.isRepeated) }

    /// Whether the field tells absence from its default.
    public var hasPresence: Bool { field.kind == .message || field.oneof != nil }

    /// - Parameters:
    ///   - path: proto or JSON names with dots between them.
    ///   - message: full name of a message of `pool`.
    public init(_ path: String, of message: String, in pool: DescriptorPool) throws(Failure) {
        var steps: [FieldDescriptor] = []
        var type = message
        for name in path.split(separator: ".", omittingEmptySubsequences: false) {
            if let last = steps.last {
                guard last.kind == .message, !WellKnown.isSpecial(last.typeName) else { throw .notAMessage(last.name) }
                type = last.typeName
            }
            guard let descriptor = pool.messages[type], let field = descriptor.field(named: String(name)) else {
                throw .unknownField(path)
            }
            guard field.kind != .message || pool.messages[field.typeName]?.isMapEntry != true else {
                throw .notAMessage(field.name)
            }
            steps.append(field)
        }
        self.steps = steps
    }

    /// All values, in their order. A field without presence that is not there has its default.
    public func values(in message: [UInt8]) throws(DecodingError) -> [FieldValue] {
        try message.span.bytes.withUnsafeBytes { (buffer) throws(DecodingError) in
            var values: [FieldValue] = []
            try collect(from: buffer, steps[...], into: &values)
            return values
        }
    }

    private func collect(
        from bytes: UnsafeRawBufferPointer, _ steps: ArraySlice<FieldDescriptor>, into values: inout [FieldValue]
    ) throws(DecodingError) {
        guard let step = steps.first else { return }
        let isLast = steps.count == 1
        var found = false
        // The last one of a singular field counts (protobuf.dev, "Last One Wins").
        let before = values.count
        var reader = WireReader(bytes)
        while !reader.isAtEnd {
            let (number, type) = try reader.tag()
            guard number == step.number else {
                try reader.skip(type)
                continue
            }
            if !step.isRepeated { values.removeSubrange(before...) }
            found = true
            if !isLast {
                try collect(from: try reader.lengthDelimited(), steps.dropFirst(), into: &values)
            } else if type == .lengthDelimited, step.isPackable {
                var packed = WireReader(try reader.lengthDelimited())
                while !packed.isAtEnd { values.append(try FieldPath.value(of: step, from: &packed)) }
            } else {
                values.append(try FieldPath.value(of: step, from: &reader))
            }
        }
        if !found, isLast, !step.isRepeated, step.oneof == nil, let value = FieldPath.absent(step.kind) {
            values.append(value)
        }
    }

    private static func value(
        of field: FieldDescriptor, from reader: inout WireReader
    ) throws(DecodingError) -> FieldValue {
        switch field.kind {
        case .double: .double(Double(bitPattern: try reader.fixed64()))
        case .float: .double(Double(Float(bitPattern: try reader.fixed32())))
        case .int64, .int32: .integer(Int64(bitPattern: try reader.varint()))
        case .uint64, .uint32: .unsigned(try reader.varint())
        case .fixed64: .unsigned(try reader.fixed64())
        case .fixed32: .unsigned(UInt64(try reader.fixed32()))
        case .sfixed64: .integer(Int64(bitPattern: try reader.fixed64()))
        case .sfixed32: .integer(Int64(Int32(bitPattern: try reader.fixed32())))
        case .sint32, .sint64: .integer(zigzag(try reader.varint()))
        case .bool: .bool(try reader.varint() != 0)
        case .enum: .number(Int32(truncatingIfNeeded: try reader.varint()))
        case .string: .string(String(decoding: try reader.lengthDelimited(), as: UTF8.self))
        case .bytes: .bytes([UInt8](try reader.lengthDelimited()))
        case .message: try message(field, try reader.lengthDelimited())
        }
    }

    private static func zigzag(_ value: UInt64) -> Int64 { Int64(bitPattern: value >> 1) ^ -Int64(value & 1) }

    private static func message(
        _ field: FieldDescriptor, _ bytes: UnsafeRawBufferPointer
    ) throws(DecodingError) -> FieldValue {
        guard field.typeName == timestamp else { return .message }
        var (seconds, nanos): (Int64, Int32) = (0, 0)
        var reader = WireReader(bytes)
        while !reader.isAtEnd {
            let (number, type) = try reader.tag()
            switch (number, type) {
            case (1, .varint): seconds = Int64(bitPattern: try reader.varint())
            case (2, .varint): nanos = Int32(truncatingIfNeeded: try reader.varint())
            default: try reader.skip(type)
            }
        }
        return .timestamp(seconds: seconds, nanos: nanos)
    }

    private static func absent(_ kind: FieldDescriptor.Kind) -> FieldValue? {
        switch kind {
        case .double, .float: .double(0)
        case .int64, .int32, .sint32, .sint64, .sfixed32, .sfixed64: .integer(0)
        case .uint64, .uint32, .fixed64, .fixed32: .unsigned(0)
        case .bool: .bool(false)
        case .enum: .number(0)
        case .string: .string("")
        case .bytes: .bytes([])
        case .message: nil
        }
    }
}
