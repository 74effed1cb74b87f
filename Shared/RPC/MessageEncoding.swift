import Compression
import HTTP
import NIOCore

/// How messages of one direction of a call may be compressed (gRPC doc/compression.md).
enum MessageEncoding: Hashable, Sendable {
    /// Each message stands as it is.
    case identity
    /// Each message may be compressed, as its flag says.
    case coding(ContentCoding)
    /// An encoding that is not known here.
    case unknown(String)

    /// - Parameter value: the header `grpc-encoding`; nil without.
    init(wire value: String?) {
        switch value {
        case nil, "identity"?: self = .identity
        case let name?: self = ContentCoding(rawValue: name).map { .coding($0) } ?? .unknown(name)
        }
    }

    /// What `grpc-accept-encoding` says of this side: all that can be read.
    static let accepted = (["identity"] + ContentCoding.allCases.map(\.rawValue)).joined(separator: ",")

    /// Whether a peer that sent this `grpc-accept-encoding` reads a coding.
    static func accepts(_ header: String?, _ coding: ContentCoding) -> Bool {
        guard let header else { return false }
        return header.split(separator: ",").contains { $0.drop { $0 == " " }.prefix { $0 != " " } == coding.rawValue }
    }
}

extension ContentCoding {
    /// A framed message, compressed: the same message where that would not make it smaller.
    func compressed(framed message: ByteBuffer) -> ByteBuffer {
        guard message.readableBytes > MessageReader.prefixLength + ContentCoding.smallest else { return message }
        let small = compressed(message.readableBytesSpan.extracting(droppingFirst: MessageReader.prefixLength))
        guard small.count < message.readableBytes - MessageReader.prefixLength else { return message }
        var buffer = ByteBuffer()
        buffer.reserveCapacity(MessageReader.prefixLength + small.count)
        buffer.writeInteger(UInt8(1))
        buffer.writeInteger(UInt32(small.count))
        buffer.writeBytes(small)
        return buffer
    }

    /// Bytes up to which a message is sent as it is: headers of the codings alone take a dozen.
    private static let smallest = 64
}
