import HTTP
import Protobuf

@testable import RPC

/// What came back over HTTP, whatever version carried it.
struct WireAnswer: Sendable {
    var status = 0
    var headers: Headers = [:]
    var body: [UInt8] = []
    /// Of HTTP itself, which only gRPC uses.
    var trailers: Headers = [:]

    var text: String { String(decoding: body, as: UTF8.self) }

    /// A JSON text; nil for any other.
    var json: JSONValue? { try? JSONValue(parsing: body) }

    /// Messages with their prefix; the rest when the last one is not whole.
    static func frames(_ bytes: [UInt8]) -> [(flag: UInt8, payload: [UInt8])] {
        var frames: [(flag: UInt8, payload: [UInt8])] = []
        var rest = bytes[...]
        while rest.count >= 5 {
            let length = rest.dropFirst().prefix(4).reduce(0) { $0 << 8 | Int($1) }
            guard rest.count >= 5 + length else { break }
            frames.append((rest[rest.startIndex], Array(rest.dropFirst(5).prefix(length))))
            rest = rest.dropFirst(5 + length)
        }
        return frames
    }
}

extension JSONValue {
    subscript(name: String) -> JSONValue? {
        if case .object(let object) = self { object[name] } else { nil }
    }

    subscript(index: Int) -> JSONValue? {
        if case .array(let elements) = self, elements.indices.contains(index) { elements[index] } else { nil }
    }

    var string: String? {
        if case .string(let text) = self { text } else { nil }
    }

    var elements: [JSONValue] {
        if case .array(let elements) = self { elements } else { [] }
    }
}
