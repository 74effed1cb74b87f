import Protobuf

/// How proto names become Swift and C names.
enum Names {
    /// Packages whose types keep a prefix in Swift, because the bare names would collide with Swift's or each other.
    private static let prefixes = [
        ("google.protobuf", "Protobuf"), ("google.rpc", "RPC"), ("google.api", ""),
        ("grpc.reflection.v1alpha", "V1Alpha"), ("grpc.channelz.v1", "Channelz"),
    ]
    /// Types of those packages whose bare names are free.
    private static let bare: Set = [
        "google.protobuf.Timestamp", "google.protobuf.FieldMask", "google.protobuf.DoubleValue",
        "google.protobuf.FloatValue", "google.protobuf.Int64Value", "google.protobuf.UInt64Value",
        "google.protobuf.Int32Value", "google.protobuf.UInt32Value", "google.protobuf.BoolValue",
        "google.protobuf.StringValue", "google.protobuf.BytesValue", "google.rpc.ErrorInfo", "google.rpc.RetryInfo",
        "google.rpc.BadRequest", "google.rpc.BadRequest.FieldViolation",
    ]

    static func swiftPrefix(package: String, fullName: String) -> String {
        if package.hasPrefix("opentelemetry.") { return "OTLP" }
        return bare.contains(fullName) ? "" : prefixes.first { $0.0 == package }?.1 ?? ""
    }

    static func lowerCamelCase(_ name: String) -> String {
        let parts = name.split(separator: "_")
        let first = parts.first.map(String.init) ?? ""
        return parts.dropFirst().reduce(first) { $0 + $1.prefix(1).uppercased() + $1.dropFirst() }
    }

    /// `KEPT_LATE` becomes `keptLate`; a prefix that repeats the enum's name goes.
    static func enumCase(_ value: String, of type: String) -> String {
        let prefix = snakeCase(type).uppercased() + "_"
        let name = value.hasPrefix(prefix) ? String(value.dropFirst(prefix.count)) : value
        return escaped(lowerCamelCase(name.lowercased()))
    }

    /// protobuf-c's way: `ReflectBack` becomes `reflect_back`.
    static func snakeCase(_ name: String) -> String {
        var result = ""
        var wasUpper = true
        for character in name {
            let isUpper = character.isUppercase
            if isUpper, !wasUpper { result += "_" }
            result += character.lowercased()
            wasUpper = isUpper
        }
        return result
    }

    /// `rapport.goals.v1.Goal` becomes `Rapport__Goals__V1__Goal`.
    static func cType(_ fullName: String) -> String {
        fullName.split(separator: ".").map { part in
            part.split(separator: "_").map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
        }.joined(separator: "__")
    }

    /// `rapport.goals.v1.Goal` becomes `rapport__goals__v1__goal`.
    static func cFunctionPrefix(_ fullName: String) -> String {
        fullName.split(separator: ".").map { snakeCase(String($0)) }.joined(separator: "__")
    }

    /// protobuf-c writes small letters, and appends an underscore to the keywords of C++.
    static func cField(_ name: String) -> String {
        let name = name.lowercased()
        return cppKeywords.contains(name) ? name + "_" : name
    }

    static func escaped(_ name: String) -> String {
        swiftKeywords.contains(name) ? "`\(name)`" : name
    }

    private static let cppKeywords: Set = [
        "and", "auto", "bool", "break", "case", "catch", "char", "class", "const", "continue", "default", "delete",
        "do",
        "double", "else", "enum", "explicit", "export", "extern", "false", "float", "for", "friend", "goto", "if",
        "inline",
        "int", "long", "namespace", "new", "not", "operator", "or", "private", "protected", "public", "register",
        "return",
        "short", "signed", "sizeof", "static", "struct", "switch", "template", "this", "throw", "true", "try",
        "typedef",
        "typeid", "typename", "union", "unsigned", "using", "virtual", "void", "volatile", "while", "xor",
    ]
    private static let swiftKeywords: Set = [
        "as", "break", "case", "catch", "class", "continue", "default", "defer", "do", "else", "enum", "extension",
        "false",
        "for", "func", "guard", "if", "import", "in", "init", "inout", "internal", "is", "let", "nil", "operator",
        "private",
        "protocol", "public", "repeat", "return", "self", "static", "struct", "subscript", "super", "switch", "throw",
        "throws",
        "true", "try", "typealias", "var", "where", "while",
    ]
}
