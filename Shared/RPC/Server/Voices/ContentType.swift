import HTTP

/// Which protocol and which codec a request speaks, by its `content-type`.
enum ContentType: Equatable {
    case grpc(Codec)
    case grpcWeb(Codec, isText: Bool)
    case connectStream(Codec)
    /// `application/proto` or `application/json`: Connect when the path is that of a method.
    case connectUnary(Codec)
    /// None of ours.
    case other

    /// Parameters do not count.
    init(_ value: String) {
        let type = value.utf8.prefix { $0 != UInt8(ascii: ";") && $0 != UInt8(ascii: " ") }
        switch String(Substring(type)).lowercased() {
        case "application/grpc", "application/grpc+proto": self = .grpc(.proto)
        case "application/grpc+json": self = .grpc(.json)
        case "application/grpc-web", "application/grpc-web+proto": self = .grpcWeb(.proto, isText: false)
        case "application/grpc-web+json": self = .grpcWeb(.json, isText: false)
        case "application/grpc-web-text", "application/grpc-web-text+proto": self = .grpcWeb(.proto, isText: true)
        case "application/grpc-web-text+json": self = .grpcWeb(.json, isText: true)
        case "application/connect+proto": self = .connectStream(.proto)
        case "application/connect+json": self = .connectStream(.json)
        case "application/proto": self = .connectUnary(.proto)
        case "application/json": self = .connectUnary(.json)
        default: self = .other
        }
    }

    /// Whether a request for a path that is not known comes from a caller of Connect. JSON alone tells nothing.
    func isConnect(_ head: RequestHead) -> Bool {
        switch self {
        case .connectStream: true
        case .connectUnary: head.headers[first: "connect-protocol-version"] != nil
        default: false
        }
    }

    /// What a method takes, as 415 tells it (`Accept-Post`).
    static func taken(unary: Bool) -> String {
        let grpc = "application/grpc, application/grpc+json, application/grpc-web, application/grpc-web+json, "
        return grpc + "application/grpc-web-text, application/grpc-web-text+json, "
            + (unary ? "application/proto, application/json" : "application/connect+proto, application/connect+json")
    }
}
