import Testing

@testable import HTTP
@testable import HTTPTesting

@Suite("RFC 7541: header compression")
struct CompressionRules {
    /// :method GET, :scheme http, :path / by their places in the static table, and :authority a.
    private static let request: [UInt8] = [0x82, 0x86, 0x84, 0x01, 1, 0x61]

    private static func block(_ bytes: [UInt8], before: [UInt8] = []) -> Frame {
        .block(1, before + request + bytes)
    }

    private static func broken(_ text: String, _ bytes: [UInt8], before: [UInt8] = []) -> Rule {
        Rule(text, block(bytes, before: before), is: .goAway(.compressionError))
    }

    /// `x` with a value in Huffman code.
    private static func huffman(_ bytes: [UInt8]) -> [UInt8] {
        [0x00, 1] + Array("x".utf8) + [0x80 | UInt8(bytes.count)] + bytes
    }

    @Test("§2.3.3, §6.1 Places in the tables", arguments: places)
    func checkPlaces(rule: Rule) { rule.check() }

    static let places = [
        broken("beyond both tables", [0x80 | 70]),
        broken("beyond both tables, as a name", [0x40 | 62, 1, 0x61]),
        broken("0", [0x80]),
        broken("an integer without end (§5.1)", [0xff] + Array(repeating: 0xff, count: 10)),
        Rule("in the dynamic table", block([0x40, 1, 0x78, 1, 0x79, 0x80 | 62]), is: .fine),
    ]

    @Test("§4.2, §6.3 Size of the dynamic table", arguments: sizes)
    func checkSizes(rule: Rule) { rule.check() }

    static let sizes = [
        broken("above SETTINGS_HEADER_TABLE_SIZE", [], before: [0x3f, 0xe2, 0x1f]),
        broken("at the end of a block", [0x20]),
        broken("above it by far", [], before: [0x3f, 0xff, 0xff, 0xff, 0xff, 0x0f]),
        Rule("4096", block([], before: [0x3f, 0xe1, 0x1f]), is: .fine),
        Rule("0, then 4096", block([], before: [0x20, 0x3f, 0xe1, 0x1f]), is: .fine),
    ]

    @Test("§5.2 Huffman code", arguments: codes)
    func checkCodes(rule: Rule) { rule.check() }

    static let codes = [
        Rule("padding of ones", block(huffman([0x1f])), is: .fine),  // a
        broken("padding longer than 7 bits", huffman([0x1f, 0xff])),
        broken("padding of zeros", huffman([0x18])),
        broken("EOS", huffman([0xff, 0xff, 0xff, 0xff])),
        broken("a string longer than the block", [0x00, 1, 0x78, 5, 0x79]),
    ]

    @Test("§4.4 An entry larger than the table empties it")
    func eviction() {
        let large =
            [0x40, 1, 0x7a, 0x7f] as [UInt8] + [0xa1, 0x1f] + Array(repeating: 0x76, count: 127 + 0x21 + (0x1f << 7))
        Rule(
            "a reference to what was evicted",
            bytes: [
                Frame.block(1, Self.request + [0x40, 1, 0x78, 1, 0x79]).bytes,
                Frame.block(3, Self.request + [0x80 | 62]).bytes,
                Frame.block(5, Self.request + large).bytes,
                Frame.block(7, Self.request + [0x80 | 62]).bytes,
            ], is: .goAway(.compressionError)
        ).check()
    }

    @Test("§4.2 A client's smaller table is obeyed by what we send")
    func smallerTable() {
        let harness = SessionHarness.server(peer: .settings((1, 0)))
        harness.onRequest = { $0.respond(200, ["x-long-name": "a value"], endStream: true) }
        harness.feed(.request(1), .request(3))
        let blocks = harness.frames().map(\.payload)
        // It begins with the change to 0 (§6.3), and nothing is referred to that only a table would hold.
        #expect(blocks.count == 2)
        #expect(blocks.first?.first == 0x20)
        #expect(blocks.first?.dropFirst() == blocks.last?[...])
    }
}
