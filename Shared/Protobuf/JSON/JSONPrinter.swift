/// Turns the wire bytes of a message into JSON text.
struct JSONPrinter {
    private enum Value {
        case bits(UInt64)
        case bytes(UnsafeRawBufferPointer)
    }

    private let pool: DescriptorPool
    private let options: JSONMapping.Options
    private var writer: JSONWriter
    private var depth = 0

    init(pool: DescriptorPool, options: JSONMapping.Options) {
        self.pool = pool
        self.options = options
        writer = JSONWriter(isPretty: options.isPretty)
    }

    var text: [UInt8] { writer.bytes }

    mutating func message(_ bytes: UnsafeRawBufferPointer, _ type: String) throws(JSONError) {
        depth += 1
        defer { depth -= 1 }
        guard depth <= options.limits.depth else { throw JSONError("nested more than \(options.limits.depth) deep") }
        if WellKnown.isSpecial(type) { return try wellKnown(bytes, type) }
        writer.beginObject()
        try members(bytes, type)
        writer.endObject()
    }

    private mutating func members(_ bytes: UnsafeRawBufferPointer, _ type: String) throws(JSONError) {
        guard let descriptor = pool.messages[type] else { throw JSONError("the type \(type) is not known") }
        let values = try JSONPrinter.collect(bytes, descriptor)
        for (field, values) in zip(descriptor.fields, values) {
            if values.isEmpty {
                if options.printsDefaults { printDefault(field) }
                continue
            }
            writer.name(field.jsonName)
            try JSONError.within(field.jsonName) { () throws(JSONError) in try print(values, field) }
        }
    }

    /// Values of each field, packed lists unfolded. Of a singular field the last counts; messages are merged, which
    /// concatenation does; of a oneof the last member counts (protobuf encoding guide, "Last One Wins").
    private static func collect(
        _ bytes: UnsafeRawBufferPointer, _ descriptor: MessageDescriptor
    ) throws(JSONError) -> [[Value]] {
        var values = [[Value]](repeating: [], count: descriptor.fields.count)
        var lastOfOneof: [Int: Int] = [:]
        try wire { () throws(DecodingError) in
            var reader = WireReader(bytes)
            while !reader.isAtEnd {
                let (number, type) = try reader.tag()
                guard let index = descriptor.indexByNumber[number] else {
                    try reader.skip(type)
                    continue
                }
                let field = descriptor.fields[index]
                if let oneof = field.oneof, let last = lastOfOneof.updateValue(index, forKey: oneof), last != index {
                    values[last] = []
                }
                if !field.isRepeated, field.kind != .message { values[index].removeAll(keepingCapacity: true) }
                try read(field, type, from: &reader, into: &values[index])
            }
        }
        return values
    }

    private static func read(
        _ field: FieldDescriptor, _ type: WireType, from reader: inout WireReader, into values: inout [Value]
    ) throws(DecodingError) {
        let own = wireType(of: field.kind)
        if type == own {
            values.append(try value(own, from: &reader))
        } else if type == .lengthDelimited, field.isPackable {
            var packed = WireReader(try reader.lengthDelimited())
            while !packed.isAtEnd { values.append(try value(own, from: &packed)) }
        } else {
            throw .unexpectedWireType(field: field.number)
        }
    }

    private static func value(_ type: WireType, from reader: inout WireReader) throws(DecodingError) -> Value {
        switch type {
        case .varint: .bits(try reader.varint())
        case .fixed32: .bits(UInt64(try reader.fixed32()))
        case .fixed64: .bits(try reader.fixed64())
        case .lengthDelimited: .bytes(try reader.lengthDelimited())
        }
    }

    private static func wireType(of kind: FieldDescriptor.Kind) -> WireType {
        switch kind {
        case .double, .fixed64, .sfixed64: .fixed64
        case .float, .fixed32, .sfixed32: .fixed32
        case .string, .bytes, .message: .lengthDelimited
        default: .varint
        }
    }

    private static func wire<R>(_ body: () throws(DecodingError) -> R) throws(JSONError) -> R {
        do {
            return try body()
        } catch {
            throw JSONError("not a message: \(error)")
        }
    }

    private mutating func print(_ values: [Value], _ field: FieldDescriptor) throws(JSONError) {
        if field.isRepeated {
            if let entry = pool.messages[field.typeName], entry.isMapEntry { return try printMap(values, entry) }
            writer.beginArray()
            for (index, value) in values.enumerated() {
                try JSONError.within("[\(index)]") { () throws(JSONError) in try print(value, field) }
            }
            writer.endArray()
        } else if values.count > 1 {
            var merged: [UInt8] = []
            for case .bytes(let bytes) in values { merged.append(contentsOf: bytes) }
            try merged.span.bytes.withUnsafeBytes { (buffer) throws(JSONError) in try message(buffer, field.typeName) }
        } else if let value = values.last {
            try print(value, field)
        }
    }

    private mutating func print(_ value: Value, _ field: FieldDescriptor) throws(JSONError) {
        switch value {
        case .bytes(let bytes) where field.kind == .message: try message(bytes, field.typeName)
        case .bytes(let bytes) where field.kind == .string:
            if !UTF8Validation.isValid(bytes) { throw JSONError("is not valid UTF-8") }
            writer.string(utf8: bytes)
        case .bytes(let bytes): writer.string(Base64.encode(bytes))
        case .bits(let bits): print(bits, field.kind, field.typeName)
        }
    }

    private mutating func print(_ bits: UInt64, _ kind: FieldDescriptor.Kind, _ type: String = "") {
        let low = UInt32(truncatingIfNeeded: bits)
        switch kind {
        case .double: print(Double(bitPattern: bits), JSONNumber.text)
        case .float: print(Float(bitPattern: low), JSONNumber.text)
        case .int64, .sfixed64: writer.string(String(Int64(bitPattern: bits)))
        case .uint64, .fixed64: writer.string(String(bits))
        case .sint64: writer.string(String(Int64(bitPattern: bits >> 1) ^ -Int64(bits & 1)))
        case .int32, .sfixed32: writer.literal(String(Int32(bitPattern: low)))
        case .uint32, .fixed32: writer.literal(String(low))
        case .sint32: writer.literal(String(Int32(bitPattern: low >> 1) ^ -Int32(low & 1)))
        case .bool: writer.literal(bits != 0 ? "true" : "false")
        case .enum:
            let number = Int32(bitPattern: low)
            if type == WellKnown.nullValue {
                writer.literal("null")
            } else if let name = pool.enums[type]?.name(of: number) {
                writer.string(name)
            } else {
                writer.literal(String(number))
            }
        case .string, .bytes, .message: break
        }
    }

    private mutating func print<F: BinaryFloatingPoint>(_ value: F, _ text: (F) -> String?) {
        if let text = text(value) {
            writer.literal(text)
        } else {
            writer.string(value.isNaN ? "NaN" : value < 0 ? "-Infinity" : "Infinity")
        }
    }

    private mutating func printDefault(_ field: FieldDescriptor) {
        guard field.isRepeated || field.kind != .message && field.oneof == nil else { return }
        writer.name(field.jsonName)
        if field.isRepeated, pool.messages[field.typeName]?.isMapEntry == true {
            writer.beginObject()
            writer.endObject()
        } else if field.isRepeated {
            writer.beginArray()
            writer.endArray()
        } else if field.kind == .string || field.kind == .bytes {
            writer.string("")
        } else {
            print(0, field.kind, field.typeName)
        }
    }

    /// A later entry with an equal key wins (protobuf encoding guide, "Maps").
    private mutating func printMap(_ entries: [Value], _ entry: MessageDescriptor) throws(JSONError) {
        guard let keyField = entry.field(1), let valueField = entry.field(2),
            let keyIndex = entry.indexByNumber[1], let valueIndex = entry.indexByNumber[2]
        else { throw JSONError("the type \(entry.fullName) is not known") }
        var order: [(key: String, values: [Value])] = []
        var indexByKey: [String: Int] = [:]
        for case .bytes(let bytes) in entries {
            let pair = try JSONPrinter.collect(bytes, entry)
            let key = try name(pair[keyIndex].last, keyField.kind)
            if let index = indexByKey[key] {
                order[index].values = pair[valueIndex]
            } else {
                indexByKey[key] = order.count
                order.append((key, pair[valueIndex]))
            }
        }
        writer.beginObject()
        for (key, values) in order {
            writer.name(key)
            try JSONError.within("[\"\(key)\"]") { () throws(JSONError) in
                let empty = UnsafeRawBufferPointer(start: nil, count: 0)
                let isBytes = JSONPrinter.wireType(of: valueField.kind) == .lengthDelimited
                try print(values.isEmpty ? [isBytes ? .bytes(empty) : .bits(0)] : values, valueField)
            }
        }
        writer.endObject()
    }

    private func name(_ key: Value?, _ kind: FieldDescriptor.Kind) throws(JSONError) -> String {
        switch key {
        case .bytes(let bytes):
            guard let text = String(validating: bytes, as: UTF8.self) else { throw JSONError("is not valid UTF-8") }
            return text
        case .bits(let bits):
            var single = JSONPrinter(pool: pool, options: options)
            single.print(bits, kind)
            return String(decoding: single.text.filter { $0 != UInt8(ascii: "\"") }, as: UTF8.self)
        case nil: return kind == .string ? "" : kind == .bool ? "false" : "0"
        }
    }
}

// MARK: Types of google.protobuf with a form of their own

extension JSONPrinter {
    private mutating func wellKnown(_ bytes: UnsafeRawBufferPointer, _ type: String) throws(JSONError) {
        let fields = try JSONPrinter.fields(bytes)
        switch type {
        case WellKnown.timestamp, WellKnown.duration:
            let seconds = Int64(bitPattern: bits(1, fields))
            let nanos = Int32(truncatingIfNeeded: bits(2, fields))
            let isTimestamp = type == WellKnown.timestamp
            let text =
                isTimestamp
                ? TimestampText.text(seconds: seconds, nanos: nanos) : DurationText.text(seconds: seconds, nanos: nanos)
            guard let text else { throw JSONError("is out of the range of a \(type)") }
            writer.string(text)
        case WellKnown.fieldMask:
            var paths: [String] = []
            for (number, value) in fields where number == 1 {
                guard let path = WellKnown.camelCase(try name(value, .string)) else {
                    throw JSONError("holds a path that has no JSON form")
                }
                paths.append(path)
            }
            writer.string(paths.joined(separator: ","))
        case WellKnown.struct: try printStruct(fields)
        case WellKnown.listValue:
            writer.beginArray()
            for case (1, .bytes(let bytes)) in fields { try message(bytes, WellKnown.value) }
            writer.endArray()
        case WellKnown.value: try printValue(fields.last)
        case WellKnown.any: try printAny(fields)
        default:
            guard let kind = WellKnown.wrappers[type] else { throw JSONError("the type \(type) is not known") }
            try printWrapped(fields.last { $0.number == 1 }?.value, kind)
        }
    }

    private static func fields(_ bytes: UnsafeRawBufferPointer) throws(JSONError) -> [(number: Int, value: Value)] {
        try wire { () throws(DecodingError) in
            var reader = WireReader(bytes)
            var fields: [(number: Int, value: Value)] = []
            while !reader.isAtEnd {
                let (number, type) = try reader.tag()
                fields.append((number, try value(type, from: &reader)))
            }
            return fields
        }
    }

    private func bits(_ number: Int, _ fields: [(number: Int, value: Value)]) -> UInt64 {
        if case .bits(let bits)? = fields.last(where: { $0.number == number })?.value { bits } else { 0 }
    }

    private mutating func printStruct(_ fields: [(number: Int, value: Value)]) throws(JSONError) {
        var order: [(key: String, bytes: UnsafeRawBufferPointer)] = []
        var indexByKey: [String: Int] = [:]
        for case (1, .bytes(let entry)) in fields {
            let pair = try JSONPrinter.fields(entry)
            let key = try name(pair.last { $0.number == 1 }?.value, .string)
            var value = UnsafeRawBufferPointer(start: nil, count: 0)
            if case .bytes(let bytes)? = pair.last(where: { $0.number == 2 })?.value { value = bytes }
            if let index = indexByKey[key] {
                order[index].bytes = value
            } else {
                indexByKey[key] = order.count
                order.append((key, value))
            }
        }
        writer.beginObject()
        for (key, bytes) in order {
            writer.name(key)
            try JSONError.within(key) { () throws(JSONError) in try message(bytes, WellKnown.value) }
        }
        writer.endObject()
    }

    private mutating func printValue(_ field: (number: Int, value: Value)?) throws(JSONError) {
        switch field {
        case (2, .bits(let bits))?:
            guard let text = JSONNumber.text(Double(bitPattern: bits)) else {
                throw JSONError("is not a finite number")
            }
            writer.literal(text)
        case (3, .bytes(let bytes))?:
            if !UTF8Validation.isValid(bytes) { throw JSONError("is not valid UTF-8") }
            writer.string(utf8: bytes)
        case (4, .bits(let bits))?: writer.literal(bits != 0 ? "true" : "false")
        case (5, .bytes(let bytes))?: try message(bytes, WellKnown.struct)
        case (6, .bytes(let bytes))?: try message(bytes, WellKnown.listValue)
        default: writer.literal("null")
        }
    }

    private mutating func printAny(_ fields: [(number: Int, value: Value)]) throws(JSONError) {
        let url = try name(fields.last { $0.number == 1 }?.value, .string)
        var content = UnsafeRawBufferPointer(start: nil, count: 0)
        if case .bytes(let bytes)? = fields.last(where: { $0.number == 2 })?.value { content = bytes }
        writer.beginObject()
        defer { writer.endObject() }
        if url.isEmpty, content.isEmpty { return }
        let type = String(url.split(separator: "/").last ?? "")
        writer.name("@type")
        writer.string(url)
        if WellKnown.isSpecial(type) {
            writer.name("value")
            try message(content, type)
        } else {
            try members(content, type)
        }
    }

    private mutating func printWrapped(_ value: Value?, _ kind: FieldDescriptor.Kind) throws(JSONError) {
        switch value {
        case .bytes(let bytes)? where kind == .string:
            if !UTF8Validation.isValid(bytes) { throw JSONError("is not valid UTF-8") }
            writer.string(utf8: bytes)
        case .bytes(let bytes)?: writer.string(Base64.encode(bytes))
        case .bits(let bits)?: print(bits, kind)
        case nil where kind == .string || kind == .bytes: writer.string("")
        case nil: print(0, kind)
        }
    }
}
