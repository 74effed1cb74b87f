import Testing

@testable import HTTP
@testable import HTTPTesting

@Suite("RFC 9113 §6, §7: each frame")
struct FrameRules {
    private static let begun = Frame.request(1, endStream: false)

    private static func frame(_ kind: Frame.Kind, _ stream: UInt32, size: Int, flags: UInt8 = 0) -> Frame {
        Frame(kind: kind, flags: flags, stream: stream, payload: Array(repeating: 0, count: size))
    }

    private static func padded(_ kind: Frame.Kind, _ padding: UInt8, _ payload: [UInt8]) -> Frame {
        Frame(kind: kind, flags: Frame.padded | Frame.endHeaders, stream: 1, payload: [padding] + payload)
    }

    @Test("§6.1 DATA", arguments: data)
    func checkData(rule: Rule) { rule.check() }

    static let data = [
        Rule("on stream 0", .data(0, [1]), is: .goAway(.protocolError)),
        Rule("padding as long as the frame", begun, padded(.data, 5, [1, 2, 3, 4]), is: .goAway(.protocolError)),
        Rule("padding alone", begun, padded(.data, 4, [0, 0, 0, 0]), is: .fine),
        Rule(
            "without the length of its padding", begun, Frame(kind: .data, flags: Frame.padded, stream: 1),
            is: .goAway(.protocolError)),
    ]

    @Test("§6.2 HEADERS", arguments: headers)
    func checkHeaders(rule: Rule) { rule.check() }

    static let headers = [
        Rule("on stream 0", .request(0), is: .goAway(.protocolError)),
        Rule("padding as long as the frame", padded(.headers, 5, [0x82]), is: .goAway(.protocolError)),
        Rule("padding", padded(.headers, 3, Frame.request(1).payload + [0, 0, 0]), is: .fine),
        Rule(
            "shorter than its priority", Frame(kind: .headers, flags: 0x24, stream: 1, payload: [0, 0]),
            is: .goAway(.frameSizeError)),
    ]

    @Test("§6.3 PRIORITY", arguments: priority)
    func checkPriority(rule: Rule) { rule.check() }

    static let priority = [
        Rule("on stream 0", .priority(0, on: 1), is: .goAway(.protocolError)),
        Rule("too short", frame(.priority, 1, size: 4), is: .goAway(.frameSizeError)),
        Rule("too long", frame(.priority, 1, size: 6), is: .goAway(.frameSizeError)),
    ]

    @Test("§6.4 RST_STREAM", arguments: reset)
    func checkReset(rule: Rule) { rule.check() }

    static let reset = [
        Rule("on stream 0", .rst(0, 8), is: .goAway(.protocolError)),
        Rule("on an idle stream", .rst(1, 8), is: .goAway(.protocolError)),
        Rule("too short", begun, frame(.rstStream, 1, size: 3), is: .goAway(.frameSizeError)),
        Rule("too long", begun, frame(.rstStream, 1, size: 5), is: .goAway(.frameSizeError)),
        Rule("with a code that nobody knows (§7)", begun, .rst(1, 0xdead_beef), is: .fine),
    ]

    @Test("§6.5 SETTINGS", arguments: settings)
    func checkSettings(rule: Rule) { rule.check() }

    static let settings = [
        Rule("ACK with a payload", frame(.settings, 0, size: 6, flags: Frame.ack), is: .goAway(.frameSizeError)),
        Rule("on a stream", frame(.settings, 1, size: 6), is: .goAway(.protocolError)),
        Rule("not a multiple of six", frame(.settings, 0, size: 5), is: .goAway(.frameSizeError)),
        Rule("ENABLE_PUSH beyond 1 (§6.5.2)", .settings((2, 2)), is: .goAway(.protocolError)),
        Rule("INITIAL_WINDOW_SIZE beyond 2^31−1", .settings((4, 0x8000_0000)), is: .goAway(.flowControlError)),
        Rule("MAX_FRAME_SIZE below 2^14", .settings((5, 16_383)), is: .goAway(.protocolError)),
        Rule("MAX_FRAME_SIZE beyond 2^24−1", .settings((5, 16_777_216)), is: .goAway(.protocolError)),
        Rule("a setting that nobody knows", .settings((0x99, 1)), is: .fine),
        Rule("extremes", .settings((1, 0), (3, 0), (4, 0x7fff_ffff), (5, 16_777_215), (6, 0)), is: .fine),
        Rule("more than 32 values in one frame", frame(.settings, 0, size: 6 * 33), is: .goAway(.enhanceYourCalm)),
    ]

    @Test("§6.5.3 Values count in their order; each frame is acknowledged")
    func settingsOrder() {
        let harness = SessionHarness.server()
        harness.onRequest = {
            $0.respond()
            $0.write(100)
        }
        harness.feed(.settings((4, 50), (4, 7)), .settings(), .request(1))
        #expect(harness.sent() == ["settings ACK", "settings ACK", "headers(1)", "data(1, 7)"])
    }

    @Test("§6.6 A client must not promise")
    func pushPromise() {
        Rule(
            "PUSH_PROMISE", .request(1, endStream: false),
            Frame(
                kind: .pushPromise, flags: Frame.endHeaders, stream: 1, payload: Frame.big(2) + Frame.request(2).payload
            ),
            is: .goAway(.protocolError)
        ).check()
    }

    @Test("§6.7 PING", arguments: ping)
    func checkPing(rule: Rule) { rule.check() }

    static let ping = [
        Rule("on a stream", frame(.ping, 1, size: 8), is: .goAway(.protocolError)),
        Rule("too short", frame(.ping, 0, size: 6), is: .goAway(.frameSizeError)),
        Rule("too long", frame(.ping, 0, size: 9), is: .goAway(.frameSizeError)),
        Rule("an answer that nobody asked for", .ping(5, ack: true), is: .fine),
    ]

    @Test("§6.7 A PING is answered with its own payload, an answer is not answered")
    func pingAnswer() {
        let harness = SessionHarness.server()
        harness.feed(.ping(0xabcdef), .ping(1, ack: true))
        #expect(harness.frames() == [.ping(0xabcdef, ack: true)])
    }

    @Test("§6.8 GOAWAY", arguments: goAway)
    func checkGoAway(rule: Rule) { rule.check() }

    static let goAway = [
        Rule("on a stream", frame(.goAway, 1, size: 8), is: .goAway(.protocolError)),
        Rule("too short", frame(.goAway, 0, size: 7), is: .goAway(.frameSizeError)),
        Rule("with a code that nobody knows (§7)", begun, .goAway(last: 0, 0xdead_beef), is: .fine),
        Rule("twice", begun, .goAway(last: 0, 0), .goAway(last: 0, 0), is: .fine),
    ]

    @Test("§6.8 Streams go on after a client's GOAWAY, and the connection ends with them")
    func goAwayGoesOn() {
        let harness = SessionHarness.server()
        harness.feed(.request(1, endStream: false), .goAway(last: 0, 0), .data(1, [1], endStream: true))
        #expect(harness.streams[0].body == [1])
        #expect(!harness.session.isFinished)
        harness.streams[0].respond(endStream: true)
        #expect(harness.sent() == ["headers END(1)"])
        #expect(harness.session.isFinished)
    }

    @Test("§6.9 WINDOW_UPDATE", arguments: windowUpdate)
    func checkWindowUpdate(rule: Rule) { rule.check() }

    static let windowUpdate = [
        Rule("of 0 for the connection", .windowUpdate(0, 0), is: .goAway(.protocolError)),
        Rule("of 0 for a stream", begun, .windowUpdate(1, 0), is: .goAway(.protocolError)),
        Rule("too short", frame(.windowUpdate, 0, size: 3), is: .goAway(.frameSizeError)),
        Rule("too long", frame(.windowUpdate, 0, size: 5), is: .goAway(.frameSizeError)),
        Rule(
            "beyond 2^31−1 for the connection (§6.9.1)", .windowUpdate(0, 0x7fff_ffff), .windowUpdate(0, 0x7fff_ffff),
            is: .goAway(.flowControlError)),
        Rule("beyond 2^31−1 for a stream", begun, .windowUpdate(1, 0x7fff_ffff), is: .reset(.flowControlError)),
        // The RFC asks for the end of the connection; nghttp2 resets the stream, which repairs as much.
        Rule(
            "beyond it by SETTINGS (§6.9.2)", begun, .windowUpdate(1, 0x7fff_0000), .settings((4, 0x7fff_ffff)),
            is: .reset(.flowControlError)),
    ]

    @Test("§6.10 CONTINUATION", arguments: continuation)
    func checkContinuation(rule: Rule) { rule.check() }

    static let continuation = [
        Rule(
            "several", .unfinished(1), .continuation(1, [("a", "b")], ends: false), .continuation(1, ends: true),
            is: .fine),
        Rule("after the end of the block", .request(1), .continuation(1, ends: true), is: .goAway(.protocolError)),
        Rule("on stream 0", .unfinished(1), .continuation(0, ends: true), is: .goAway(.protocolError)),
        Rule("on another stream", .unfinished(1), .continuation(3, ends: true), is: .goAway(.protocolError)),
        Rule("after DATA", begun, .data(1, [1]), .continuation(1, ends: true), is: .goAway(.protocolError)),
        Rule("another frame instead", .unfinished(1), .ping(1), is: .goAway(.protocolError)),
        Rule(
            "more than eight",
            bytes: [Frame.unfinished(1).bytes] + (0..<10).map { _ in Frame.continuation(1, ends: false).bytes },
            is: .goAway(.enhanceYourCalm)),
    ]
}
