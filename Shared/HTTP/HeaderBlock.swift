import CNghttp2

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
    mutating func add(_ name: OpaquePointer, _ value: OpaquePointer, limit: Int, cache: HeaderCache) {
        let rawName = nghttp2_rcbuf_get_buf(name)
        let rawValue = nghttp2_rcbuf_get_buf(value)
        size += rawName.len + rawValue.len + 32
        guard size <= limit else {
            isTooLarge = true
            return
        }
        let text = cache.string(value, rawValue)
        guard rawName.len > 0, rawName.base[0] == UInt8(ascii: ":") else {
            if headers.isEmpty {
                headers.reserveCapacity(8)
            }
            headers.add(cache.string(name, rawName), text)
            return
        }
        switch (rawName.len, rawName.base[1]) {
        case (5, _): path = text
        case (7, UInt8(ascii: "m")): method = text
        case (7, UInt8(ascii: "s")) where rawName.base[2] == UInt8(ascii: "t"): status = Int(text) ?? 0
        case (7, _): scheme = text
        case (10, _): authority = text
        default: break
        }
    }

    /// The request that the block describes. Without `:authority` the host field names it (RFC 9113 §8.3.1).
    func requestHead() -> RequestHead {
        RequestHead(
            method: method, scheme: scheme, authority: authority.isEmpty ? headers[first: "host"] ?? "" : authority,
            path: path, headers: headers, version: .http2)
    }
}

/// Strings of header names and values that a connection repeats. HPACK's tables hand out the same reference-counted
/// buffer each time, so its address identifies the text as long as the buffer is retained here.
final class HeaderCache {
    private struct Slot {
        var buffer: OpaquePointer?
        var text: String
    }

    /// Longer texts are not kept, so that a peer cannot make a connection hold more than 64 × 256 bytes.
    private static let maxLength = 256
    private static let bits: UInt64 = 6

    private let slots: UnsafeMutablePointer<Slot>

    init() {
        slots = .allocate(capacity: 1 << Self.bits)
        slots.initialize(repeating: Slot(buffer: nil, text: ""), count: 1 << Self.bits)
    }

    deinit {
        for index in 0..<1 << Int(Self.bits) {
            if let buffer = slots[index].buffer {
                nghttp2_rcbuf_decref(buffer)
            }
        }
        slots.deinitialize(count: 1 << Self.bits)
        slots.deallocate()
    }

    /// The text of `buffer`, whose bytes are `raw`. Bytes that are not UTF-8 are repaired.
    func string(_ buffer: OpaquePointer, _ raw: nghttp2_vec) -> String {
        let hash = UInt64(UInt(bitPattern: buffer)) &* 0x9E37_79B9_7F4A_7C15
        let slot = slots + Int(truncatingIfNeeded: hash >> (64 - Self.bits))
        if slot.pointee.buffer == buffer {
            return slot.pointee.text
        }
        let text = String(decoding: UnsafeBufferPointer(start: raw.base, count: raw.len), as: UTF8.self)
        if raw.len <= Self.maxLength {
            nghttp2_rcbuf_incref(buffer)
            if let old = slot.pointee.buffer {
                nghttp2_rcbuf_decref(old)
            }
            slot.pointee = Slot(buffer: buffer, text: text)
        }
        return text
    }
}
