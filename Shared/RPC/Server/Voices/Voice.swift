import Compression
import HTTP
import NIOCore

/// The seam between a call and the wire. A call takes messages with their prefix, gives messages with their prefix, and
/// ends with a status; a voice makes bytes, header fields and trailers of one protocol of that, and the other way round.
///
/// Plain gRPC is a voice like the others, one that has nothing to change: its value needs no memory of its own.
protocol Voice {
    /// What a request is answered with whose message cannot be read.
    var malformed: StatusCode { get }

    /// The next bytes of the request's body, as messages with their prefix.
    mutating func read(_ bytes: ByteBuffer) throws(FramingError) -> ByteBuffer

    /// What is left when the body is complete.
    mutating func readEnd() throws(FramingError) -> ByteBuffer?

    /// Bytes of the request that are kept until it is complete.
    var heldBytes: Int { get }

    /// Whether the caller reads answers in this coding.
    func accepts(_ coding: ContentCoding, _ metadata: Metadata) -> Bool

    /// Begins the response: once, before the first message.
    /// - Parameter coding: of the messages that are flagged as compressed.
    mutating func begin(_ exchange: any Exchange, _ metadata: Metadata, _ coding: ContentCoding?)

    /// False where `write` hands messages on as they are, so that they can be written in place instead.
    var changesMessages: Bool { get }

    /// Sends a message with its prefix.
    mutating func write(_ exchange: any Exchange, _ message: ByteBuffer)

    /// Sends the status: nil for OK. The last thing that is asked of a voice.
    mutating func end(_ exchange: any Exchange, _ error: RPCError?, _ metadata: EndMetadata)
}

extension Voice {
    var heldBytes: Int { 0 }
    var changesMessages: Bool { true }
}

/// What goes with the status of a call.
struct EndMetadata {
    /// Whether the response has begun, and its initial metadata with it.
    var hasBegun = false
    var initial = Metadata()
    var trailing = Metadata()
}

/// What the head of a request says of its call, in whichever voice.
struct CallTerms {
    /// Until the caller stops waiting; nil when it waits for ever.
    var timeout: Duration?
    /// How the caller's messages are compressed.
    var requestCoding: ContentCoding?
    /// How the answer's are, unless the handler says otherwise.
    var responseCoding: ContentCoding?
}

extension Headers {
    mutating func add(_ metadata: Metadata, prefix: String = "") {
        for (name, value) in metadata { add(prefix + name, value) }
    }
}
