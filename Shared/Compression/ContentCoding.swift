/// How bytes may be compressed, by the names that HTTP and gRPC have for it (RFC 9110 §8.4.1, RFC 8878 §7.2, gRPC
/// doc/compression.md).
public enum ContentCoding: String, Sendable, Hashable, CaseIterable {
    /// RFC 1952.
    case gzip
    /// The zlib format of RFC 1950, whatever the name says.
    case deflate
    /// RFC 8878.
    case zstd

    /// All of `bytes`, compressed.
    public func compressed(_ bytes: RawSpan) -> [UInt8] {
        switch self {
        case .gzip: Zlib.compressed(bytes, .gzip)
        case .deflate: Zlib.compressed(bytes, .zlib)
        case .zstd: Zstd.compressed(bytes)
        }
    }

    /// What was compressed. No more than `limit` bytes are ever made of it: a few bytes may stand for gigabytes.
    public func decompressed(_ bytes: RawSpan, limit: Int) throws(DecompressionError) -> [UInt8] {
        switch self {
        case .gzip: try Zlib.decompressed(bytes, .gzip, limit: limit)
        case .deflate: try Zlib.decompressed(bytes, .zlib, limit: limit)
        case .zstd: try Zstd.decompressed(bytes, limit: limit)
        }
    }
}

public enum DecompressionError: Error, Sendable, Hashable {
    /// The bytes are not of this coding, or do not end where it ends.
    case corrupt
    /// There are more bytes than allowed.
    case tooLarge
}

/// What a decompressor has made so far: grows by doubling, up to one byte more than is allowed.
struct Inflated {
    private(set) var bytes: [UInt8] = []
    private let limit: Int

    /// - Parameter hint: a size that is likely.
    init(limit: Int, hint: Int) {
        self.limit = limit
        bytes.reserveCapacity(min(limit, max(hint, 256)))
    }

    /// Lets `write` fill the free space and say how much it filled.
    /// - Throws: `.tooLarge` once there are more bytes than allowed.
    mutating func append(
        _ write: (UnsafeMutableRawBufferPointer) -> Int
    ) throws(DecompressionError) {
        let room = max(256, min(bytes.count, limit - bytes.count + 1))
        let piece = [UInt8](unsafeUninitializedCapacity: room) { buffer, count in
            count = write(UnsafeMutableRawBufferPointer(buffer))
        }
        bytes += piece
        guard bytes.count <= limit else { throw .tooLarge }
    }
}
