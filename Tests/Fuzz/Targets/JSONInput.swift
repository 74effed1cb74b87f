@testable import Protobuf

/// A text as JSON, and as each message.
enum JSONInput {
    private static let lenient = JSONMapping(WireInput.mapping.pool, options: .init(ignoresUnknownFields: true))
    private static let full = JSONMapping(
        WireInput.mapping.pool, options: .init(printsDefaults: true, isPretty: true))

    static func run(_ input: [UInt8]) throws {
        guard let (type, text) = MessageTypes.choose(input) else { return }
        guard let value = try? JSONValue(parsing: text) else {
            try hold((try? lenient.wire(fromJSON: text, message: type.fullName)) == nil, "no JSON became a message")
            return
        }
        try hold(JSONValue(parsing: value.text()) == value, "JSON changes when it is written and read")
        try hold(JSONValue(parsing: value.text(isPretty: true)) == value, "pretty JSON is another")
        try message(value, as: type)
    }

    private static func message<M: Message>(_ value: JSONValue, as type: M.Type) throws {
        guard let wire = try? lenient.wire(from: value, message: M.fullName) else {
            let strict = try? WireInput.mapping.wire(from: value, message: M.fullName)
            try hold(strict == nil, "a strict reader takes what a lenient one refuses")
            return
        }
        if let strict = try? WireInput.mapping.wire(from: value, message: M.fullName) {
            try hold(strict == wire, "strictness changes what is read")
        }
        let message: M
        do {
            message = try M(serialized: wire)
        } catch {
            throw Broken("JSON gives bytes that are no \(M.fullName): \(error)")
        }
        for mapping in [WireInput.mapping, full] {
            // Any of a type that is not known has JSON's own members only.
            let text = try mapping.json(fromWire: wire, message: M.fullName)
            let again = try mapping.wire(fromJSON: text, message: M.fullName)
            try hold(mapping.json(fromWire: again, message: M.fullName) == text, "\(M.fullName) changes through JSON")
        }
        let canonical = message.serialized()
        try hold((try? M(serialized: canonical))?.serialized() == canonical, "\(M.fullName) changes through its struct")
    }
}
