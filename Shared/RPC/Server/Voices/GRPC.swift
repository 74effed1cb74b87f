import Compression
import HTTP
import NIOCore

/// gRPC (PROTOCOL-HTTP2): bodies are what a call reads and writes, the status comes in the trailers.
struct GRPC: Voice {
    let codec: Codec

    static let responseHead = ResponseHead(status: 200, headers: .constant(["content-type": "application/grpc"]))
    private static let jsonHead = ResponseHead(
        status: 200, headers: .constant(["content-type": "application/grpc+json"]))

    var malformed: StatusCode { .internal }
    private var head: ResponseHead { codec == .json ? GRPC.jsonHead : GRPC.responseHead }

    func read(_ bytes: ByteBuffer) -> ByteBuffer { bytes }

    func readEnd() -> ByteBuffer? { nil }

    func accepts(_ coding: ContentCoding, _ metadata: Metadata) -> Bool {
        MessageEncoding.accepts(metadata.wire("grpc-accept-encoding"), coding)
    }

    func begin(_ exchange: any Exchange, _ metadata: Metadata, _ coding: ContentCoding?) {
        guard coding != nil || !metadata.isEmpty else { return exchange.respond(head, endStream: false) }
        var head = head
        if let coding { head.headers.add("grpc-encoding", coding.rawValue) }
        for (name, value) in metadata { head.headers.add(name, value) }
        exchange.respond(head, endStream: false)
    }

    var changesMessages: Bool { false }

    func write(_ exchange: any Exchange, _ message: ByteBuffer) { exchange.write(message) }

    func end(_ exchange: any Exchange, _ error: RPCError?, _ metadata: EndMetadata) {
        let trailers = StatusTrailers.make(error, metadata.trailing)
        guard !metadata.hasBegun else { return exchange.end(trailers: trailers) }
        var head = head
        for (name, value) in metadata.initial { head.headers.add(name, value) }
        for (name, value) in trailers { head.headers.add(name, value) }
        exchange.respond(head, endStream: true)
    }
}

extension CallTerms {
    /// gRPC and gRPC-Web say the same in the same fields: `grpc-timeout` and `grpc-encoding`.
    init(grpc headers: Headers) throws(RPCError) {
        if let duration = headers.withValue(of: "grpc-timeout", TimeoutHeader.decode) {
            guard let duration else {
                throw RPCError(.internal, "\"\(headers.value(of: "grpc-timeout") ?? "")\" is not a grpc-timeout")
            }
            timeout = duration
        }
        switch MessageEncoding(wire: headers.value(of: "grpc-encoding")) {
        case .identity: break
        case .coding(let known): (requestCoding, responseCoding) = (known, known)
        case .unknown(let name):
            throw RPCError(.unimplemented, "grpc-encoding \(name.prefix(32)) is not known here")
        }
    }
}
