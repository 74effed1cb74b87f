import NIOCore
import NIOEmbedded

/// Bytes of one connection, and how they arrive. The first byte of an input says it: bit 7 whether what follows is a
/// script of HTTP/2 frames or the bytes themselves, the others how many bytes one read takes; 0 is all of them.
struct ConnectionInput {
    private static let script: UInt8 = 0x80
    static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)

    let bytes: [UInt8]
    private let readSize: Int

    /// - Parameter opening: what a script's frames come after.
    init?(_ input: [UInt8], opening: [UInt8]) {
        guard let first = input.first else { return nil }
        let isScript = first & ConnectionInput.script != 0
        bytes = isScript ? opening + ConnectionInput.frames(input.dropFirst()) : Array(input.dropFirst())
        readSize = Int(first & ~ConnectionInput.script)
    }

    /// A script has type, flags, stream and length of each frame in one byte each, so that a change in one frame leaves
    /// the others as they were.
    private static func frames(_ script: ArraySlice<UInt8>) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = script
        while rest.count >= 4 {
            let head = Array(rest.prefix(4))
            let payload = rest.dropFirst(4).prefix(Int(head[3]))
            bytes += frame(head[0], head[1], UInt32(head[2]), Array(payload))
            rest = rest.dropFirst(4 + payload.count)
        }
        return bytes
    }

    /// RFC 9113 §4.1.
    static func frame(_ type: UInt8, _ flags: UInt8, _ stream: UInt32, _ payload: [UInt8]) -> [UInt8] {
        let number = [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: stream >> UInt32($0)) }
        return [
            0, UInt8(truncatingIfNeeded: payload.count >> 8), UInt8(truncatingIfNeeded: payload.count), type, flags,
        ]
            + number + payload
    }

    /// Feeds a channel read by read, and runs its loop after each.
    func feed(_ channel: EmbeddedChannel) {
        let size = readSize == 0 ? max(bytes.count, 1) : readSize
        for start in stride(from: 0, to: bytes.count, by: size) where channel.isActive {
            // What a handler throws is its own affair: it closes the connection.
            _ = try? channel.writeInbound(ByteBuffer(bytes: bytes[start..<min(start + size, bytes.count)]))
            channel.embeddedEventLoop.run()
        }
    }
}

/// A frame of HTTP/2 as it was sent.
struct SentFrame {
    let type: UInt8
    let flags: UInt8
    let stream: UInt32
    let payload: ArraySlice<UInt8>

    /// All frames of `bytes`.
    /// - Throws: `Broken` when they do not end with one.
    static func parse(_ bytes: [UInt8]) throws(Broken) -> [SentFrame] {
        var frames: [SentFrame] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            let head = Array(rest.prefix(9))
            let size = head.prefix(3).reduce(0) { $0 << 8 | Int($1) }
            try hold(head.count == 9 && rest.count >= 9 + size, "a frame is cut short")
            let stream = head[5...].reduce(UInt32(0)) { $0 << 8 | UInt32($1) } & 0x7fff_ffff
            frames.append(
                SentFrame(type: head[3], flags: head[4], stream: stream, payload: rest.dropFirst(9).prefix(size)))
            rest = rest.dropFirst(9 + size)
        }
        return frames
    }
}

extension EmbeddedChannel {
    /// What was written since the last time.
    func written() -> [UInt8] {
        var bytes: [UInt8] = []
        while let piece = try? readOutbound(as: ByteBuffer.self) { bytes += piece.readableBytesView }
        return bytes
    }
}
