import Testing

@testable import HTTP
@testable import HTTPTesting

@Suite("RFC 9113 §5: streams")
struct StreamRules {
    private static let trailers = Frame.headers(1, [("x", "y")], endStream: true)

    @Test("§5.1 idle: only HEADERS and PRIORITY", arguments: idle)
    func checkIdle(rule: Rule) { rule.check() }

    static let idle = [
        Rule("DATA", .data(1, [1]), is: .goAway(.protocolError)),
        Rule("RST_STREAM", .rst(1, 8), is: .goAway(.protocolError)),
        Rule("WINDOW_UPDATE", .windowUpdate(1, 1), is: .goAway(.protocolError)),
        Rule("CONTINUATION", .continuation(1, ends: true), is: .goAway(.protocolError)),
        Rule("PRIORITY", .priority(1, on: 0), is: .fine),
    ]

    @Test("§5.1 half-closed (remote): no DATA or HEADERS any more", arguments: halfClosed)
    func checkHalfClosed(rule: Rule) { rule.check() }

    static let halfClosed = [
        Rule("DATA", .request(1), .data(1, [1]), is: .goAway(.streamClosed)),
        Rule(
            "DATA after DATA", .request(1, endStream: false), .data(1, [], endStream: true), .data(1, [1]),
            is: .goAway(.streamClosed)),
        Rule("HEADERS", .request(1), trailers, is: .goAway(.streamClosed)),
        Rule("HEADERS after trailers", .request(1, endStream: false), trailers, trailers, is: .goAway(.streamClosed)),
        Rule("CONTINUATION", .request(1), .continuation(1, ends: true), is: .goAway(.protocolError)),
        Rule("WINDOW_UPDATE", .request(1), .windowUpdate(1, 1), is: .fine),
        Rule("PRIORITY", .request(1), .priority(1, on: 0), is: .fine),
        Rule("RST_STREAM", .request(1), .rst(1, 8), is: .fine),
    ]

    @Test("§5.1 closed by the client's RST_STREAM", arguments: resetByPeer)
    func checkResetByPeer(rule: Rule) { rule.check() }

    private static let begun = Frame.request(1, endStream: false)

    static let resetByPeer = [
        Rule("DATA", begun, .rst(1, 8), .data(1, [1]), is: .goAway(.streamClosed)),
        Rule("HEADERS", begun, .rst(1, 8), trailers, is: .goAway(.streamClosed)),
        Rule("CONTINUATION", begun, .rst(1, 8), .continuation(1, ends: true), is: .goAway(.protocolError)),
        Rule("WINDOW_UPDATE", begun, .rst(1, 8), .windowUpdate(1, 1), is: .fine),
        Rule("RST_STREAM", begun, .rst(1, 8), .rst(1, 8), is: .fine),
        Rule("PRIORITY", begun, .rst(1, 8), .priority(1, on: 0), is: .fine),
    ]

    @Test("§5.1 closed by END_STREAM on both sides", arguments: ended)
    func checkEnded(rule: Rule) { rule.check() }

    static let ended = [
        Rule("DATA", .request(1), .data(1, [1]), application: .answers, is: .goAway(.streamClosed)),
        Rule("HEADERS", .request(1), .request(1), application: .answers, is: .goAway(.streamClosed)),
        Rule(
            "CONTINUATION", .request(1), .continuation(1, ends: true), application: .answers,
            is: .goAway(.protocolError)),
        Rule("WINDOW_UPDATE", .request(1), .windowUpdate(1, 1), application: .answers, is: .fine),
        Rule("RST_STREAM", .request(1), .rst(1, 8), application: .answers, is: .fine),
        Rule("PRIORITY", .request(1), .priority(1, on: 0), application: .answers, is: .fine),
    ]

    @Test("§5.1 A client that has not seen our RST_STREAM may go on with the stream", arguments: resetByUs)
    func checkResetByUs(rule: Rule) { rule.check() }

    static let resetByUs = [
        Rule("DATA", begun, .data(1, [1]), .data(1, [1], endStream: true), application: .resets, is: .fine),
        Rule("trailers", begun, .data(1, [1]), trailers, application: .resets, is: .fine),
        Rule("RST_STREAM", begun, .rst(1, 8), application: .resets, is: .fine),
        Rule("after an early answer (§8.1)", begun, .data(1, [1]), trailers, application: .answers, is: .fine),
        Rule(
            "but END_STREAM stays the end", begun, trailers, trailers, application: .resets, is: .goAway(.streamClosed)),
    ]

    @Test("§5.1 So may one whose stream was refused, or came after GOAWAY")
    func refusedGoesOn() {
        let harness = SessionHarness(.server) { $0.maxConcurrentStreams = 1 }
        harness.feed(Frame.preface + Frame.settings().bytes)
        harness.feed(.request(1, endStream: false), .request(3, endStream: false), .data(3, [1]), .data(1, [1]))
        #expect(harness.sent().suffix(1) == ["rstStream(3, 7)"])
        harness.feed(.data(3, [2]), .headers(3, [("x", "y")], endStream: true))
        harness.session.submitGoAway(.noError)
        _ = harness.output()
        harness.feed(.request(5, endStream: false), .data(5, [1]), .data(5, [], endStream: true))
        #expect(harness.sent().isEmpty)
        #expect(harness.violations.isEmpty)
        #expect(harness.streams[0].body == [1])
    }

    @Test("§5.1 Streams long forgotten are not accused")
    func forgotten() {
        let harness = SessionHarness.server()
        harness.onRequest = { $0.reset(.cancel) }
        let count = UInt32(ClientStreams.unfinishedLimit + 10)
        for index in 0..<count {
            harness.feed(.request(2 * index + 1, endStream: false))
            _ = harness.output()
        }
        // Of the first ones it is not known any more whether their client has ended them.
        harness.feed(.data(1, [1], endStream: true), .data(1, [1]), .data(2 * count - 1, [1], endStream: true))
        #expect(harness.violations.isEmpty)
        harness.feed(.data(2 * count - 1, [1]))
        #expect(harness.violations.map(\.code) == [.streamClosed])
    }

    @Test("§5.1.1 Identifiers are odd and grow", arguments: identifiers)
    func checkIdentifiers(rule: Rule) { rule.check() }

    static let identifiers = [
        Rule("an even one", .request(2), is: .goAway(.protocolError)),
        Rule("zero", .request(0), is: .goAway(.protocolError)),
        Rule("one that was passed over", .request(5), .request(3), is: .goAway(.protocolError)),
        Rule(
            "one that was passed over, after answers", .request(5), .request(3), application: .answers,
            is: .goAway(.protocolError)),
        Rule(
            "one that was passed over between others", .request(1), .request(9), .request(7),
            is: .goAway(.protocolError)),
        Rule("the greatest", .request(0x7fff_ffff), is: .fine),
    ]

    @Test("§5.3 A stream does not depend on itself (RFC 7540 §5.3.1)", arguments: dependencies)
    func checkDependencies(rule: Rule) { rule.check() }

    static let dependencies = [
        Rule(
            "HEADERS",
            Frame(
                kind: .headers, flags: 0x20 | 0x4 | 0x1, stream: 1,
                payload: [0, 0, 0, 1, 15] + Frame.request(1).payload),
            is: .goAway(.protocolError)),
        Rule("PRIORITY", .priority(1, on: 1), is: .goAway(.protocolError)),
        Rule("exclusive PRIORITY", .priority(1, on: 0x8000_0001), is: .goAway(.protocolError)),
        Rule(
            "HEADERS that depend on another",
            Frame(
                kind: .headers, flags: 0x20 | 0x4 | 0x1, stream: 3,
                payload: [0, 0, 0, 1, 15] + Frame.request(3).payload),
            is: .fine),
        Rule("PRIORITY on another", .priority(1, on: 3), is: .fine),
    ]
}
