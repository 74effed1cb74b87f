/// A strict parser of RFC 8259: no comments, no trailing commas, no byte order mark, no lone surrogates.
struct JSONParser {
    private let text: [UInt8]
    private let limits: JSONLimits
    private var position = 0
    private var depth = 0
    private var values = 0

    static func parse(_ text: [UInt8], limits: JSONLimits) throws(JSONError) -> JSONValue {
        var parser = JSONParser(text: text, limits: limits)
        let value = try parser.value()
        parser.skipSpace()
        guard parser.position == text.count else { throw parser.expected("the end of the text") }
        return value
    }

    private init(text: [UInt8], limits: JSONLimits) {
        self.text = text
        self.limits = limits
    }

    private mutating func value() throws(JSONError) -> JSONValue {
        skipSpace()
        values += 1
        guard values <= limits.values else { throw problem("more than \(limits.values) values") }
        switch current {
        case UInt8(ascii: "{"): return try nested { (parser) throws(JSONError) in try parser.object() }
        case UInt8(ascii: "["): return try nested { (parser) throws(JSONError) in try parser.array() }
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try literal("true", .bool(true))
        case UInt8(ascii: "f"): return try literal("false", .bool(false))
        case UInt8(ascii: "n"): return try literal("null", .null)
        default:
            guard let end = JSONNumber.end(in: text, from: position) else { throw expected("a value") }
            defer { position = end }
            return .number(String(decoding: text[position..<end], as: UTF8.self))
        }
    }

    private mutating func nested(
        _ body: (inout JSONParser) throws(JSONError) -> JSONValue
    ) throws(JSONError) -> JSONValue {
        depth += 1
        guard depth <= limits.depth else { throw problem("nested more than \(limits.depth) deep") }
        defer { depth -= 1 }
        position += 1
        return try body(&self)
    }

    private mutating func object() throws(JSONError) -> JSONValue {
        var members: [JSONObject.Member] = []
        var names: Set<String> = []
        skipSpace()
        if take("}") { return .object(JSONObject()) }
        repeat {
            skipSpace()
            guard current == UInt8(ascii: "\"") else { throw expected("a name in quotes") }
            let name = try string()
            guard names.insert(name).inserted else { throw problem("the name \"\(name)\" comes twice in an object") }
            skipSpace()
            guard take(":") else { throw expected("':'") }
            members.append(JSONObject.Member(name: name, value: try value()))
            skipSpace()
        } while take(",")
        guard take("}") else { throw expected("',' or '}'") }
        return .object(JSONObject(unique: members))
    }

    private mutating func array() throws(JSONError) -> JSONValue {
        var elements: [JSONValue] = []
        skipSpace()
        if take("]") { return .array([]) }
        repeat {
            elements.append(try value())
            skipSpace()
        } while take(",")
        guard take("]") else { throw expected("',' or ']'") }
        return .array(elements)
    }

    private mutating func literal(_ word: StaticString, _ value: JSONValue) throws(JSONError) -> JSONValue {
        let matches = word.withUTF8Buffer { text[position...].starts(with: $0) }
        guard matches else { throw expected("a value") }
        position += word.utf8CodeUnitCount
        return value
    }

    private mutating func string() throws(JSONError) -> String {
        position += 1
        let start = position
        while let byte = current, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20 { position += 1 }
        var utf8 = text[start..<position]
        while !take("\"") {
            guard let byte = current else { throw expected("'\"'") }
            guard byte >= 0x20 else { throw problem("a control character in a string must be escaped") }
            position += 1
            if byte == UInt8(ascii: "\\") { try escape(into: &utf8) } else { utf8.append(byte) }
        }
        guard let string = String(validating: utf8, as: UTF8.self) else {
            throw problem("a string is not valid UTF-8")
        }
        return string
    }

    private mutating func escape(into utf8: inout ArraySlice<UInt8>) throws(JSONError) {
        guard let byte = current else { throw expected("an escape") }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): utf8.append(byte)
        case UInt8(ascii: "b"): utf8.append(0x08)
        case UInt8(ascii: "f"): utf8.append(0x0c)
        case UInt8(ascii: "n"): utf8.append(0x0a)
        case UInt8(ascii: "r"): utf8.append(0x0d)
        case UInt8(ascii: "t"): utf8.append(0x09)
        case UInt8(ascii: "u"):
            var code = try hexadecimal()
            if code >> 10 == 0xd800 >> 10, take("\\"), take("u") {
                let low = try hexadecimal()
                guard low >> 10 == 0xdc00 >> 10 else { throw problem("a surrogate without its other half") }
                code = 0x10000 + (code & 0x3ff) << 10 + (low & 0x3ff)
            }
            guard let scalar = Unicode.Scalar(code) else { throw problem("a surrogate without its other half") }
            utf8.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
        default: throw problem("an escape that JSON does not know")
        }
    }

    private mutating func hexadecimal() throws(JSONError) -> UInt32 {
        var code: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = current,
                let digit = Unicode.Scalar(byte).properties.isASCIIHexDigit
                    ? UInt32(String(Unicode.Scalar(byte)), radix: 16) : nil
            else { throw expected("four hexadecimal digits") }
            code = code << 4 | digit
            position += 1
        }
        return code
    }

    private var current: UInt8? {
        position < text.count ? text[position] : nil
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard current == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    private mutating func skipSpace() {
        while let byte = current, byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 { position += 1 }
    }

    private func expected(_ what: String) -> JSONError {
        problem("expected \(what)" + (position == text.count ? ", but the text ends" : ""))
    }

    private func problem(_ what: String) -> JSONError {
        let before = text.prefix(position)
        let line = before.count { $0 == 0x0a } + 1
        let column = before.count - (before.lastIndex(of: 0x0a).map { $0 + 1 } ?? 0) + 1
        return JSONError("not JSON at line \(line), column \(column): \(what)")
    }
}
