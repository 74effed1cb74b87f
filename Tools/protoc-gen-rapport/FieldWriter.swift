import Protobuf

/// One field: its Swift type, how it is read from the wire, and how it is copied to protobuf-c's struct.
struct FieldWriter {
    let number: Int
    let property: String
    let oneof: Int?
    /// The type of one value; `type` is what the property has.
    let bareType: String
    let type: String
    let defaultValue: String
    /// Whether the message is one that may hold this one again, without a list between: a value cannot hold itself, so
    /// such a field lies on the heap.
    let isRecursive: Bool

    private let c: String
    private let field: FieldDescriptor
    private let mapEntry: MapEntry?
    /// Enums of the message's fields with a value below 0, which a C compiler makes signed.
    private let signedEnums: Set<String>

    private struct MapEntry {
        let key: FieldDescriptor
        let keyType: String
        let value: FieldDescriptor
        let valueType: String
        let cType: String
        let initializer: String
    }

    init(
        _ field: FieldDescriptor, of message: MessageDescriptor, pool: DescriptorPool, swiftNames: [String: String]
    ) throws {
        self.field = field
        number = field.number
        property = Names.escaped(Names.lowerCamelCase(field.name))
        oneof = field.oneof
        let types = [field.typeName, pool.messages[field.typeName]?.field(2)?.typeName ?? ""]
        signedEnums = Set(types.filter { pool.enums[$0]?.values.contains { $0.number < 0 } ?? false })
        isRecursive = !field.isRepeated && pool.reaches(message.fullName, from: field.typeName)
        c = "c.pointee.\(Names.cField(field.name))"
        bareType = try FieldWriter.swiftType(field, swiftNames)
        if let entry = pool.messages[field.typeName], entry.isMapEntry {
            guard let key = entry.field(1), let value = entry.field(2) else {
                throw GeneratorError.unsupported("map \(field.name)")
            }
            let entry = MapEntry(
                key: key, keyType: try FieldWriter.swiftType(key, swiftNames), value: value,
                valueType: try FieldWriter.swiftType(value, swiftNames), cType: Names.cType(entry.fullName),
                initializer: Names.cFunctionPrefix(entry.fullName) + "__init")
            mapEntry = entry
            type = "[\(entry.keyType): \(entry.valueType)]"
            defaultValue = "[:]"
        } else {
            mapEntry = nil
            if field.isRepeated {
                type = "[\(bareType)]"
                defaultValue = "[]"
            } else if field.kind == .message {
                type = bareType + "?"
                defaultValue = "nil"
            } else {
                type = bareType
                defaultValue = FieldWriter.defaultValue(field)
            }
        }
    }

    /// The declaration of the property, a line each.
    var declaration: [String] {
        guard isRecursive else { return ["public var \(property): \(type) = \(defaultValue)"] }
        let name = Names.lowerCamelCase(field.name)
        let held = "held" + name.prefix(1).uppercased() + name.dropFirst()
        return [
            "public var \(property): \(type) {",
            "    get { \(held).first }",
            "    set { \(held) = newValue.map { [$0] } ?? [] }",
            "}",
            "private var \(held): [\(bareType)] = []",
        ]
    }

    /// The statements that read a value, after `FieldReader.next` gave the field's number.
    var reading: [String] {
        guard let mapEntry else { return ["try reader.\(field.kind)(&\(FieldWriter.own(property)))"] }
        let isMessage = mapEntry.value.kind == .message
        return [
            "var key: \(mapEntry.keyType) = \(FieldWriter.defaultValue(mapEntry.key))",
            "var value: \(mapEntry.valueType)"
                + (isMessage ? "?" : " = \(FieldWriter.defaultValue(mapEntry.value))"),
            "let outer = try reader.enter()",
            "while let field = try reader.next() {",
            "    switch field {",
            "    case 1: try reader.\(mapEntry.key.kind)(&key)",
            "    case 2: try reader.\(mapEntry.value.kind)(&value)",
            "    default: try reader.skip()",
            "    }",
            "}",
            "reader.leave(outer)",
            "\(FieldWriter.own(property))[key] = value" + (isMessage ? " ?? .init()" : ""),
        ]
    }

    /// The same for a member of a oneof.
    func reading(into oneof: String) -> [String] {
        guard field.kind == .message else {
            return [
                "var value: \(bareType) = \(FieldWriter.defaultValue(field))", "try reader.\(field.kind)(&value)",
                "\(FieldWriter.own(oneof)) = .\(property)(value)",
            ]
        }
        return [
            "var value: \(bareType)?", "if case .\(property)(let held) = \(FieldWriter.own(oneof)) { value = held }",
            "try reader.message(&value)", "\(FieldWriter.own(oneof)) = .\(property)(value ?? .init())",
        ]
    }

    /// A property, where a local name of the generated code would hide it.
    private static func own(_ property: String) -> String {
        own(property, beside: ["field", "key", "outer", "reader", "value"])
    }

    private static func own(_ property: String, beside locals: Set<String>) -> String {
        locals.contains(property) ? "self.\(property)" : property
    }

    /// The statements that copy the property to protobuf-c's struct.
    var writing: [String] { writing(value: FieldWriter.own(property, beside: ["arena", "c"])) }

    private func writing(value: String) -> [String] {
        let count = "c.pointee.n_\(field.name.lowercased()) = \(value).count"
        if let mapEntry {
            let key = cValue(mapEntry.key, "key")
            let entryValue = cValue(mapEntry.value, "value")
            return [
                count,
                "\(c) = arena.map(\(value)) { (entry: UnsafeMutablePointer<\(mapEntry.cType)>, key, value) in",
                "    \(mapEntry.initializer)(entry)",
                "    entry.pointee.key = \(key)",
                "    entry.pointee.value = \(entryValue)",
                "}",
            ]
        }
        if field.isRepeated {
            switch field.kind {
            case .string: return [count, "\(c) = arena.strings(\(value))"]
            case .message: return [count, "\(c) = arena.messages(\(value))"]
            default: return [count, "\(c) = arena.list(\(value)) { \(cValue(field, "$0")) }"]
            }
        }
        switch field.kind {
        case .message: return ["\(c) = arena.optional(\(value))"]
        case .string, .bytes: return ["if !\(value).isEmpty { \(c) = \(cValue(field, value)) }"]
        default: return ["\(c) = \(cValue(field, value))"]
        }
    }

    func writingBare(value: String) -> [String] {
        ["\(c) = \(cValue(field, value))"]
    }

    private func cValue(_ field: FieldDescriptor, _ value: String) -> String {
        switch field.kind {
        case .string: "arena.string(\(value))"
        case .bytes: "arena.bytes(\(value))"
        case .bool: "\(value) ? 1 : 0"
        case .message: "arena.message(\(value))"
        case .enum:
            signedEnums.contains(field.typeName)
                ? "\(Names.cType(field.typeName))(rawValue: \(value).rawValue)"
                : "\(Names.cType(field.typeName))(rawValue: UInt32(bitPattern: \(value).rawValue))"
        default: value
        }
    }

    private static func swiftType(_ field: FieldDescriptor, _ swiftNames: [String: String]) throws -> String {
        switch field.kind {
        case .double: return "Double"
        case .float: return "Float"
        case .int64, .sint64, .sfixed64: return "Int64"
        case .uint64, .fixed64: return "UInt64"
        case .int32, .sint32, .sfixed32: return "Int32"
        case .uint32, .fixed32: return "UInt32"
        case .bool: return "Bool"
        case .string: return "String"
        case .bytes: return "[UInt8]"
        case .message, .enum:
            guard let name = swiftNames[field.typeName] else { throw GeneratorError.unknownType(field.typeName) }
            return name
        }
    }

    private static func defaultValue(_ field: FieldDescriptor) -> String {
        switch field.kind {
        case .string: "\"\""
        case .bytes: "[]"
        case .bool: "false"
        case .enum: ".init(rawValue: 0)"
        default: "0"
        }
    }
}

extension DescriptorPool {
    /// Whether a message of type `start` may hold one of type `message`, or is one, without a list or a map between.
    fileprivate func reaches(_ message: String, from start: String) -> Bool {
        var seen: Set<String> = []
        var next = [start]
        while let name = next.popLast() {
            if name == message { return true }
            guard seen.insert(name).inserted, let fields = messages[name]?.fields else { continue }
            next += fields.filter { $0.kind == .message && !$0.isRepeated }.map(\.typeName)
        }
        return false
    }
}
