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

    @exclusivity(unchecked) var output = ByteBuffer()
    @exclusivity(unchecked) private var fields: UnsafeMutableBufferPointer<nghttp2_nv> = .allocate(capacity: 64)
    @exclusivity(unchecked) private var bytes: UnsafeMutableBufferPointer<UInt8> = .allocate(capacity: 8 * 1024)
    @exclusivity(unchecked) private var fieldCount = 0
    @exclusivity(unchecked) private var byteCount = 0

    deinit {
        fields.deallocate()
        bytes.deallocate()
    }

    /// Lays out header fields for nghttp2, which copies what `body` submits. Fields that RFC 9113 §8.2.1 forbids are
    /// left out: a peer would reject the whole message for them.
    func withFields<Result>(
        _ headers: Headers, pseudo: [(StaticString, String)], _ body: (UnsafeMutablePointer<nghttp2_nv>, Int) -> Result
    ) -> Result {
        begin(headers, extraFields: pseudo.count, extraBytes: pseudo.reduce(0) { $0 + $1.1.utf8.count })
        for (name, value) in pseudo {
            add(staticName: name, value: copy(value))
        }
        addAll(headers)
        return body(fields.baseAddress.unsafelyUnwrapped, fieldCount)
    }

    /// As above, for a response: its status needs no copy.
    func withFields<Result>(
        _ headers: Headers, status: Int, _ body: (UnsafeMutablePointer<nghttp2_nv>, Int) -> Result
    ) -> Result {
        begin(headers, extraFields: 1, extraBytes: 4)
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
        return body(fields.baseAddress.unsafelyUnwrapped, fieldCount)
    }

    private func begin(_ headers: Headers, extraFields: Int, extraBytes: Int) {
        fieldCount = 0
        byteCount = 0
        var size = extraBytes
        for field in headers.fields {
            size += field.name.utf8.count + field.value.utf8.count
        }
        if size > bytes.count {
            bytes.deallocate()
            bytes = .allocate(capacity: size)
        }
        if headers.count + extraFields > fields.count {
            fields.deallocate()
            fields = .allocate(capacity: headers.count + extraFields)
        }
    }

    private func addAll(_ headers: Headers) {
        for header in headers.fields {
            let name = copy(header.name)
            let value = copy(header.value)
            guard nghttp2_check_header_name(name.baseAddress, name.count) != 0,
                nghttp2_check_header_value_rfc9113(value.baseAddress, value.count) != 0
            else { continue }
            append(
                nghttp2_nv(
                    name: name.baseAddress, value: value.baseAddress, namelen: name.count, valuelen: value.count,
                    flags: UInt8(NGHTTP2_NV_FLAG_NONE.rawValue)))
        }
    }

    private func add(staticName name: StaticString, value: UnsafeMutableBufferPointer<UInt8>) {
        var field = Self.field(named: name)
        field.value = value.baseAddress
        field.valuelen = value.count
        append(field)
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
