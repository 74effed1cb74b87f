import Glibc

/// Header fields one after the other as they travel: two lengths of 32 bits each, the name, the value.
enum FieldBytes {
    private static let prefix = 8

    @inline(__always)
    static func size(_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> Int {
        prefix &+ name.count &+ value.count
    }

    /// There must be room.
    @inline(__always)
    static func write(
        _ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer, to place: UnsafeMutableRawPointer
    ) {
        place.storeBytes(of: UInt32(truncatingIfNeeded: name.count), as: UInt32.self)
        place.storeBytes(of: UInt32(truncatingIfNeeded: value.count), toByteOffset: 4, as: UInt32.self)
        if let bytes = name.baseAddress { memcpy(place + prefix, bytes, name.count) }
        if let bytes = value.baseAddress { memcpy(place + prefix + name.count, bytes, value.count) }
    }

    /// The field at `position`, which moves behind it; nil at the end.
    @inline(__always)
    static func field(
        of bytes: UnsafeRawBufferPointer, at position: inout Int
    ) -> (name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer)? {
        guard position < bytes.count, let base = bytes.baseAddress else { return nil }
        let place = base + position
        let name = Int(place.loadUnaligned(as: UInt32.self))
        let value = Int(place.loadUnaligned(fromByteOffset: 4, as: UInt32.self))
        position += prefix + name + value
        return (
            UnsafeRawBufferPointer(start: place + prefix, count: name),
            UnsafeRawBufferPointer(start: place + prefix + name, count: value)
        )
    }
}
