import Testing

@testable import Protobuf

/// RFC 8259, strictly.
@Suite struct JSONParserTests {
    private func parse(_ text: String, _ limits: JSONLimits = .default) throws -> JSONValue {
        try JSONValue(parsing: [UInt8](text.utf8), limits: limits)
    }

    @Test func valuesOfEachKind() throws {
        #expect(
            try parse(" {\"a\": [1, -2.5e+3, true, false, null, \"x\", {}, []]}\r\n\t")
                == .object([
                    "a": .array([
                        .number("1"), .number("-2.5e+3"), .bool(true), .bool(false), .null, .string("x"), .object([:]),
                        .array([]),
                    ])
                ]))
        #expect(try parse("0") == .number("0"))
        #expect(try parse("\"\"") == .string(""))
    }

    @Test(arguments: [
        "", " ", "{", "[", "[1,]", "{\"a\":1,}", "{\"a\"}", "{a:1}", "{'a':1}", "[1 2]", "1 2", "tru", "nul", "True",
        "NaN",
        "01", "-", "+1", "1.", ".5", "1e", "1e+", "0x10", "-01", "\"", "\"\\x\"", "\"\\u12g4\"", "\"\\u12\"",
        "\"a\nb\"",
        "\"\u{0}\"", "// c\n1", "/**/1", "\u{feff}1", "[1]]", "{\"a\":1}}", "\u{a0}1",
    ])
    func whatIsNotJSONIsRefused(_ text: String) {
        #expect(throws: JSONError.self) { try parse(text) }
    }

    @Test func escapes() throws {
        #expect(
            try parse(#""\"\\\/\b\f\n\r\té\u0041\u00e9\u6f22\ud83d\ude00""#) == .string("\"\\/\u{8}\u{c}\n\r\téAé漢😀"))
    }

    @Test(arguments: [#""\ud83d""#, #""\ude00""#, #""\ud83dx""#, #""\ud83dA""#, #""\ud83d\ud83d""#, #""\ude00\ud83d""#])
    func loneSurrogatesAreRefused(_ text: String) {
        #expect(throws: JSONError.self) { try parse(text) }
    }

    @Test(
        arguments: [[0x22, 0xff, 0x22], [0x22, 0xc0, 0x80, 0x22], [0x22, 0xed, 0xa0, 0x80, 0x22], [0xff]] as [[UInt8]])
    func invalidUTF8IsRefused(_ text: [UInt8]) {
        #expect(throws: JSONError.self) { try JSONValue(parsing: text) }
    }

    @Test func aNameComesOnce() {
        #expect(throws: JSONError("not JSON at line 1, column 12: the name \"a\" comes twice in an object")) {
            try parse(#"{"a":1, "a":2}"#)
        }
        #expect(throws: JSONError.self) { try parse(#"{"a":1, "\u0061":2}"#) }
    }

    @Test func depthAndNumberOfValuesAreBounded() throws {
        let deep = { String(repeating: "[", count: $0) + String(repeating: "]", count: $0) }
        #expect(throws: Never.self) { try parse(deep(100)) }
        #expect(throws: JSONError.self) { try parse(deep(101)) }
        #expect(throws: JSONError.self) { try parse(String(repeating: "{\"a\":", count: 100_000)) }
        #expect(throws: Never.self) { try parse("[1,2,3]", JSONLimits(values: 4)) }
        #expect(throws: JSONError.self) { try parse("[1,2,3,4]", JSONLimits(values: 4)) }
    }

    @Test func errorsSayWhere() {
        #expect(throws: JSONError("not JSON at line 3, column 9: expected ',' or '}'")) {
            try parse("{\n  \"a\": 1,\n  \"b\": 2x}")
        }
    }

    @Test func textComesBack() throws {
        var random = SeededGenerator("textComesBack")
        for _ in 0..<500 {
            let value = JSONValue.random(&random, depth: 4)
            #expect(try JSONValue(parsing: value.text()) == value)
            #expect(try JSONValue(parsing: value.text(isPretty: true)) == value)
        }
    }

    @Test func prettyText() {
        let value = JSONValue.object(["a": .array([.number("1"), .object([:])]), "b": .array([])])
        #expect(
            String(decoding: value.text(isPretty: true), as: UTF8.self) == """
                {
                  "a": [
                    1,
                    {}
                  ],
                  "b": []
                }
                """)
        #expect(String(decoding: value.text(), as: UTF8.self) == #"{"a":[1,{}],"b":[]}"#)
    }

    @Test(
        arguments: [
            ("0", 0), ("-0", 0), ("12", 12), ("1e3", 1000), ("1.50e1", 15), ("100e-2", 1),
            ("-2.147483648E9", -2_147_483_648),
            ("0e999999999", 0), ("18446744073709551615", 18_446_744_073_709_551_615),
            ("9007199254740993.0", 9_007_199_254_740_993),
        ] as [(String, Int128)])
    func integersInAnySpelling(_ text: String, _ value: Int128) {
        #expect(JSONNumber.integer(text) == value)
    }

    @Test(arguments: [
        "0.5", "1e-1", "1e26", "1e99999999999999999999", "15e-1", " 1", "1 ", "", "1_0", "0x1", "Infinity",
    ])
    func whatIsNoInteger(_ text: String) {
        #expect(JSONNumber.integer(text) == nil)
    }
}

extension JSONValue {
    static func random(_ random: inout SeededGenerator, depth: Int) -> JSONValue {
        switch Int.random(in: 0...(depth == 0 ? 4 : 6), using: &random) {
        case 0: return .null
        case 1: return .bool(.random(using: &random))
        case 2: return .number(String(Int64.random(in: .min ... .max, using: &random)))
        case 3: return .number(String(Double.random(in: -1e9...1e9, using: &random)))
        case 4: return .string(random.text())
        case 5:
            return .array((0..<Int.random(in: 0...4, using: &random)).map { _ in .random(&random, depth: depth - 1) })
        default:
            var object = JSONObject()
            for _ in 0..<Int.random(in: 0...4, using: &random) {
                object[random.text()] = .random(&random, depth: depth - 1)
            }
            return .object(object)
        }
    }
}
