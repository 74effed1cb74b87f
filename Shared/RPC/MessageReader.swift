import Compression
import NIOCore

/// What the peer did wrong inside a message stream.
enum FramingError: Error, Equatable {
    case tooLarge(length: Int, limit: Int)
    /// The compressed flag is set, and the encoding is identity.
    case compressedWithoutEncoding
    /// The compressed bytes are not of the encoding.
    case corrupt(ContentCoding)
    case illegalFlag(UInt8)
    /// The body is to be Base64, and is not.
    case notBase64
}

/// Cuts a byte stream into length-prefixed messages: one flag byte, four length bytes, the message
/// (gRPC PROTOCOL-HTTP2, "Length-Prefixed-Message"). A message may straddle buffers; a buffer may hold several.
struct MessageReader {
    static let prefixLength = 5

    private let limit: Int
    /// How messages whose flag says so are compressed.
    var coding: ContentCoding?
    /// Whether the message that was taken last came compressed.
    private(set) var tookCompressed = false
    /// Bytes of the messages taken so far, as they travelled, without their prefixes.
    private var takenBytes = 0
    /// Messages taken that nobody has been told of.
    private var untold = 0
    private var buffer = ByteBuffer()
    // Flow-control credit for received bytes that has not been given back yet.
    private var credit = 0

    /// - Parameter limit: the largest message taken, in bytes, compressed and as it was before.
    init(limit: Int, coding: ContentCoding? = nil) {
        self.limit = limit
        self.coding = coding
    }

    /// True when bytes are left; once `next` has returned nil, the stream stopped inside a message.
    var hasBytes: Bool { buffer.readableBytes > 0 }

    /// Throws when the message that comes next cannot be taken, before it takes up memory.
    mutating func append(_ bytes: ByteBuffer) throws(FramingError) {
        credit += bytes.readableBytes
        if buffer.readableBytes == 0 {
            // The beginning of a message may wait long: it must not hold on to the whole read that it came with.
            buffer = isWhole(bytes) ? bytes : ByteBuffer(bytes: bytes.readableBytesView)
        } else {
            buffer.writeImmutableBuffer(bytes)
        }
        _ = try pendingLength()
    }

    /// The next whole message without its prefix, or nil until more bytes arrive.
    mutating func next() throws(FramingError) -> ByteBuffer? {
        guard let length = try pendingLength(), buffer.readableBytes >= Self.prefixLength + length else { return nil }
        tookCompressed = buffer.getInteger(at: buffer.readerIndex, as: UInt8.self) == 1
        buffer.moveReaderIndex(forwardBy: Self.prefixLength)
        takenBytes += length
        untold += 1
        let message = buffer.readSlice(length: length)
        guard tookCompressed, let message, let coding else { return message }
        return try decompressed(message, coding)
    }

    /// Bytes of all whole messages that have arrived, as they travelled, without their prefixes.
    var messageBytes: Int {
        var sum = takenBytes
        var position = buffer.readerIndex
        while let length = buffer.getInteger(at: position + 1, as: UInt32.self) {
            position += Self.prefixLength + Int(length)
            guard position <= buffer.writerIndex else { break }
            sum += Int(length)
        }
        return sum
    }

    private func decompressed(_ message: ByteBuffer, _ coding: ContentCoding) throws(FramingError) -> ByteBuffer {
        do throws(DecompressionError) {
            return ByteBuffer(bytes: try coding.decompressed(message.readableBytesSpan, limit: limit))
        } catch {
            switch error {
            case .corrupt: throw .corrupt(coding)
            case .tooLarge: throw .tooLarge(length: limit + 1, limit: limit)
            }
        }
    }

    /// Credit to give back now. Bytes of an unfinished message are paid back at once: a message larger than the
    /// flow-control window could not be completed otherwise, and the limit bounds what it holds. While a whole message
    /// waits to be taken, the credit of what waits stays with us, which is how a slow reader slows its peer.
    mutating func takeCredit() -> Int {
        let waiting = isWholeMessageWaiting ? buffer.readableBytes : 0
        guard credit > waiting else { return 0 }
        defer { credit = waiting }
        return credit - waiting
    }

    /// Messages taken since the last time.
    mutating func takeCount() -> Int {
        defer { untold = 0 }
        return untold
    }

    /// Forgets what is buffered; its credit is to be given back with `takeCredit`.
    mutating func discard() { buffer = ByteBuffer() }

    private func isWhole(_ bytes: ByteBuffer) -> Bool {
        guard let length = bytes.getInteger(at: bytes.readerIndex + 1, as: UInt32.self) else { return false }
        return bytes.readableBytes >= Self.prefixLength + Int(length)
    }

    private var isWholeMessageWaiting: Bool {
        do throws(FramingError) {
            guard let length = try pendingLength() else { return false }
            return buffer.readableBytes >= Self.prefixLength + length
        } catch {
            return true
        }
    }

    /// The length of the message that begins the buffer, nil while its prefix is incomplete.
    private func pendingLength() throws(FramingError) -> Int? {
        guard let flag = buffer.getInteger(at: buffer.readerIndex, as: UInt8.self) else { return nil }
        guard flag <= 1 else { throw .illegalFlag(flag) }
        guard let length = buffer.getInteger(at: buffer.readerIndex + 1, as: UInt32.self) else { return nil }
        guard flag == 0 || coding != nil else { throw .compressedWithoutEncoding }
        guard Int(length) <= limit else { throw .tooLarge(length: Int(length), limit: limit) }
        return Int(length)
    }
}

/// A message with its prefix, not compressed.
@usableFromInline
func framed(_ message: [UInt8]) -> ByteBuffer {
    var buffer = ByteBuffer()
    buffer.reserveCapacity(MessageReader.prefixLength + message.count)
    buffer.writeInteger(UInt8(0))
    buffer.writeInteger(UInt32(message.count))
    buffer.writeBytes(message)
    return buffer
}

/// - Parameter flag: other than 0 for what is no message, in protocols that end with something else.
func framed(_ message: ByteBuffer, flag: UInt8 = 0) -> ByteBuffer {
    var buffer = ByteBuffer()
    buffer.reserveCapacity(MessageReader.prefixLength + message.readableBytes)
    buffer.writeInteger(flag)
    buffer.writeInteger(UInt32(message.readableBytes))
    buffer.writeImmutableBuffer(message)
    return buffer
}
