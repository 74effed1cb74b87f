@testable import Protobuf

/// Describes message types without protoc, so that every kind of field can be tested.
struct SchemaBuilder {
    struct Field {
        var name: String
        var number: Int
        var kind: FieldDescriptor.Kind
        var type = ""
        var isRepeated = false
        var oneof: Int?
    }

    private var file = WireWriter()

    init(package: String) {
        file.field(1, "\(package).proto".utf8)
        file.field(2, package.utf8)
    }

    mutating func message(_ name: String, _ fields: [Field], oneofs: [String] = [], nested: [[UInt8]] = []) {
        file.field(4, SchemaBuilder.descriptor(name, fields, oneofs: oneofs, nested: nested))
    }

    mutating func enumeration(_ name: String, _ values: [(String, Int32)]) {
        var type = WireWriter()
        type.field(1, name.utf8)
        for (name, number) in values {
            var value = WireWriter()
            value.field(1, name.utf8)
            value.field(2, varint: UInt64(bitPattern: Int64(number)))
            type.field(2, value.bytes)
        }
        file.field(5, type.bytes)
    }

    static func mapEntry(_ name: String, _ key: FieldDescriptor.Kind, _ value: Field) -> [UInt8] {
        descriptor(name, [Field(name: "key", number: 1, kind: key), value], isMapEntry: true)
    }

    private static func descriptor(
        _ name: String, _ fields: [Field], oneofs: [String] = [], nested: [[UInt8]] = [], isMapEntry: Bool = false
    ) -> [UInt8] {
        var message = WireWriter()
        message.field(1, name.utf8)
        for field in fields {
            var one = WireWriter()
            one.field(1, field.name.utf8)
            one.field(3, varint: UInt64(field.number))
            one.field(4, varint: field.isRepeated ? 3 : 1)
            one.field(5, varint: UInt64(field.kind.rawValue))
            if !field.type.isEmpty { one.field(6, ".\(field.type)".utf8) }
            if let oneof = field.oneof { one.field(9, varint: UInt64(oneof)) }
            message.field(2, one.bytes)
        }
        for type in nested { message.field(3, type) }
        if isMapEntry { message.field(7, [0x38, 1]) }
        for name in oneofs {
            var oneof = WireWriter()
            oneof.field(1, name.utf8)
            message.field(8, oneof.bytes)
        }
        return message.bytes
    }

    func pool() throws -> DescriptorPool {
        var pool = DescriptorPool()
        try pool.add(file: file.bytes)
        return pool
    }
}

/// `test.Everything`: each scalar twice (singular and repeated), maps, a oneof, an optional, a recursion and the types
/// of google.protobuf.
enum TestSchema {
    static let everything = "test.Everything"

    static let scalars: [(name: String, kind: FieldDescriptor.Kind)] = [
        ("double", .double), ("float", .float), ("int64", .int64), ("uint64", .uint64), ("int32", .int32),
        ("fixed64", .fixed64), ("fixed32", .fixed32), ("bool", .bool), ("string", .string), ("bytes", .bytes),
        ("uint32", .uint32), ("sfixed32", .sfixed32), ("sfixed64", .sfixed64), ("sint32", .sint32), ("sint64", .sint64),
    ]

    static let google = [
        "Timestamp", "Duration", "FieldMask", "Struct", "Value", "ListValue", "Any", "DoubleValue", "FloatValue",
        "Int64Value", "UInt64Value", "Int32Value", "UInt32Value", "BoolValue", "StringValue", "BytesValue",
    ]

    static func pool() throws -> DescriptorPool {
        typealias Field = SchemaBuilder.Field
        var schema = SchemaBuilder(package: "test")
        schema.enumeration("Color", [("COLOR_UNSPECIFIED", 0), ("RED", 1), ("BLUE", -2)])
        var fields: [Field] = []
        for (index, scalar) in scalars.enumerated() {
            fields.append(Field(name: "one_\(scalar.name)", number: index + 1, kind: scalar.kind))
            fields.append(Field(name: "many_\(scalar.name)", number: index + 101, kind: scalar.kind, isRepeated: true))
        }
        for (index, name) in google.enumerated() {
            let field = Field(name: "a_\(name)", number: index + 201, kind: .message, type: "google.protobuf.\(name)")
            fields.append(field)
        }
        func map(_ name: String, _ number: Int, _ type: String) -> Field {
            Field(name: name, number: number, kind: .message, type: "test.Everything.\(type)", isRepeated: true)
        }
        fields += [
            Field(name: "color", number: 301, kind: .enum, type: "test.Color"),
            Field(name: "colors", number: 302, kind: .enum, type: "test.Color", isRepeated: true),
            Field(name: "inside", number: 303, kind: .message, type: everything),
            Field(name: "list_inside", number: 304, kind: .message, type: everything, isRepeated: true),
            Field(name: "left", number: 305, kind: .string, oneof: 0),
            Field(name: "right", number: 306, kind: .int32, oneof: 0),
            Field(name: "maybe", number: 307, kind: .int32, oneof: 1),
            map("names", 308, "NamesEntry"), map("counts", 309, "CountsEntry"), map("switches", 310, "SwitchesEntry"),
            Field(name: "values", number: 311, kind: .message, type: "google.protobuf.Value", isRepeated: true),
        ]
        schema.message(
            "Everything", fields, oneofs: ["side", "_maybe"],
            nested: [
                SchemaBuilder.mapEntry("NamesEntry", .string, Field(name: "value", number: 2, kind: .string)),
                SchemaBuilder.mapEntry(
                    "CountsEntry", .int64, Field(name: "value", number: 2, kind: .message, type: everything)),
                SchemaBuilder.mapEntry(
                    "SwitchesEntry", .bool, Field(name: "value", number: 2, kind: .enum, type: "test.Color")),
            ])
        return try schema.pool()
    }

    static func mapping(_ options: JSONMapping.Options = .init()) throws -> JSONMapping {
        JSONMapping(try pool(), options: options)
    }
}

/// SplitMix64: a run repeats from its printed seed.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(_ test: String) {
        state = .random(in: 0...UInt64.max)
        print("\(test): seed \(state)")
    }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
        return z ^ z >> 31
    }

    mutating func text(upTo length: Int = 12) -> String {
        let alphabet: [Character] = [
            "a", "Z", "0", " ", "\"", "\\", "\n", "\u{1}", "é", "ß", "漢", "😀", "\u{2028}", "/",
        ]
        return String((0..<Int.random(in: 0...length, using: &self)).map { _ in alphabet.randomElement(using: &self)! })
    }

    mutating func bytes(upTo length: Int = 12) -> [UInt8] {
        (0..<Int.random(in: 0...length, using: &self)).map { _ in .random(in: 0...255, using: &self) }
    }
}
