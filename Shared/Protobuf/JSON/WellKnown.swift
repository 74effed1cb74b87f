/// The types of google.protobuf that have a JSON form of their own.
enum WellKnown {
    static let any = "google.protobuf.Any"
    static let timestamp = "google.protobuf.Timestamp"
    static let duration = "google.protobuf.Duration"
    static let fieldMask = "google.protobuf.FieldMask"
    static let `struct` = "google.protobuf.Struct"
    static let value = "google.protobuf.Value"
    static let listValue = "google.protobuf.ListValue"
    static let nullValue = "google.protobuf.NullValue"

    /// Kinds of the field `value = 1` of each wrapper.
    static let wrappers: [String: FieldDescriptor.Kind] = [
        "google.protobuf.DoubleValue": .double, "google.protobuf.FloatValue": .float,
        "google.protobuf.Int64Value": .int64, "google.protobuf.UInt64Value": .uint64,
        "google.protobuf.Int32Value": .int32, "google.protobuf.UInt32Value": .uint32,
        "google.protobuf.BoolValue": .bool, "google.protobuf.StringValue": .string,
        "google.protobuf.BytesValue": .bytes,
    ]

    static func isText(_ type: String) -> Bool {
        type == timestamp || type == duration || type == fieldMask
    }

    static func isSpecial(_ type: String) -> Bool {
        type.hasPrefix("google.protobuf.")
            && (isText(type) || [any, `struct`, value, listValue].contains(type) || wrappers[type] != nil)
    }

    // MARK: FieldMask: paths are snake_case on the wire, lowerCamelCase in JSON, joined by commas.

    /// nil when the path would not come back as it was.
    static func camelCase(_ path: String) -> String? {
        var result = ""
        var isAfterUnderscore = false
        for character in path {
            if isAfterUnderscore {
                guard character.isASCII, character.isLowercase else { return nil }
                result += character.uppercased()
                isAfterUnderscore = false
            } else if character == "_" {
                isAfterUnderscore = true
            } else {
                if character.isUppercase { return nil }
                result.append(character)
            }
        }
        return isAfterUnderscore ? nil : result
    }

    /// nil when the path has no such form, as one with capitals that are not ASCII.
    static func snakeCase(_ path: Substring) -> String? {
        guard !path.isEmpty, !path.contains("_") else { return nil }
        let snake = path.reduce(into: "") { $0 += $1.isUppercase ? "_" + $1.lowercased() : String($1) }
        return camelCase(snake).map { $0 == path } == true ? snake : nil
    }
}
