import CNghttp2

/// Header fields laid out for nghttp2, which neither copies nor checks them again.
struct PreparedFields: @unchecked Sendable {
    // Unchecked: written here, and only read from then on.
    let fields: UnsafeBufferPointer<nghttp2_nv>

    /// Fields that RFC 9113 §8.2.1 forbids are left out. nghttp2 holds on to the memory until a frame is sent, so it is
    /// never given back.
    init(_ headers: Headers) {
        let places = UnsafeMutableBufferPointer<nghttp2_nv>.allocate(capacity: headers.count)
        var count = 0
        headers.forEachRaw { rawName, rawValue in
            let name = Self.copy(rawName)
            let value = Self.copy(rawValue)
            guard nghttp2_check_header_name(name.baseAddress, name.count) != 0,
                nghttp2_check_header_value_rfc9113(value.baseAddress, value.count) != 0
            else { return }
            places[count] = nghttp2_nv(
                name: name.baseAddress, value: value.baseAddress, namelen: name.count, valuelen: value.count,
                flags: UInt8(NGHTTP2_NV_FLAG_NO_COPY_NAME.rawValue | NGHTTP2_NV_FLAG_NO_COPY_VALUE.rawValue))
            count += 1
        }
        fields = UnsafeBufferPointer(rebasing: places[..<count])
    }

    static func name(_ field: nghttp2_nv) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: field.name, count: field.namelen)
    }

    static func value(_ field: nghttp2_nv) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: field.value, count: field.valuelen)
    }

    private static func copy(_ bytes: UnsafeRawBufferPointer) -> UnsafeMutableBufferPointer<UInt8> {
        let place = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: max(bytes.count, 1))
        _ = place.initialize(from: bytes)
        return UnsafeMutableBufferPointer(rebasing: place[..<bytes.count])
    }
}
