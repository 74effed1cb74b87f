import Glibc

/// What a request is for: its pseudo-header fields. Requests repeat them, so they share the object.
final class RequestTarget: Sendable {
    let method: String
    let scheme: String
    let authority: String
    let path: String
    /// The fields as they came; empty for one that was made by hand.
    fileprivate let fields: [UInt8]

    init(method: String, scheme: String, authority: String, path: String) {
        self.method = method
        self.scheme = scheme
        self.authority = authority
        self.path = path
        fields = []
    }

    /// - Parameter bytes: pseudo-header fields as `FieldBytes` lays them out, which nghttp2 has checked. Bytes that are
    ///   not UTF-8 are repaired.
    fileprivate init(fields bytes: UnsafeRawBufferPointer) {
        var (method, scheme, authority, path) = ("", "", "", "")
        var position = 0
        while let (name, value) = FieldBytes.field(of: bytes, at: &position) {
            switch (name.count, name[1]) {
            case (5, _): path = String(decoding: value, as: UTF8.self)
            case (7, UInt8(ascii: "m")): method = String(decoding: value, as: UTF8.self)
            case (7, UInt8(ascii: "s")): scheme = String(decoding: value, as: UTF8.self)
            case (10, _): authority = String(decoding: value, as: UTF8.self)
            default: break
            }
        }
        self.method = method
        self.scheme = scheme
        self.authority = authority
        self.path = path
        fields = Array(bytes)
    }

    fileprivate func has(_ bytes: UnsafeRawBufferPointer) -> Bool {
        fields.withUnsafeBytes { own in
            guard own.count == bytes.count, let one = own.baseAddress, let other = bytes.baseAddress else {
                return false
            }
            return memcmp(one, other, own.count) == 0
        }
    }
}

/// The targets that the connections of a loop have asked for lately, found by the bytes of their fields, since HPACK
/// need not index them.
struct RecentTargets {
    /// Longer ones are not kept, so that peers cannot make a loop hold more than some 128 × 1 KiB.
    private static let maxLength = 512

    private var targets = InlineArray<128, RequestTarget?>(repeating: nil)

    mutating func target(_ fields: UnsafeRawBufferPointer) -> RequestTarget {
        // Two places for each target, the later comer in the first.
        let place = Self.hash(fields) % 64 * 2
        for way in place...place + 1 {
            if let target = targets[way], target.has(fields) { return target }
        }
        let target = RequestTarget(fields: fields)
        if fields.count <= Self.maxLength {
            targets[place + 1] = targets[place]
            targets[place] = target
        }
        return target
    }

    /// Spreads targets, which differ in some letters of their paths. Nothing hangs on collisions but time.
    private static func hash(_ bytes: UnsafeRawBufferPointer) -> Int {
        var hash = UInt64(bytes.count)
        var position = 0
        while position + 8 <= bytes.count {
            hash =
                (hash << 7 ^ hash >> 57 ^ bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self))
                &* 0x9E37_79B9_7F4A_7C15
            position += 8
        }
        while position < bytes.count {
            hash = (hash ^ UInt64(bytes[position])) &* 0x9E37_79B9_7F4A_7C15
            position += 1
        }
        return Int(hash >> 40)
    }
}
