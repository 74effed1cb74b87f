import NIOCore
import Protobuf

/// Base64 that comes in pieces of any size. Whoever wrote it may have padded wherever it flushed (gRPC PROTOCOL-WEB), so
/// padding may stand in the middle, and must stand at the end of four characters.
struct Base64Stream {
    // Characters of a group of four that is not complete.
    private var group: UInt32 = 0
    private var count = 0
    private var padding = 0

    mutating func decode(_ bytes: ByteBuffer) throws(FramingError) -> ByteBuffer {
        var decoded = ByteBuffer()
        decoded.reserveCapacity(bytes.readableBytes / 4 * 3 + 3)
        for byte in bytes.readableBytesView {
            if byte == UInt8(ascii: "="), count >= 2 {
                padding += 1
                group <<= 6
            } else {
                guard padding == 0, let value = Base64.value(of: byte) else { throw .notBase64 }
                group = group << 6 | UInt32(value)
            }
            count += 1
            if count == 4 { write(to: &decoded) }
        }
        return decoded
    }

    /// What an end without padding leaves.
    mutating func end() throws(FramingError) -> ByteBuffer? {
        guard count > 0 else { return nil }
        guard count > 1, padding == 0 else { throw .notBase64 }
        var decoded = ByteBuffer()
        padding = 4 - count
        group <<= UInt32(6 * padding)
        write(to: &decoded)
        return decoded
    }

    private mutating func write(to decoded: inout ByteBuffer) {
        decoded.writeInteger(UInt8(truncatingIfNeeded: group >> 16))
        if padding < 2 { decoded.writeInteger(UInt8(truncatingIfNeeded: group >> 8)) }
        if padding < 1 { decoded.writeInteger(UInt8(truncatingIfNeeded: group)) }
        (group, count, padding) = (0, 0, 0)
    }

    /// Padded, so that pieces can follow one another.
    static func encode(_ bytes: ByteBuffer) -> ByteBuffer {
        bytes.withUnsafeReadableBytes { ByteBuffer(string: Base64.encode($0)) }
    }
}
