import Standard
import Testing

@testable import Protobuf

/// protobuf.dev, "ProtoJSON Format".
@Suite struct JSONMappingTests {
    let mapping: JSONMapping

    init() throws {
        mapping = try TestSchema.mapping()
    }

    private func wire(_ json: String, _ options: JSONMapping.Options = .init()) throws -> [UInt8] {
        try JSONMapping(mapping.pool, options: options).wire(
            fromJSON: [UInt8](json.utf8), message: TestSchema.everything)
    }

    private func json(_ wire: [UInt8], _ options: JSONMapping.Options = .init()) throws -> String {
        let text = try JSONMapping(mapping.pool, options: options).json(fromWire: wire, message: TestSchema.everything)
        return String(decoding: text, as: UTF8.self)
    }

    /// There and back.
    private func canonical(_ json: String) throws -> String {
        try self.json(wire(json))
    }

    @Test(
        arguments: [
            // 64-bit integers are strings, 32-bit ones numbers; both forms go in, exponents too.
            (#"{"oneInt64":"-9223372036854775808","oneUint64":"18446744073709551615"}"#, nil),
            (#"{"oneInt64":9007199254740993,"oneInt32":"12"}"#, #"{"oneInt64":"9007199254740993","oneInt32":12}"#),
            (#"{"oneInt32":1e5,"oneUint32":4294967295.0}"#, #"{"oneInt32":100000,"oneUint32":4294967295}"#),
            (#"{"oneSint32":-2147483648,"oneSint64":"-9223372036854775808"}"#, nil),
            (
                #"{"oneFixed32":4294967295,"oneFixed64":"18446744073709551615","oneSfixed32":-1,"oneSfixed64":"-1"}"#,
                #"{"oneFixed64":"18446744073709551615","oneFixed32":4294967295,"oneSfixed32":-1,"oneSfixed64":"-1"}"#
            ),
            // Floating point.
            (#"{"oneDouble":1.1,"oneFloat":0.1}"#, nil),
            (#"{"oneDouble":"1.5","oneFloat":-5}"#, #"{"oneDouble":1.5,"oneFloat":-5}"#),
            (#"{"oneDouble":"NaN","oneFloat":"-Infinity"}"#, nil),
            (#"{"oneDouble":"Infinity"}"#, nil),
            (#"{"oneDouble":1.7976931348623157e+308,"oneFloat":3.4028235e+38}"#, nil),
            // Base64 in both alphabets, with and without padding; out in the standard one.
            (
                #"{"oneBytes":"_-8","manyBytes":["YQ","YWI=","YWJj",""]}"#,
                #"{"oneBytes":"/+8=","manyBytes":["YQ==","YWI=","YWJj",""]}"#
            ),
            // Names: lowerCamelCase out, both in.
            (#"{"one_string":"x","many_int32":[1,2]}"#, #"{"manyInt32":[1,2],"oneString":"x"}"#),
            // Enums by name or number; an unknown number stays one.
            (
                #"{"color":"RED","colors":["BLUE",0,1,7]}"#,
                #"{"color":"RED","colors":["BLUE","COLOR_UNSPECIFIED","RED",7]}"#
            ),
            // Defaults are left out, but not in lists, oneofs and optionals.
            (
                #"{"oneInt32":0,"oneString":"","oneBool":false,"color":0,"manyInt32":[0],"right":0,"maybe":0}"#,
                #"{"manyInt32":[0],"right":0,"maybe":0}"#
            ),
            // null is absence.
            (#"{"oneInt32":null,"manyInt32":null,"names":null,"inside":null,"left":null,"right":1}"#, #"{"right":1}"#),
            // Messages.
            (#"{"inside":{},"listInside":[{},{"oneInt32":1}]}"#, nil),
            // Maps: keys are strings.
            (
                #"{"names":{"a":"1","":"é"},"counts":{"-5":{},"9223372036854775807":{"oneInt32":1}}}"#, nil
            ),
            (
                #"{"switches":{"true":"RED","false":"BLUE"}}"#,
                nil
            ),
            (
                #"{"oneString":"\"\\\/\b\f\n\r\t\u0001\u2028é😀"}"#,
                "{\"oneString\":\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\u{2028}é😀\"}"
            ),
        ] as [(String, String?)])
    func scalarsListsAndMaps(_ given: String, _ expected: String?) throws {
        #expect(try canonical(given) == expected ?? given)
    }

    @Test(
        arguments: [
            (#"{"aTimestamp":"1972-01-01T10:00:20.021Z","aDuration":"1.000340012s"}"#, nil),
            (
                #"{"aTimestamp":"2026-03-02T10:30:00.5+01:30","aDuration":"-0.5s"}"#,
                #"{"aTimestamp":"2026-03-02T09:00:00.500Z","aDuration":"-0.500s"}"#
            ),
            (#"{"aTimestamp":"0001-01-01T00:00:00Z","aDuration":"315576000000s"}"#, nil),
            (#"{"aTimestamp":"9999-12-31T23:59:59.999999999Z","aDuration":"-315576000000.999999999s"}"#, nil),
            (
                #"{"aTimestamp":"1969-12-31T23:59:59.000001Z","aDuration":"0s"}"#,
                #"{"aTimestamp":"1969-12-31T23:59:59.000001Z","aDuration":"0s"}"#
            ),
            (#"{"aFieldMask":"fooBar,baz.quxQuux"}"#, nil),
            (#"{"aFieldMask":""}"#, nil),
            (
                #"{"aStruct":{"a":1,"b":[true,null,{"c":"x"}],"d":{}},"aListValue":[1.5,"x",[]],"aValue":null}"#,
                #"{"aStruct":{"a":1,"b":[true,null,{"c":"x"}],"d":{}},"aValue":null,"aListValue":[1.5,"x",[]]}"#
            ),
            (#"{"aValue":{"x":false}}"#, nil),
            (#"{"values":[null,1,"a",[],{}]}"#, nil),
            (
                #"{"aDoubleValue":0,"aFloatValue":1.5,"aInt64Value":"0","aUInt64Value":"7","aInt32Value":0}"#, nil
            ),
            (
                #"{"aUInt32Value":5,"aBoolValue":false,"aStringValue":"","aBytesValue":"AA=="}"#,
                nil
            ),
            (#"{"aInt32Value":null,"aStringValue":"x"}"#, #"{"aStringValue":"x"}"#),
            (#"{"aAny":{"@type":"type.googleapis.com/test.Everything","oneInt32":5}}"#, nil),
            (
                #"{"aAny":{"value":"1.200s","@type":"type.googleapis.com/google.protobuf.Duration"}}"#,
                #"{"aAny":{"@type":"type.googleapis.com/google.protobuf.Duration","value":"1.200s"}}"#
            ),
            (
                #"{"aAny":{"@type":"x/google.protobuf.Any","value":{"@type":"x/google.protobuf.Value","value":null}}}"#,
                nil
            ),
            (#"{"aAny":{}}"#, nil),
        ] as [(String, String?)])
    func typesOfGoogleProtobuf(_ given: String, _ expected: String?) throws {
        let reordered = expected ?? given
        let fields = try JSONValue(parsing: [UInt8](canonical(given).utf8))
        #expect(fields == (try JSONValue(parsing: [UInt8](reordered.utf8))).sorted(like: fields))
    }

    @Test(arguments: [
        (#"{"inside":{"targett":1}}"#, "inside.targett: no such field"),
        (
            #"{"listInside":[{},{"oneInt32":"x"}]}"#,
            "listInside[1].oneInt32: expected an integer from -2147483648 to 2147483647"
        ),
        (#"{"names":{"k":1}}"#, "names[\"k\"]: expected a string, found a number"),
        (
            #"{"counts":{"x":{}}}"#,
            "counts[\"x\"]: expected an integer from -9223372036854775808 to 9223372036854775807"
        ),
        (#"{"switches":{"yes":0}}"#, "switches[\"yes\"]: expected a key of true or false"),
        (#"{"left":"a","right":1}"#, "right: cannot be given together with left"),
        (#"{"one_int32":1,"oneInt32":1}"#, "oneInt32: given twice, under both of its names"),
        (#"{"color":"GREEN"}"#, "color: no such value; expected one of COLOR_UNSPECIFIED, RED, BLUE"),
        (#"{"color":true}"#, "color: expected a name, found a boolean"),
        (#"{"manyInt32":1}"#, "manyInt32: expected a list, found a number"),
        (#"{"manyInt32":[1,null]}"#, "manyInt32[1]: null cannot stand in a list"),
        (#"{"names":{"a":null}}"#, "names[\"a\"]: null cannot stand in a map"),
        (#"{"inside":[]}"#, "inside: expected an object, found a list"),
        (#"{"oneUint32":-1}"#, "oneUint32: expected an integer from 0 to 4294967295"),
        (#"{"oneInt32":1.5}"#, "oneInt32: expected an integer from -2147483648 to 2147483647"),
        (#"{"oneInt32":true}"#, "oneInt32: expected an integer, found a boolean"),
        (
            #"{"oneInt64":"9223372036854775808"}"#,
            "oneInt64: expected an integer from -9223372036854775808 to 9223372036854775807"
        ),
        (#"{"oneBool":"true"}"#, "oneBool: expected true or false, found a string"),
        (#"{"oneDouble":1e400}"#, "oneDouble: is out of the range of a double"),
        (#"{"oneFloat":1e39}"#, "oneFloat: is out of the range of a float"),
        (#"{"oneDouble":"nan"}"#, "oneDouble: expected a number"),
        (#"{"oneBytes":"a"}"#, "oneBytes: expected base64"),
        (#"{"oneBytes":"YQ="}"#, "oneBytes: expected base64"),
        (#"{"oneBytes":"Y Q=="}"#, "oneBytes: expected base64"),
        (#"{"oneString":"a\u0000b"}"#, "oneString: contains U+0000, which is not accepted here"),
        (#"{"aTimestamp":"2026-02-29T00:00:00Z"}"#, "aTimestamp: expected a time like \"2026-03-02T09:00:00Z\""),
        (#"{"aTimestamp":"2026-03-02T09:00:00"}"#, "aTimestamp: expected a time like \"2026-03-02T09:00:00Z\""),
        (#"{"aTimestamp":"10000-01-01T00:00:00Z"}"#, "aTimestamp: expected a time like \"2026-03-02T09:00:00Z\""),
        (#"{"aTimestamp":"0001-01-01T00:00:00+00:01"}"#, "aTimestamp: expected a time like \"2026-03-02T09:00:00Z\""),
        (#"{"aDuration":"1"}"#, "aDuration: expected a duration like \"1.5s\""),
        (#"{"aDuration":"1.0000000001s"}"#, "aDuration: expected a duration like \"1.5s\""),
        (#"{"aDuration":"315576000001s"}"#, "aDuration: expected a duration like \"1.5s\""),
        (#"{"aFieldMask":"foo_bar"}"#, "aFieldMask: expected lowerCamelCase field paths, separated by commas"),
        (#"{"aFieldMask":"\u0550"}"#, "aFieldMask: expected lowerCamelCase field paths, separated by commas"),
        (#"{"aAny":{"@type":"x/test.Nothing"}}"#, "aAny.@type: the type test.Nothing is not known"),
        (
            #"{"aAny":{"@type":"test.Everything"}}"#,
            "aAny.@type: expected a type URL like type.googleapis.com/package.Message"
        ),
        (#"{"aAny":{"oneInt32":1}}"#, "aAny.@type: expected a type URL"),
        (#"[]"#, "expected an object, found a list"),
    ])
    func errorsSayThePathAndWhatWasExpected(_ given: String, _ message: String) {
        let error = #expect(throws: JSONError.self) { try wire(given) }
        #expect(error?.description == message)
    }

    @Test func unknownMembersCanBeIgnored() throws {
        let options = JSONMapping.Options(ignoresUnknownFields: true)
        #expect(
            try wire(#"{"nothing":{"a":[1]},"oneInt32":1,"inside":{"x":null}}"#, options)
                == wire(#"{"oneInt32":1,"inside":{}}"#))
    }

    @Test func defaultsCanBePrinted() throws {
        let text = try json([], .init(printsDefaults: true))
        guard case .object(let object) = try JSONValue(parsing: [UInt8](text.utf8)) else {
            Issue.record("no object")
            return
        }
        #expect(object["oneInt32"] == .number("0"))
        #expect(object["oneInt64"] == .string("0"))
        #expect(object["oneString"] == .string(""))
        #expect(object["oneBool"] == .bool(false))
        #expect(object["manyString"] == .array([]))
        #expect(object["names"] == .object([:]))
        #expect(object["color"] == .string("COLOR_UNSPECIFIED"))
        // Fields with presence stay out.
        for name in ["inside", "aTimestamp", "left", "right", "maybe"] { #expect(object[name] == nil) }
    }

    @Test func wireBytesAreInTheOrderOfNumbers() throws {
        #expect(
            try wire(#"{"manyInt32":[1,2],"oneString":"a","oneInt32":1}"#)
                == wire(#"{"oneInt32":1,"oneString":"a","manyInt32":[1,2]}"#))
    }

    @Test func repeatedFieldsOfTheWireAreMergedOrOverwritten() throws {
        #expect(try json(wire(#"{"oneInt32":1}"#) + wire(#"{"oneInt32":2}"#)) == #"{"oneInt32":2}"#)
        #expect(try json(wire(#"{"left":"a"}"#) + wire(#"{"right":2}"#)) == #"{"right":2}"#)
        #expect(
            try json(wire(#"{"inside":{"oneInt32":1}}"#) + wire(#"{"inside":{"oneString":"x"}}"#))
                == #"{"inside":{"oneInt32":1,"oneString":"x"}}"#)
        #expect(
            try json(wire(#"{"names":{"a":"1","b":"2"}}"#) + wire(#"{"names":{"a":"3"}}"#))
                == #"{"names":{"a":"3","b":"2"}}"#)
    }

    @Test func badWireBytesAreErrors() {
        #expect(throws: JSONError.self) { try json([0xff]) }
        #expect(throws: JSONError("is not valid UTF-8", at: "oneString")) { try json([0x4a, 1, 0xff]) }
        #expect(throws: JSONError("not a message: field 1 has an unexpected wire type")) { try json([0x08, 1]) }
        var bytes: [UInt8] = []
        for _ in 0..<200 {
            var outer = WireWriter()
            outer.field(303, bytes)
            bytes = outer.bytes
        }
        #expect(throws: JSONError.self) { try json(bytes) }
    }

    @Test func generatedMessagesHaveTheSameJSON() throws {
        let standard = JSONMapping(.standard)
        let info = ErrorInfo(reason: "NOT_PARTY", domain: "rapport", metadata: ["a": "b"])
        let text = #"{"reason":"NOT_PARTY","domain":"rapport","metadata":{"a":"b"}}"#
        #expect(String(decoding: try standard.json(info), as: UTF8.self) == text)
        #expect(
            try ErrorInfo(serialized: standard.wire(fromJSON: [UInt8](text.utf8), message: ErrorInfo.fullName)) == info)
        let status = RPCStatus(
            code: 9, message: "no",
            details: [ProtobufAny(typeUrl: "type.googleapis.com/google.rpc.ErrorInfo", value: info.serialized())])
        #expect(
            String(decoding: try standard.json(status), as: UTF8.self)
                == #"{"code":9,"message":"no","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","#
                + text.dropFirst() + "]}"
        )
    }

    @Test func randomMessagesComeBackThroughJSON() throws {
        var random = SeededGenerator("randomMessagesComeBackThroughJSON")
        for _ in 0..<2000 {
            let value = TestSchema.random(&random, depth: 2)
            let bytes = try mapping.wire(from: .object(value), message: TestSchema.everything)
            let text = try mapping.json(fromWire: bytes, message: TestSchema.everything)
            #expect(try mapping.wire(fromJSON: text, message: TestSchema.everything) == bytes)
        }
    }

    @Test func randomBytesNeverHarm() {
        var random = SeededGenerator("randomBytesNeverHarm (JSON)")
        var printed = 0
        for _ in 0..<50_000 {
            if (try? mapping.json(fromWire: random.bytes(upTo: 30), message: TestSchema.everything)) != nil {
                printed += 1
            }
        }
        #expect(printed > 0)
    }
}

/// What the gateway does with parameters of paths and queries.
@Suite struct JSONBindingTests {
    private func bound(_ parameters: [(String, String)], _ body: String = "{}") throws -> String {
        let mapping = try TestSchema.mapping()
        var tree = try JSONValue(parsing: [UInt8](body.utf8))
        for (path, text) in parameters { try mapping.bind(text, to: path, in: &tree, message: TestSchema.everything) }
        let bytes = try mapping.wire(from: tree, message: TestSchema.everything)
        return String(decoding: try mapping.json(fromWire: bytes, message: TestSchema.everything), as: UTF8.self)
    }

    @Test(
        arguments: [
            ([("one_int32", "5")], "{}", #"{"oneInt32":5}"#),
            (
                [("oneInt64", "5"), ("one_bool", "true"), ("one_double", "1.5"), ("one_bytes", "YQ")], "{}",
                #"{"oneDouble":1.5,"oneInt64":"5","oneBool":true,"oneBytes":"YQ=="}"#
            ),
            ([("many_string", "b"), ("manyString", "c")], #"{"manyString":["a"]}"#, #"{"manyString":["a","b","c"]}"#),
            (
                [("inside.one_string", "x"), ("inside.inside.color", "RED")], #"{"inside":{"oneInt32":1}}"#,
                #"{"inside":{"oneInt32":1,"oneString":"x","inside":{"color":"RED"}}}"#
            ),
            ([("color", "-2")], "{}", #"{"color":"BLUE"}"#),
            (
                [("a_Timestamp", "2026-03-02T09:00:00Z"), ("a_Duration", "5s"), ("a_FieldMask", "a,b")], "{}",
                #"{"aTimestamp":"2026-03-02T09:00:00Z","aDuration":"5s","aFieldMask":"a,b"}"#
            ),
            ([("a_Int32Value", "5"), ("a_BoolValue", "false")], "{}", #"{"aInt32Value":5,"aBoolValue":false}"#),
            ([("one_string", "same")], #"{"one_string":"same"}"#, #"{"oneString":"same"}"#),
        ] as [([(String, String)], String, String)])
    func parametersJoinTheBody(_ parameters: [(String, String)], _ body: String, _ expected: String) throws {
        #expect(try bound(parameters, body) == expected)
    }

    @Test(
        arguments: [
            ([("targett", "1")], "{}", "targett: no such field"),
            ([("inside.targett", "1")], "{}", "inside.targett: no such field"),
            ([("inside", "1")], "{}", "inside: a test.Everything cannot be given as a parameter"),
            ([("names.a", "1")], "{}", "names.a: names has no fields inside"),
            ([("one_int32", "x")], "{}", "oneInt32: expected an integer from -2147483648 to 2147483647"),
            ([("one_int32", "1"), ("oneInt32", "2")], "{}", "oneInt32: given twice, with different values"),
            ([("one_string", "a")], #"{"oneString":"b"}"#, "one_string: given twice, with different values"),
            ([("one_bool", "1")], "{}", "one_bool: expected true or false"),
            ([("", "1")], "{}", ": no such field"),
            ([("inside.", "1")], "{}", "inside.: no such field"),
            ([("inside.one_int32", "1")], #"{"inside":[]}"#, "inside.one_int32: expected an object, found a list"),
        ] as [([(String, String)], String, String)])
    func whatDoesNotFitIsRefused(_ parameters: [(String, String)], _ body: String, _ message: String) {
        let error = #expect(throws: JSONError.self) { try bound(parameters, body) }
        #expect(error.map { $0.path + ": " + $0.problem } == message)
    }
}

extension JSONValue {
    /// Members in the order of `other`, so that texts in another order compare equal.
    fileprivate func sorted(like other: JSONValue) -> JSONValue {
        guard case .object(let own) = self, case .object(let model) = other, own.members.count == model.members.count
        else {
            return self
        }
        var result = JSONObject()
        for member in model.members { result[member.name] = own[member.name]?.sorted(like: member.value) }
        return .object(result)
    }
}

extension TestSchema {
    static func random(_ random: inout SeededGenerator, depth: Int) -> JSONObject {
        var object = JSONObject()
        for (name, kind) in scalars {
            let suffix = name.prefix(1).uppercased() + name.dropFirst()
            if Int.random(in: 0..<4, using: &random) == 0 { object["one\(suffix)"] = scalar(kind, &random) }
            if Int.random(in: 0..<4, using: &random) == 0 {
                object["many\(suffix)"] = .array(
                    (0..<Int.random(in: 0...3, using: &random)).map { _ in scalar(kind, &random) })
            }
        }
        object["color"] = .number(String(Int32.random(in: -3...3, using: &random)))
        object[Bool.random(using: &random) ? "left" : "right"] = .string("0")
        object["aTimestamp"] = .string(
            TimestampText.text(
                seconds: .random(in: TimestampText.seconds, using: &random),
                nanos: .random(in: 0...999_999_999, using: &random))!)
        object["aDuration"] = .string(
            DurationText.text(
                seconds: .random(in: 1...315_576_000_000, using: &random), nanos: .random(in: 0...999, using: &random))!
        )
        if depth > 0 {
            object["inside"] = .object(Self.random(&random, depth: depth - 1))
            object["aStruct"] = .object(["x": .random(&random, depth: 2)])
            object["names"] = .object([random.text(): .string(random.text())])
        }
        return object
    }

    private static func scalar(_ kind: FieldDescriptor.Kind, _ random: inout SeededGenerator) -> JSONValue {
        switch kind {
        case .bool: return .bool(.random(using: &random))
        case .string: return .string(random.text())
        case .bytes: return .string(random.bytes().withUnsafeBytes { Base64.encode($0) })
        case .double:
            let value = Double(bitPattern: .random(in: 0 ... .max, using: &random))
            return JSONNumber.text(value).map { .number($0) } ?? .string("NaN")
        case .float:
            let value = Float(bitPattern: .random(in: 0 ... .max, using: &random))
            return JSONNumber.text(value).map { .number($0) } ?? .string("Infinity")
        case .int32, .sint32, .sfixed32: return .number(String(Int32.random(in: .min ... .max, using: &random)))
        case .uint32, .fixed32: return .number(String(UInt32.random(in: .min ... .max, using: &random)))
        case .int64, .sint64, .sfixed64: return .string(String(Int64.random(in: .min ... .max, using: &random)))
        default: return .string(String(UInt64.random(in: .min ... .max, using: &random)))
        }
    }
}
