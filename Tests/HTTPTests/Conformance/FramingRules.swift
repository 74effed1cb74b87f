import NIOCore
import Testing

@testable import HTTP
@testable import HTTPTesting

@Suite("RFC 9113 §3.4, §4: preface, frames, header compression")
struct FramingRules {
    @Test("§3.4 The first frame after the preface is SETTINGS")
    func firstFrame() {
        let harness = SessionHarness()
        harness.feed(Frame.preface + Frame.ping(1).bytes)
        #expect(harness.sent().last == "goAway(0, 1)")
        #expect(harness.session.isFinished)
    }

    @Test("§3.4 Requests may follow the preface at once, before any answer")
    func firstFlight() {
        let harness = SessionHarness()
        harness.onRequest = { $0.respond(endStream: true) }
        harness.feed(Frame.preface + Frame.settings().bytes + Frame.request(1).bytes)
        let sent = harness.sent()
        #expect(sent.contains("settings ACK") && sent.last == "headers END(1)")
    }

    @Test("§4.1 Frame format", arguments: format)
    func checkFormat(rule: Rule) { rule.check() }

    static let format = [
        Rule("an unknown type is ignored", bytes: [Frame.raw(0x16, flags: 0xff, stream: 5, [1, 2, 3])], is: .fine),
        Rule(
            "types of extensions that are not ours are ignored", bytes: [10, 12, 16].map { Frame.raw($0) }, is: .fine),
        Rule(
            "flags that are not defined are ignored",
            Frame(kind: .ping, flags: 0xfe, payload: [0, 0, 0, 0, 0, 0, 0, 1]), is: .fine),
        Rule("the reserved bit is ignored", bytes: [Frame.raw(6, stream: 0x8000_0000, Array(0..<8))], is: .fine),
    ]

    @Test("§4.2 Frame size", arguments: size)
    func checkSize(rule: Rule) { rule.check() }

    static let size = [
        Rule(
            "16 384 bytes are taken", .request(1, endStream: false), .data(1, Array(repeating: 0, count: 16_384)),
            is: .fine),
        Rule(
            "DATA above SETTINGS_MAX_FRAME_SIZE", .request(1, endStream: false),
            .data(1, Array(repeating: 0, count: 16_385)), is: .goAway(.frameSizeError)),
        Rule(
            "HEADERS above it", .block(1, Frame.request(1).payload + Array(repeating: 0x82, count: 16_384)),
            is: .goAway(.frameSizeError)),
        Rule(
            "an unknown type above it", bytes: [Frame.raw(0x16, Array(repeating: 0, count: 16_385))],
            is: .goAway(.frameSizeError)),
    ]

    @Test("§4.3 Header blocks", arguments: blocks)
    func checkBlocks(rule: Rule) { rule.check() }

    static let blocks = [
        Rule("a block that cannot be decoded", .block(1, [0x40]), is: .goAway(.compressionError)),
        Rule("PRIORITY inside a block", .unfinished(1), .priority(1, on: 0), is: .goAway(.protocolError)),
        Rule("HEADERS of another stream inside a block", .unfinished(1), .request(3), is: .goAway(.protocolError)),
        Rule(
            "an extension inside a block (§5.5)", bytes: [Frame.unfinished(1).bytes, Frame.raw(0x16)],
            is: .goAway(.protocolError)),
    ]

    @Test("§5.4.1 GOAWAY names the last stream that was taken")
    func lastStream() {
        let harness = SessionHarness.server()
        harness.feed(.request(1), .request(5), .windowUpdate(0, 0), .request(7))
        #expect(harness.sent() == ["goAway(5, 1)"])
        #expect(harness.told.filter { $0.contains("began") }.count <= 2)
    }

    @Test("A frame is found however its head is cut")
    func walker() {
        let bytes = Frame.ping(1).bytes + Frame.priority(3, on: 7).bytes + Frame.settings().bytes + Frame.raw(0xbb, [1])
        for size in 1...bytes.count {
            var walker = FrameWalker(skipping: 0)
            var heads: [FrameHead] = []
            var rest = bytes[...]
            while !rest.isEmpty {
                let piece = Array(rest.prefix(size))
                rest = rest.dropFirst(size)
                piece.withUnsafeBytes { raw in
                    var position = 0
                    while let head = walker.next(raw, &position) { heads.append(head) }
                    #expect(position == raw.count)
                }
            }
            #expect(heads.map(\.type) == [6, 2, 4, 0xbb])
            #expect(heads.map(\.length) == [8, 5, 0, 1])
            #expect(heads[1].stream == 3 && heads[1].dependency == 7)
        }
    }
}
