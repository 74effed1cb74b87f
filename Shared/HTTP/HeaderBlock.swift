import CNghttp2
import Glibc

/// The header block being decoded. Blocks never interleave (RFC 9113 §4.3), so a session has one. It has memory from
/// its first field until it is told, and none in between.
struct HeaderBlock: ~Copyable {
    private(set) var status = 0
    private(set) var isTooLarge = false
    private var size = 0
    private var memory: UnsafeMutableRawPointer?
    private var capacity = 0
    private var byteCount = 0
    private var fieldCount = 0
    /// Of the pseudo-header fields, which come before all others (RFC 9113 §8.3).
    private var pseudoByteCount = 0
    private var pseudoCount = 0

    deinit {
        free(memory)
    }

    /// How much larger than the limit a block may be to be decoded to its end, and answered.
    static let grace = 4

    /// Not worth any more work: nghttp2 looks at every byte of each field, and HPACK makes 4 KiB of one byte.
    func isHopeless(limit: Int) -> Bool { size > Self.grace * limit }

    /// Adds a field that nghttp2 has validated. Above `limit` bytes (name + value + 32 each) nothing more is kept.
    mutating func add(_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer, limit: Int) {
        size &+= name.count &+ value.count &+ 32
        let needed = FieldBytes.size(name, value)
        guard size <= limit, byteCount &+ needed <= capacity || makeRoom(for: needed), let memory else {
            isTooLarge = true
            return
        }
        FieldBytes.write(name, value, to: memory + byteCount)
        byteCount &+= needed
        fieldCount &+= 1
        guard name.count > 0, name[0] == UInt8(ascii: ":") else { return }
        pseudoByteCount = byteCount
        pseudoCount = fieldCount
        // `:status`, of which nghttp2 has checked that it is three digits (RFC 9110 §15).
        if name.count == 7, name[2] == UInt8(ascii: "t") { status = value.reduce(0) { 10 * $0 + Int($1) - 0x30 } }
    }

    /// False when memory has run out.
    private mutating func makeRoom(for needed: Int) -> Bool {
        let larger = max(512, 2 * (byteCount + needed))
        guard let place = realloc(memory, larger) else { return false }
        memory = place
        capacity = larger
        return true
    }

    /// The fields besides the pseudo ones.
    var headers: Headers {
        Headers(
            UnsafeRawBufferPointer(
                start: memory.map { UnsafeRawPointer($0) + pseudoByteCount }, count: byteCount - pseudoByteCount),
            count: fieldCount - pseudoCount)
    }

    /// The request that the block describes. Without `:authority` the host field names it (RFC 9113 §8.3.1).
    func requestHead(_ recent: inout RecentTargets) -> RequestHead {
        let target = recent.target(UnsafeRawBufferPointer(start: memory, count: pseudoByteCount))
        var head = RequestHead(target, headers, version: .http2)
        if target.authority.isEmpty, let host = head.headers[first: "host"] { head.authority = host }
        return head
    }
}
