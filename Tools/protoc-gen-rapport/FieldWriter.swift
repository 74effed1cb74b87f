import Protobuf

/// One field: its Swift type, and how it is copied from and to protobuf-c's struct.
struct FieldWriter {
    let number: Int
    let property: String
    let oneof: Int?
    /// The type of one value; `type` is what the property has.
    let bareType: String
    let type: String
    let defaultValue: String

    private let c: String
    private let field: FieldDescriptor
    private let mapEntry: (key: FieldDescriptor, value: FieldDescriptor, cType: String, initializer: String)?
    private let swiftNames: [String: String]

    init(
        _ field: FieldDescriptor, of message: MessageDescriptor, pool: DescriptorPool, swiftNames: [String: String]
    ) throws {
        self.field = field
        self.swiftNames = swiftNames
        number = field.number
        property = Names.escaped(Names.lowerCamelCase(field.name))
        oneof = field.oneof
        c = "c.pointee.\(Names.cField(field.name))"
        bareType = try FieldWriter.swiftType(field, swiftNames)
        if let entry = pool.messages[field.typeName], entry.isMapEntry {
            guard let key = entry.field(1), let value = entry.field(2) else {
                throw GeneratorError.unsupported("map \(field.name)")
            }
            mapEntry = (key, value, Names.cType(entry.fullName), Names.cFunctionPrefix(entry.fullName) + "__init")
            type = "[\(try FieldWriter.swiftType(key, swiftNames)): \(try FieldWriter.swiftType(value, swiftNames))]"
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

    /// The expression that reads the property.
    var reading: String {
        let count = "c.pointee.n_\(field.name)"
        if let mapEntry {
            let key = FieldWriter.scalar(mapEntry.key, "$0.key", swiftNames)
            var value = FieldWriter.scalar(mapEntry.value, "$0.value", swiftNames)
            if mapEntry.value.kind == .message { value += " ?? .init()" }
            return "Reading.map(\(count), \(c)) { (\(key), \(value)) }"
        }
        guard field.isRepeated else { return bareReading }
        switch field.kind {
        case .string: return "Reading.strings(\(count), \(c))"
        case .message: return "Reading.messages(\(count), \(c))"
        default: return "Reading.list(\(count), \(c)) { \(FieldWriter.scalar(field, "$0", swiftNames)) }"
        }
    }

    /// The expression that reads one value.
    var bareReading: String {
        let expression = FieldWriter.scalar(field, c, swiftNames)
        return oneof != nil && field.kind == .message ? "\(expression) ?? .init()" : expression
    }

    func writing(value: String) -> [String] {
        let count = "c.pointee.n_\(field.name) = \(value).count"
        if let mapEntry {
            let key = FieldWriter.cValue(mapEntry.key, "key")
            let entryValue = FieldWriter.cValue(mapEntry.value, "value")
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
            default: return [count, "\(c) = arena.list(\(value)) { \(FieldWriter.cValue(field, "$0")) }"]
            }
        }
        switch field.kind {
        case .message: return ["\(c) = arena.optional(\(value))"]
        case .string, .bytes: return ["if !\(value).isEmpty { \(c) = \(FieldWriter.cValue(field, value)) }"]
        default: return ["\(c) = \(FieldWriter.cValue(field, value))"]
        }
    }

    func writingBare(value: String) -> [String] {
        ["\(c) = \(FieldWriter.cValue(field, value))"]
    }

    private static func scalar(_ field: FieldDescriptor, _ c: String, _ swiftNames: [String: String]) -> String {
        switch field.kind {
        case .string: "Reading.string(\(c))"
        case .bytes: "Reading.bytes(\(c))"
        case .bool: "\(c) != 0"
        case .message: "Reading.message(\(c))"
        case .enum: "\(swiftNames[field.typeName] ?? "Int32")(rawValue: Int32(bitPattern: \(c).rawValue))"
        default: c
        }
    }

    private static func cValue(_ field: FieldDescriptor, _ value: String) -> String {
        switch field.kind {
        case .string: "arena.string(\(value))"
        case .bytes: "arena.bytes(\(value))"
        case .bool: "\(value) ? 1 : 0"
        case .message: "arena.message(\(value))"
        case .enum: "\(Names.cType(field.typeName))(rawValue: UInt32(bitPattern: \(value).rawValue))"
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
