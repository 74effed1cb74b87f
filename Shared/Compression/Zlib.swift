import CZlib

/// gzip and deflate by zlib.
enum Zlib {
    enum Format {
        case zlib
        case gzip

        /// The largest window, and 16 more for gzip's header (zlib.h, deflateInit2).
        var windowBits: Int32 {
            switch self {
            case .zlib: MAX_WBITS
            case .gzip: MAX_WBITS + 16
            }
        }
    }

    /// Between speed and size; zlib's own default is 6, which takes twice the time for a few per cent.
    private static let level: Int32 = 4
    private static let memoryLevel: Int32 = 8

    static func compressed(_ bytes: RawSpan, _ format: Format) -> [UInt8] {
        bytes.withUnsafeBytes { input in
            var stream = z_stream()
            let result = deflateInit2_(
                &stream, level, Z_DEFLATED, format.windowBits, memoryLevel, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
                Int32(MemoryLayout<z_stream>.size))
            precondition(result == Z_OK, "zlib has no memory")
            defer { deflateEnd(&stream) }
            stream.take(input)
            let bound = Int(deflateBound(&stream, UInt(input.count)))
            return [UInt8](unsafeUninitializedCapacity: bound) { buffer, count in
                stream.fill(UnsafeMutableRawBufferPointer(buffer))
                let end = deflate(&stream, Z_FINISH)
                precondition(end == Z_STREAM_END, "deflateBound is too small")
                count = bound - Int(stream.avail_out)
            }
        }
    }

    static func decompressed(_ bytes: RawSpan, _ format: Format, limit: Int) throws(DecompressionError) -> [UInt8] {
        var result = Inflated(limit: limit, hint: 4 * bytes.byteCount)
        try bytes.withUnsafeBytes { (input: UnsafeRawBufferPointer) throws(DecompressionError) in
            var stream = z_stream()
            let begun = inflateInit2_(
                &stream, format.windowBits, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
            precondition(begun == Z_OK, "zlib has no memory")
            defer { inflateEnd(&stream) }
            stream.take(input)
            var status = Z_OK
            while true {
                try result.append { room in
                    stream.fill(room)
                    status = inflate(&stream, Z_NO_FLUSH)
                    return room.count - Int(stream.avail_out)
                }
                if status == Z_STREAM_END {
                    if stream.avail_in == 0 { return }
                    // Members may follow one another (RFC 1952 §2.2).
                    guard format == .gzip, inflateReset(&stream) == Z_OK else { throw .corrupt }
                } else if status != Z_OK || (stream.avail_in == 0 && stream.avail_out > 0) {
                    throw .corrupt
                }
            }
        }
        return result.bytes
    }
}

extension z_stream {
    /// zlib does not write to its input, though its type says so.
    fileprivate mutating func take(_ input: UnsafeRawBufferPointer) {
        next_in = UnsafeMutableRawPointer(mutating: input.baseAddress)?.assumingMemoryBound(to: UInt8.self)
        avail_in = UInt32(input.count)
    }

    fileprivate mutating func fill(_ output: UnsafeMutableRawBufferPointer) {
        next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
        avail_out = UInt32(output.count)
    }
}
