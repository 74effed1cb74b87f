import Testing

@testable import Compression

@Suite("Codings of messages")
struct ContentCodingTests {
    /// Prints its seed with a failure.
    struct Seeded: RandomNumberGenerator {
        let seed = UInt64.random(in: .min ... .max)
        private lazy var state = seed

        mutating func next() -> UInt64 {
            state &+= 0x9e37_79b9_7f4a_7c15
            var z = state
            z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
            z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
            return z ^ z >> 31
        }
    }

    static func compressed(_ bytes: [UInt8], _ coding: ContentCoding) -> [UInt8] { coding.compressed(bytes.span.bytes) }

    static func decompressed(_ bytes: [UInt8], _ coding: ContentCoding, limit: Int = 1 << 20) -> Result<
        [UInt8], DecompressionError
    > {
        do throws(DecompressionError) {
            return .success(try coding.decompressed(bytes.span.bytes, limit: limit))
        } catch {
            return .failure(error)
        }
    }

    @Test("Any bytes come back, noise and repetition", arguments: ContentCoding.allCases)
    func roundTrip(_ coding: ContentCoding) {
        var random = Seeded()
        for size in [0, 1, 63, 1000, 65_537, 500_000] {
            let noise = (0..<size).map { _ in UInt8.random(in: 0...255, using: &random) }
            for bytes in [
                noise, [UInt8](repeating: 7, count: size), Array("trust".utf8) + noise.prefix(size / 2) + noise,
            ] {
                let small = Self.compressed(bytes, coding)
                #expect(Self.decompressed(small, coding) == .success(bytes), "seed \(random.seed)")
            }
        }
    }

    @Test("What other programs wrote can be read")
    func vectors() {
        // printf hello | gzip, zlib.compress(b"hello"), zstd
        let gzip: [UInt8] = [
            31, 139, 8, 0, 0, 0, 0, 0, 0, 3, 203, 72, 205, 201, 201, 7, 0, 134, 166, 16, 54, 5, 0, 0, 0,
        ]
        let zlib: [UInt8] = [120, 156, 203, 72, 205, 201, 201, 7, 0, 6, 44, 2, 21]
        let zstd: [UInt8] = [40, 181, 47, 253, 4, 88, 41, 0, 0, 104, 101, 108, 108, 111, 163, 109, 159, 136]
        let hello = Array("hello".utf8)
        #expect(Self.decompressed(gzip, .gzip) == .success(hello))
        #expect(Self.decompressed(gzip + gzip, .gzip) == .success(hello + hello), "members of RFC 1952 §2.2")
        #expect(Self.decompressed(zlib, .deflate) == .success(hello))
        #expect(Self.decompressed(zstd, .zstd) == .success(hello))
    }

    @Test("No more than the limit is ever made", arguments: ContentCoding.allCases)
    func bomb(_ coding: ContentCoding) {
        let bomb = Self.compressed([UInt8](repeating: 0, count: 50_000_000), coding)
        #expect(bomb.count < 100_000)
        #expect(Self.decompressed(bomb, coding, limit: 4096) == .failure(.tooLarge))
        let exact = Self.compressed([UInt8](repeating: 0, count: 4096), coding)
        #expect(Self.decompressed(exact, coding, limit: 4096) == .success([UInt8](repeating: 0, count: 4096)))
        #expect(Self.decompressed(exact, coding, limit: 4095) == .failure(.tooLarge))
    }

    @Test("What is cut off, goes on too long or is of another coding is corrupt", arguments: ContentCoding.allCases)
    func corrupt(_ coding: ContentCoding) {
        let whole = Self.compressed(Array("a promise that was kept, and kept, and kept".utf8), coding)
        for length in 0..<whole.count {
            #expect(Self.decompressed(Array(whole.prefix(length)), coding) == .failure(.corrupt), "\(length)")
        }
        #expect(Self.decompressed(whole + [1], coding) == .failure(.corrupt))
        for other in ContentCoding.allCases where other != coding {
            #expect(Self.decompressed(whole, other) == .failure(.corrupt))
        }
    }

    @Test("Changed bytes never crash, and never give more than the limit", arguments: ContentCoding.allCases)
    func mutations(_ coding: ContentCoding) {
        var random = Seeded()
        let whole = Self.compressed((0..<2000).map { UInt8($0 % 251) }, coding)
        for _ in 0..<2000 {
            var bytes = whole
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = .random(in: 0...255, using: &random)
            }
            if case .success(let made) = Self.decompressed(bytes, coding, limit: 5000) {
                #expect(made.count <= 5000, "seed \(random.seed)")
            }
        }
    }
}
