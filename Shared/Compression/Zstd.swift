import CZstd

/// Zstandard by libzstd.
enum Zstd {
    /// libzstd's own default: faster than gzip and smaller.
    private static let level: Int32 = 3

    /// A frame may ask for a window of up to 8 MiB, which every decoder is to support (RFC 8878 §3.1.1.1.2); a larger one
    /// is refused before it takes up memory.
    private static let largestWindowLog: Int32 = 23

    static func compressed(_ bytes: RawSpan) -> [UInt8] {
        bytes.withUnsafeBytes { input in
            [UInt8](unsafeUninitializedCapacity: ZSTD_compressBound(input.count)) { buffer, count in
                count = ZSTD_compress(buffer.baseAddress, buffer.count, input.baseAddress, input.count, level)
                precondition(ZSTD_isError(count) == 0, "libzstd has no memory")
            }
        }
    }

    static func decompressed(_ bytes: RawSpan, limit: Int) throws(DecompressionError) -> [UInt8] {
        var result = Inflated(limit: limit, hint: 4 * bytes.byteCount)
        try bytes.withUnsafeBytes { (raw: UnsafeRawBufferPointer) throws(DecompressionError) in
            guard let stream = ZSTD_createDStream() else { preconditionFailure("libzstd has no memory") }
            defer { ZSTD_freeDStream(stream) }
            _ = ZSTD_DCtx_setParameter(stream, ZSTD_d_windowLogMax, largestWindowLog)
            var input = ZSTD_inBuffer(src: raw.baseAddress, size: raw.count, pos: 0)
            while true {
                var status = 0
                var isFull = false
                try result.append { room in
                    var output = ZSTD_outBuffer(dst: room.baseAddress, size: room.count, pos: 0)
                    status = ZSTD_decompressStream(stream, &output, &input)
                    isFull = output.pos == output.size
                    return output.pos
                }
                guard ZSTD_isError(status) == 0 else { throw .corrupt }
                if input.pos == input.size {
                    if status == 0 { return }
                    if !isFull { throw .corrupt }
                }
            }
        }
        return result.bytes
    }
}
