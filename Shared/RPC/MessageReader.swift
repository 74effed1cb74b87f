import Compression
import NIOCore
import Protobuf

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
    // Of the message that begins the buffer; nil until its prefix is whole, and was read.
    private var prefix: Prefix?
    // Flow-control credit for received bytes that has not been given back yet.
    private var credit = 0

    /// - Parameter limit: the largest message taken, in bytes, compressed and as it was before.
    init(limit: Int, coding: ContentCoding? = nil) {
        self.limit = limit
        self.coding = coding
    }

    /// True when bytes are left; once `next` has returned nil, the stream stopped inside a message.
    var hasBytes: Bool { buffer.readableBytes > 0 }

    /// Bytes that wait for the rest of their message, or to be taken.
    var byteCount: Int { buffer.readableBytes }

    /// Throws when the message that comes next cannot be taken, before it takes up memory.
    mutating func append(_ bytes: ByteBuffer) throws(FramingError) {
        credit += bytes.readableBytes
        if buffer.readableBytes == 0 {
            // The beginning of a message may wait long: it must not hold on to the whole read that it came with.
            buffer = isWhole(bytes) ? bytes : ByteBuffer(bytes: bytes.readableBytesView)
        } else {
            buffer.writeImmutableBuffer(bytes)
        }
        try readPrefix()
    }

    /// The next whole message without its prefix, or nil until more bytes arrive.
    mutating func next() throws(FramingError) -> ByteBuffer? {
        try readPrefix()
        guard let prefix, buffer.readableBytes >= Self.prefixLength + prefix.length else { return nil }
        tookCompressed = prefix.isCompressed
        self.prefix = nil
        buffer.moveReaderIndex(forwardBy: Self.prefixLength)
        takenBytes += prefix.length
        untold += 1
        let message = buffer.readSlice(length: prefix.length)
        guard tookCompressed, let message, let coding else { return message }
        return try decompressed(message, coding)
    }

    /// Bytes of all whole messages that have arrived, as they travelled, without their prefixes.
    var messageBytes: Int {
        guard hasBytes else { return takenBytes }
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
        let waiting = isWholeMessageWaiting() ? buffer.readableBytes : 0
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
    mutating func discard() {
        buffer = ByteBuffer()
        prefix = nil
    }

    private func isWhole(_ bytes: ByteBuffer) -> Bool {
        guard let length = Self.raw(bytes)?.length else { return false }
        return bytes.readableBytes >= Self.prefixLength + length
    }

    private mutating func isWholeMessageWaiting() -> Bool {
        do throws(FramingError) {
            try readPrefix()
        } catch {
            return true
        }
        guard let prefix else { return false }
        return buffer.readableBytes >= Self.prefixLength + prefix.length
    }

    private struct Prefix {
        var isCompressed: Bool
        var length: Int
    }

    /// Looks at the prefix of the message that begins the buffer.
    private mutating func readPrefix() throws(FramingError) {
        guard prefix == nil, let (flag, length) = Self.raw(buffer) else { return }
        guard flag <= 1 else { throw .illegalFlag(flag) }
        guard let length else { return }
        guard flag == 0 || coding != nil else { throw .compressedWithoutEncoding }
        guard length <= limit else { throw .tooLarge(length: length, limit: limit) }
        prefix = Prefix(isCompressed: flag == 1, length: length)
    }

    /// The flag and, when all five bytes are there, the length.
    private static func raw(_ buffer: ByteBuffer) -> (flag: UInt8, length: Int?)? {
        guard buffer.readableBytes > 0 else { return nil }
        return buffer.withUnsafeReadableBytes { bytes in
            guard bytes.count >= prefixLength else { return (bytes[0], nil) }
            return (bytes[0], Int(UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: 1, as: UInt32.self))))
        }
    }
}

/// A message with its prefix, not compressed.
@usableFromInline
func framed<M: Message>(_ message: M) -> ByteBuffer {
    framed(message) { ByteBuffer(byteCount: $0, $1) }
}

/// The same, where `place` wants it.
/// - Parameter place: is told how many bytes there are, and has `write` fill memory of exactly this size.
func framed<M: Message, Result>(
    _ message: M, _ place: (_ byteCount: Int, _ write: (UnsafeMutableRawBufferPointer) -> Void) -> Result
) -> Result {
    message.serialize { message in
        place(MessageReader.prefixLength + message.byteCount) { memory in
            memory.storeBytes(of: 0, as: UInt8.self)
            memory.storeBytes(of: UInt32(message.byteCount).bigEndian, toByteOffset: 1, as: UInt32.self)
            message.pack(into: UnsafeMutableRawBufferPointer(rebasing: memory[MessageReader.prefixLength...]))
        }
    }
}

/// The same for bytes of another form.
func framed(_ message: [UInt8]) -> ByteBuffer { framed(ByteBuffer(bytes: message)) }

/// - Parameter flag: other than 0 for what is no message, in protocols that end with something else.
func framed(_ message: ByteBuffer, flag: UInt8 = 0) -> ByteBuffer {
    var buffer = ByteBuffer()
    buffer.reserveCapacity(MessageReader.prefixLength + message.readableBytes)
    buffer.writeInteger(flag)
    buffer.writeInteger(UInt32(message.readableBytes))
    buffer.writeImmutableBuffer(message)
    return buffer
}
