import Compression
import HTTP
import NIOCore

/// gRPC-Web (gRPC PROTOCOL-WEB): for browsers, whose HTTP knows no trailers. The status is the last frame of the body,
/// always: what a browser may see of the header fields depends on the origin.
struct GRPCWeb: Voice {
    /// The flag of the frame that holds the trailers.
    private static let trailersFlag: UInt8 = 0x80

    private let head: ResponseHead
    private let writesText: Bool
    private var text: Base64Stream?

    init(_ codec: Codec, isText: Bool, accept: String?) {
        text = isText ? Base64Stream() : nil
        // The caller says by Accept that it needs text, as XMLHttpRequest does (PROTOCOL-WEB, "Text-encoded streams").
        let isAccepted = accept.map { $0.contains("application/grpc-web-text") } ?? false
        let isRefused = accept.map { !isAccepted && $0.contains("application/grpc-web") } ?? false
        writesText = isAccepted || isText && !isRefused
        let type = (writesText ? "application/grpc-web-text+" : "application/grpc-web+") + codec.rawValue
        head = ResponseHead(status: 200, headers: ["content-type": type])
    }

    var malformed: StatusCode { .internal }

    mutating func read(_ bytes: ByteBuffer) throws(FramingError) -> ByteBuffer {
        text == nil ? bytes : try text?.decode(bytes) ?? bytes
    }

    mutating func readEnd() throws(FramingError) -> ByteBuffer? { try text?.end() }

    func accepts(_ coding: ContentCoding, _ metadata: Metadata) -> Bool {
        MessageEncoding.accepts(metadata.wire("grpc-accept-encoding"), coding)
    }

    func begin(_ exchange: any Exchange, _ metadata: Metadata, _ coding: ContentCoding?) {
        var head = head
        if let coding { head.headers.add("grpc-encoding", coding.rawValue) }
        head.headers.add(metadata)
        exchange.respond(head, endStream: false)
    }

    func write(_ exchange: any Exchange, _ message: ByteBuffer) {
        exchange.write(writesText ? Base64Stream.encode(message) : message)
    }

    func end(_ exchange: any Exchange, _ error: RPCError?, _ metadata: EndMetadata) {
        if !metadata.hasBegun { begin(exchange, metadata.initial, nil) }
        var block = ByteBuffer()
        for (name, value) in StatusTrailers.make(error, metadata.trailing) {
            block.writeString("\(name): \(value)\r\n")
        }
        write(exchange, framed(block, flag: GRPCWeb.trailersFlag))
        exchange.end(trailers: nil)
    }
}
