import CNghttp2
import NIOCore
import NIOPosix

/// Memory that all connections of one event loop share, since only one of them speaks at a time: 10 000 idle
/// connections then keep no output buffer each.
final class LoopScratch {
    /// Each thread sees its own value only.
    private nonisolated(unsafe) static let perThread = ThreadSpecificVariable<LoopScratch>()

    static var current: LoopScratch {
        if let scratch = perThread.currentValue {
            return scratch
        }
        let scratch = LoopScratch()
        perThread.currentValue = scratch
        return scratch
    }

    @exclusivity(unchecked) var recentTargets = RecentTargets()
    @exclusivity(unchecked) private var output = ByteBuffer()
    /// While `collect` runs: what is still free of the output, and how much is filled.
    @exclusivity(unchecked) private var room = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    @exclusivity(unchecked) private(set) var collected = 0
    @exclusivity(unchecked) private var fields: UnsafeMutableBufferPointer<nghttp2_nv> = .allocate(capacity: 64)
    @exclusivity(unchecked) private var bytes: UnsafeMutableBufferPointer<UInt8> = .allocate(capacity: 8 * 1024)
    @exclusivity(unchecked) private var fieldCount = 0
    @exclusivity(unchecked) private var byteCount = 0

    deinit {
        fields.deallocate()
        bytes.deallocate()
    }

    /// The largest piece that nghttp2 gives: a frame of RFC 9113 §4.2's least maximum, and one byte of padding's length.
    static let largestPiece = 9 + 1 + 16_384

    /// Bytes for the peer, which `body` appends.
    /// - Parameter limit: how many there may be; one piece always finds room.
    func collect(upTo limit: Int, _ body: () -> Void) -> ByteBuffer {
        output.clear()
        output.writeWithUnsafeMutableBytes(minimumWritableBytes: max(limit, Self.largestPiece)) { place in
            room = UnsafeMutableRawBufferPointer(rebasing: place[..<max(limit, Self.largestPiece)])
            collected = 0
            body()
            room = UnsafeMutableRawBufferPointer(start: nil, count: 0)
            return collected
        }
        return output
    }

    /// Whether so many bytes can be appended.
    func hasRoom(for count: Int) -> Bool { collected + count <= room.count }

    /// There must be room for them.
    func append(_ bytes: UnsafeRawBufferPointer) {
        UnsafeMutableRawBufferPointer(rebasing: room[collected..<collected + bytes.count]).copyMemory(from: bytes)
        collected += bytes.count
    }

    /// Lays out header fields for nghttp2, which copies what `body` submits. Fields that RFC 9113 §8.2.1 forbids are
    /// left out: a peer would reject the whole message for them.
    func withFields<Result>(
        _ headers: Headers, pseudo: [(StaticString, String)], _ body: (UnsafeMutablePointer<nghttp2_nv>, Int) -> Result
    ) -> Result {
        begin(fields: headers.count + pseudo.count, bytes: pseudo.reduce(0) { $0 + $1.1.utf8.count })
        for (name, value) in pseudo {
            add(staticName: name, value: copy(value))
        }
        addAll(headers)
        return withExtendedLifetime(headers) { body(fields.baseAddress.unsafelyUnwrapped, fieldCount) }
    }

    /// As above, for a response: its status needs no copy.
    func withFields<Result>(
        _ headers: Headers, status: Int, _ body: (UnsafeMutablePointer<nghttp2_nv>, Int) -> Result
    ) -> Result {
        begin(fields: headers.count + 1, bytes: 20)
        if status == 200 {
            let ok: StaticString = "200"
            var field = Self.field(named: ":status")
            field.value = UnsafeMutablePointer(mutating: ok.utf8Start)
            field.valuelen = ok.utf8CodeUnitCount
            field.flags |= UInt8(NGHTTP2_NV_FLAG_NO_COPY_VALUE.rawValue)
            append(field)
        } else {
            add(staticName: ":status", value: copy(String(status)))
        }
        addAll(headers)
        return withExtendedLifetime(headers) { body(fields.baseAddress.unsafelyUnwrapped, fieldCount) }
    }

    private func begin(fields newFields: Int, bytes newBytes: Int) {
        fieldCount = 0
        byteCount = 0
        if newBytes > bytes.count {
            bytes.deallocate()
            bytes = .allocate(capacity: newBytes)
        }
        if newFields > fields.count {
            fields.deallocate()
            fields = .allocate(capacity: newFields)
        }
    }

    /// The fields point into the headers, which outlive the submission.
    private func addAll(_ headers: Headers) {
        if let prepared = headers.prepared {
            for field in prepared.fields { append(field) }
            return
        }
        headers.forEachRaw { name, value in
            let field = nghttp2_nv(
                name: Self.pointer(name), value: Self.pointer(value), namelen: name.count, valuelen: value.count,
                flags: UInt8(NGHTTP2_NV_FLAG_NONE.rawValue))
            guard nghttp2_check_header_name(field.name, field.namelen) != 0,
                nghttp2_check_header_value_rfc9113(field.value, field.valuelen) != 0
            else { return }
            append(field)
        }
    }

    private func add(staticName name: StaticString, value: UnsafeMutableBufferPointer<UInt8>) {
        var field = Self.field(named: name)
        field.value = value.baseAddress
        field.valuelen = value.count
        append(field)
    }

    private static func pointer(_ bytes: UnsafeRawBufferPointer) -> UnsafeMutablePointer<UInt8>? {
        UnsafeMutablePointer(mutating: bytes.baseAddress?.assumingMemoryBound(to: UInt8.self))
    }

    private func append(_ field: nghttp2_nv) {
        fields[fieldCount] = field
        fieldCount += 1
    }

    private static func field(named name: StaticString) -> nghttp2_nv {
        nghttp2_nv(
            name: UnsafeMutablePointer(mutating: name.utf8Start), value: nil, namelen: name.utf8CodeUnitCount,
            valuelen: 0, flags: UInt8(NGHTTP2_NV_FLAG_NO_COPY_NAME.rawValue))
    }

    private func copy(_ text: String) -> UnsafeMutableBufferPointer<UInt8> {
        var text = text
        return text.withUTF8 { utf8 in
            let place = UnsafeMutableBufferPointer(rebasing: bytes[byteCount..<byteCount + utf8.count])
            _ = place.initialize(from: utf8)
            byteCount += utf8.count
            return place
        }
    }
}
