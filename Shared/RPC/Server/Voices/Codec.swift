import NIOCore
import Protobuf

/// How messages are written. Handlers know the binary form alone: JSON becomes binary before they see it, and their
/// answers become JSON after them, by the contract's descriptors.
enum Codec: String, Sendable {
    case proto
    case json

    /// Bytes of JSON that are read on the event loop, which takes about a millisecond; longer texts are read elsewhere.
    static let largestOnLoop = 64 * 1024

    /// Members that a message does not know are skipped, as the binary form skips such fields: a newer caller can talk
    /// to an older server in either.
    static func mapping(_ pool: DescriptorPool) -> JSONMapping {
        JSONMapping(pool, options: .init(ignoresUnknownFields: true))
    }

    /// The binary form of a message that was received.
    /// - Throws: INVALID_ARGUMENT for a text that is not JSON, or not of this type.
    func binary(_ message: ByteBuffer, _ type: String, by mapping: JSONMapping) throws(RPCError) -> ByteBuffer {
        guard self == .json else { return message }
        do throws(JSONError) {
            return ByteBuffer(bytes: try mapping.wire(fromJSON: [UInt8](message.readableBytesView), message: type))
        } catch {
            throw RPCError(.invalidArgument, "the message is not a valid \(type) in JSON: \(error)")
        }
    }

    /// A message with its prefix as it is sent.
    func written(framed message: ByteBuffer, _ type: String, by mapping: JSONMapping) throws(RPCError) -> ByteBuffer {
        guard self == .json else { return message }
        do throws(JSONError) {
            let bytes = message.readableBytesSpan.extracting(droppingFirst: MessageReader.prefixLength)
            return framed(try mapping.json(fromWire: bytes, message: type))
        } catch {
            throw RPCError(.internal, "the answer has no form in JSON: \(error)")
        }
    }
}
