import CNghttp2
import Glibc

/// The header block being decoded. Blocks never interleave (RFC 9113 §4.3), so a session has one.
struct HeaderBlock {
    var method = ""
    var scheme = ""
    var authority = ""
    var path = ""
    var status = 0
    var headers = Headers()
    private var size = 0
    private(set) var isTooLarge = false

    /// How much larger than the limit a block may be to be decoded to its end, and answered.
    static let grace = 4

    /// Not worth any more work: nghttp2 looks at every byte of each field, and HPACK makes 4 KiB of one byte.
    func isHopeless(limit: Int) -> Bool { size > Self.grace * limit }

    /// Adds a field that nghttp2 has validated. Above `limit` bytes (name + value + 32 each) nothing more is kept.
    mutating func add(
        _ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer, limit: Int, texts: inout RepeatedTexts
    ) {
        size += name.count + value.count + 32
        guard size <= limit else {
            isTooLarge = true
            return
        }
        guard name.count > 0, name[0] == UInt8(ascii: ":") else {
            headers.add(name, value)
            return
        }
        switch (name.count, name[1]) {
        case (5, _): path = texts.string(value)
        case (7, UInt8(ascii: "m")): method = texts.string(value)
        case (7, UInt8(ascii: "s")) where name[2] == UInt8(ascii: "t"): status = Self.number(value)
        case (7, _): scheme = texts.string(value)
        case (10, _): authority = texts.string(value)
        default: break
        }
    }

    /// Three digits (RFC 9110 §15), as nghttp2 has checked.
    private static func number(_ digits: UnsafeRawBufferPointer) -> Int {
        digits.reduce(0) { 10 * $0 + Int($1) - 0x30 }
    }

    /// The request that the block describes. Without `:authority` the host field names it (RFC 9113 §8.3.1).
    func requestHead() -> RequestHead {
        RequestHead(
            method: method, scheme: scheme, authority: authority.isEmpty ? headers[first: "host"] ?? "" : authority,
            path: path, headers: headers, version: .http2)
    }
}

/// Strings of pseudo-header fields that a connection repeats: looked up by their bytes, since HPACK need not index them.
struct RepeatedTexts {
    /// Longer texts are not kept, so that a peer cannot make a connection hold more than 16 × 256 bytes.
    private static let maxLength = 256

    private var texts = InlineArray<16, String>(repeating: "")

    /// The text of `bytes`. Bytes that are not UTF-8 are repaired.
    mutating func string(_ bytes: UnsafeRawBufferPointer) -> String {
        guard let last = bytes.last else { return "" }
        // Two places for each text, the later comer in the first.
        let place = (bytes.count &* 5 &+ Int(bytes[0]) &* 3 &+ Int(last)) % 8 * 2
        for way in place...place + 1 where isEqual(texts[way], bytes) { return texts[way] }
        let text = String(decoding: bytes, as: UTF8.self)
        if bytes.count <= Self.maxLength {
            texts[place + 1] = texts[place]
            texts[place] = text
        }
        return text
    }

    private func isEqual(_ text: String, _ bytes: UnsafeRawBufferPointer) -> Bool {
        text.utf8.withContiguousStorageIfAvailable { utf8 in
            guard utf8.count == bytes.count, let one = utf8.baseAddress, let other = bytes.baseAddress else {
                return false
            }
            return memcmp(one, other, utf8.count) == 0
        } ?? false
    }
}
