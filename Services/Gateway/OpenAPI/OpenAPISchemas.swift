import Protobuf

/// JSON Schema of messages and enums in protobuf's canonical JSON mapping (protobuf.dev, "ProtoJSON Format"), as an
/// OpenAPI 3.1 document holds it.
struct OpenAPISchemas: Sendable {
    let pool: DescriptorPool

    /// Of one value of a field, or of all of them when it is repeated.
    func schema(of field: FieldDescriptor, in message: MessageDescriptor) -> JSONValue {
        var schema: JSONObject
        if field.isRepeated, let entry = pool.messages[field.typeName], entry.isMapEntry, let value = entry.field(2) {
            schema = ["type": "object", "additionalProperties": .object(single(value))]
        } else if field.isRepeated {
            schema = ["type": "array", "items": .object(single(field))]
        } else {
            schema = single(field)
        }
        if let comment = pool.comments["\(message.fullName).\(field.name)"] { schema["description"] = .string(comment) }
        return .object(schema)
    }

    private func single(_ field: FieldDescriptor) -> JSONObject {
        switch field.kind {
        case .message: wellKnown(field.typeName) ?? ["$ref": .string(Self.reference(to: field.typeName, in: pool))]
        case .enum: ["$ref": .string(Self.reference(to: field.typeName, in: pool))]
        default: Self.scalar(field.kind)
        }
    }

    /// 64-bit integers are strings, since JavaScript's numbers cannot hold them.
    private static func scalar(_ kind: FieldDescriptor.Kind) -> JSONObject {
        switch kind {
        case .double, .float: ["type": "number", "format": .string(kind == .float ? "float" : "double")]
        case .int32, .sint32, .sfixed32: ["type": "integer", "format": "int32"]
        case .uint32, .fixed32: ["type": "integer", "minimum": .number("0"), "maximum": .number("4294967295")]
        case .int64, .sint64, .sfixed64: ["type": "string", "format": "int64"]
        case .uint64, .fixed64: ["type": "string", "format": "uint64"]
        case .bool: ["type": "boolean"]
        case .bytes: ["type": "string", "contentEncoding": "base64"]
        case .string, .message, .enum: ["type": "string"]
        }
    }

    /// The types that have a JSON form of their own; nil for all others.
    private func wellKnown(_ type: String) -> JSONObject? {
        guard type.hasPrefix("google.protobuf.") else { return nil }
        switch type.dropFirst("google.protobuf.".count) {
        case "Timestamp": return ["type": "string", "format": "date-time"]
        case "Duration": return ["type": "string", "pattern": "^-?[0-9]+(\\.[0-9]{1,9})?s$"]
        case "FieldMask":
            return [
                "type": "string", "description": "Field paths in lowerCamelCase, with commas between.",
            ]
        case "Any":
            return ["type": "object", "properties": .object(["@type": .object(["type": "string"])])]
        case "Struct", "Empty": return ["type": "object"]
        case "ListValue": return ["type": "array"]
        case "Value": return [:]
        default:
            guard let value = pool.messages[type]?.field(named: "value") else { return nil }
            return Self.scalar(value.kind)
        }
    }

    /// An object of the fields of a message, without some of them.
    func object(_ message: MessageDescriptor, without excluded: Set<String> = []) -> JSONObject {
        var properties = JSONObject()
        for field in message.fields where !excluded.contains(field.name) {
            properties[field.jsonName] = schema(of: field, in: message)
        }
        var schema: JSONObject = ["type": "object", "properties": .object(properties)]
        let choices = message.oneofs.indices.map { index in
            message.fields.filter { $0.oneof == index && !excluded.contains($0.name) }.map(\.jsonName)
        }
        let notes = choices.filter { $0.count > 1 }.map { "At most one of \($0.joined(separator: ", "))." }
        let description = ([pool.comments[message.fullName]].compactMap { $0 } + notes).joined(separator: "\n")
        if !description.isEmpty { schema["description"] = .string(description) }
        return schema
    }

    private func enumeration(_ type: EnumDescriptor) -> JSONObject {
        var schema: JSONObject = [
            "type": "string", "enum": .array(type.values.map { .string($0.name) }),
        ]
        let notes = type.values.compactMap { value in
            pool.comments["\(type.fullName).\(value.name)"].map { "- \(value.name): \($0)" }
        }
        let description = ([pool.comments[type.fullName]].compactMap { $0 } + notes).joined(separator: "\n")
        if !description.isEmpty { schema["description"] = .string(description) }
        return schema
    }

    /// All that the given messages hold, under their names: messages and enums, sorted.
    func components(of roots: [String]) -> JSONObject {
        var found: [String: JSONObject] = [:]
        var waiting = roots
        while let type = waiting.popLast() {
            let name = Self.name(of: type, in: pool)
            guard found[name] == nil, wellKnown(type) == nil else { continue }
            if let message = pool.messages[type] {
                found[name] = object(message)
                waiting += message.fields.flatMap { field in
                    let entry = pool.messages[field.typeName].flatMap { $0.isMapEntry ? $0 : nil }
                    return entry.map { $0.fields.map(\.typeName) } ?? [field.typeName]
                }
            } else if let type = pool.enums[type] {
                found[name] = enumeration(type)
            }
        }
        var components = JSONObject()
        for (name, schema) in found.sorted(by: { $0.key < $1.key }) { components[name] = .object(schema) }
        return components
    }

    static func reference(to type: String, in pool: DescriptorPool) -> String {
        "#/components/schemas/\(name(of: type, in: pool))"
    }

    /// Without its package: `Goal.State`. The generator sees to it that no two packages share a name.
    static func name(of type: String, in pool: DescriptorPool) -> String {
        let package = pool.file(containing: type)?.package ?? ""
        return package.isEmpty ? type : String(type.dropFirst(package.count + 1))
    }
}
