import Testing

@testable import HTTP
@testable import HTTPTesting

@Suite("RFC 9113 §8: messages")
struct MessageRules {
    private typealias Fields = [(String, String)]

    private static let pseudo: Fields = [(":method", "GET"), (":scheme", "http"), (":path", "/"), (":authority", "a")]

    /// A request with exactly these fields.
    private static func of(_ fields: Fields) -> Frame { .headers(1, fields, endStream: true) }

    private static func malformed(_ text: String, _ fields: Fields) -> Rule {
        Rule(text, of(fields), is: .reset(.protocolError))
    }

    private static func with(_ name: String, _ value: String) -> Fields { pseudo + [(name, value)] }

    private static func without(_ name: String) -> Fields { pseudo.filter { $0.0 != name } }

    private static func upload(_ length: String, _ frames: Frame..., is outcome: Rule.Outcome) -> Rule {
        let head = Frame.request(1, endStream: false, fields: [("content-length", length)])
        return Rule(
            "content-length \(length), \(frames)", bytes: ([head] + frames).map(\.bytes), is: outcome)
    }

    @Test("§8.1 A request is HEADERS, DATA, and trailers that end it", arguments: framing)
    func checkFraming(rule: Rule) { rule.check() }

    static let framing = [
        Rule(
            "trailers", .request(1, endStream: false), .data(1, [1]), .headers(1, [("x", "y")], endStream: true),
            is: .fine),
        Rule(
            "trailers without END_STREAM", .request(1, endStream: false), .data(1, [1]), .headers(1, [("x", "y")]),
            is: .reset(.protocolError)),
        Rule(
            "pseudo-header fields in trailers", .request(1, endStream: false),
            .headers(1, [(":method", "GET"), ("x", "y")], endStream: true), is: .reset(.protocolError)),
        Rule(
            "connection-specific fields in trailers", .request(1, endStream: false),
            .headers(1, [("connection", "close")], endStream: true), is: .reset(.protocolError)),
    ]

    @Test("§8.1.1 content-length is the sum of DATA", arguments: length)
    func checkLength(rule: Rule) { rule.check() }

    static let length = [
        upload("3", .data(1, [1]), .data(1, [2, 3], endStream: true), is: .fine),
        upload("3", .data(1, [1, 2], endStream: true), is: .reset(.protocolError)),
        upload("3", .data(1, [1, 2, 3, 4]), is: .reset(.protocolError)),
        upload("3", .data(1, [1, 2]), .data(1, [3, 4], endStream: true), is: .reset(.protocolError)),
        upload("3", .data(1, [1]), .headers(1, [("x", "y")], endStream: true), is: .reset(.protocolError)),
        upload("x", .data(1, [1], endStream: true), is: .reset(.protocolError)),
        upload("-1", .data(1, [1], endStream: true), is: .reset(.protocolError)),
        upload("99999999999999999999", .data(1, [1], endStream: true), is: .reset(.protocolError)),
        Rule(
            "two of them", .request(1, fields: [("content-length", "0"), ("content-length", "0")]),
            is: .reset(.protocolError)),
        Rule("some, and no DATA", .request(1, fields: [("content-length", "1")]), is: .reset(.protocolError)),
    ]

    @Test("§8.2.1 Field names and values", arguments: fields)
    func checkFields(rule: Rule) { rule.check() }

    static let fields =
        [
            malformed("upper case", with("X", "y")), malformed("an empty name", with("", "y")),
            malformed("a space", with("a b", "y")), malformed("a colon inside", with("a:b", "y")),
            malformed("a control character", with("a\u{1}", "y")), malformed("a byte above 0x7f", with("é", "y")),
        ]
        + ["a\u{0}b", "a\rb", "a\nb", "a\r\nset: x"].map {
            malformed("the value \($0.debugDescription)", with("x", $0))
        }
        + [
            Rule("characters of a token", of(with("a-b_c!#$%&'*+.^`|~9", "y")), is: .fine),
            Rule("an empty value", of(with("x", "")), is: .fine),
            Rule("bytes above 0x7f in a value", of(with("x", "é")), is: .fine),
        ]

    @Test("§8.2.2 Fields of a connection", arguments: connection)
    func checkConnection(rule: Rule) { rule.check() }

    static let connection =
        ["connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"].map {
            malformed($0, with($0, "x"))
        } + [
            malformed("te that is not trailers", with("te", "trailers, deflate")),
            Rule("te: trailers", of(with("te", "trailers")), is: .fine),
        ]

    @Test("§8.3 Pseudo-header fields", arguments: control)
    func checkControl(rule: Rule) { rule.check() }

    static let control =
        pseudo.filter { $0.0 != ":authority" }.map { malformed("without \($0.0)", without($0.0)) }
        + pseudo.map { malformed("\($0.0) twice", pseudo + [$0]) }
        + pseudo.map { field in malformed("\(field.0) after a field", without(field.0) + [("x", "y"), field]) }
        + [
            malformed("one that nobody knows", [(":x", "y")] + pseudo),
            malformed("one of responses", [(":status", "200")] + pseudo),
            malformed("an empty :path (§8.3.1)", without(":path") + [(":path", "")]),
            malformed("a :path without a slash", without(":path") + [(":path", "x")]),
            malformed("an empty :method", without(":method") + [(":method", "")]),
            malformed("without :authority and host (§8.3.1)", without(":authority")),
            Rule("host instead of :authority", of(without(":authority") + [("host", "a")]), is: .fine),
            Rule(
                "OPTIONS *", of([(":method", "OPTIONS"), (":scheme", "http"), (":path", "*"), (":authority", "a")]),
                is: .fine),
            malformed("CONNECT with :path (§8.5)", [(":method", "CONNECT")] + without(":method")),
            malformed("CONNECT without :authority", [(":method", "CONNECT")]),
            Rule("CONNECT", of([(":method", "CONNECT"), (":authority", "a:1")]), is: .fine),
        ]

    @Test("§8.1.1 A malformed request never reaches the application")
    func unheard() {
        let harness = SessionHarness.server()
        harness.feed(Self.of(Self.with("connection", "close")))
        #expect(harness.sent() == ["rstStream(1, 1)"])
        #expect(!harness.told.contains { $0.contains("began") })
        #expect(harness.session.openStreams == 0)
    }
}
