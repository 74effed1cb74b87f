import Compression
import HTTP
import NIOCore
import Protobuf

/// Connect's unary calls: bodies are the bare messages, HTTP's status tells the outcome, an error is a JSON text. The
/// trailing metadata stands in the head, so nothing is sent before the end.
struct ConnectUnary: Voice {
    private let codec: Codec
    private let isGet: Bool
    private let codings: [ContentCoding]
    private let mapping: JSONMapping
    private let limit: Int
    // The message of the request, with room for its prefix in front.
    private var request = ConnectUnary.prefix
    private var isCompressed: Bool
    private var initial = Metadata()
    // The message of the answer, with its prefix, and how it is compressed if its flag says so.
    private var answer: ByteBuffer?
    private var answers = 0
    private var coding: ContentCoding?

    private static let prefix = ByteBuffer(repeating: 0, count: MessageReader.prefixLength)

    /// - Parameter limit: the largest message taken, in bytes.
    init(_ codec: Codec, _ headers: Headers, _ mapping: JSONMapping, limit: Int) {
        let own = headers[first: "content-encoding"]
        self.init(codec, headers, mapping, limit: limit, isGet: false, own: own)
    }

    /// A GET, whose message is in its query.
    init(_ codec: Codec, _ query: ConnectQuery, _ headers: Headers, _ mapping: JSONMapping, limit: Int) {
        self.init(codec, headers, mapping, limit: limit, isGet: true, own: query.compression)
        request.writeBytes(query.message ?? [])
    }

    private init(
        _ codec: Codec, _ headers: Headers, _ mapping: JSONMapping, limit: Int, isGet: Bool, own: String?
    ) {
        self.codec = codec
        self.isGet = isGet
        self.mapping = mapping
        self.limit = limit
        let coding = own.flatMap(ContentCoding.init)
        isCompressed = coding != nil
        codings = Connect.accepted(headers[first: "accept-encoding"], coding)
    }

    var malformed: StatusCode { .invalidArgument }

    mutating func read(_ bytes: ByteBuffer) throws(FramingError) -> ByteBuffer {
        guard !isGet else { return ByteBuffer() }  // no meaning is defined for it (RFC 9110 §9.3.1)
        let length = request.readableBytes - MessageReader.prefixLength + bytes.readableBytes
        guard length <= limit else { throw .tooLarge(length: length, limit: limit) }
        request.writeImmutableBuffer(bytes)
        return ByteBuffer()
    }

    mutating func readEnd() -> ByteBuffer? {
        let length = request.readableBytes - MessageReader.prefixLength
        // Nothing is nothing, in every coding.
        request.setInteger(UInt8(isCompressed && length > 0 ? 1 : 0), at: 0)
        request.setInteger(UInt32(length), at: 1)
        defer { request = ByteBuffer() }
        return request
    }

    var heldBytes: Int { request.readableBytes }

    func accepts(_ coding: ContentCoding, _ metadata: Metadata) -> Bool { codings.contains(coding) }

    mutating func begin(_ exchange: any Exchange, _ metadata: Metadata, _ coding: ContentCoding?) {
        initial = metadata
        self.coding = coding
    }

    mutating func write(_ exchange: any Exchange, _ message: ByteBuffer) {
        answer = message
        answers += 1
    }

    mutating func end(_ exchange: any Exchange, _ error: RPCError?, _ metadata: EndMetadata) {
        var trailing = metadata.trailing
        let initial = metadata.hasBegun ? initial : metadata.initial
        let error = error ?? cardinalityError
        if let error { trailing.add(error.metadata) }
        var head = ResponseHead(status: error.map { Connect.status(of: $0.code) } ?? 200)
        let body: ByteBuffer
        if let error {
            head.headers.add("content-type", "application/json")
            if error.code == .unauthenticated { head.headers.add("www-authenticate", "Bearer") }
            body = ByteBuffer(bytes: Connect.json(error, mapping).text())
        } else {
            head.headers.add("content-type", "application/" + codec.rawValue)
            body = bareAnswer(&head)
        }
        head.headers.add("content-length", String(body.readableBytes))
        head.headers.add(initial)
        head.headers.add(trailing, prefix: "trailer-")
        if isGet { ConnectUnary.keepPrivate(&head.headers) }
        exchange.respond(head, endStream: body.readableBytes == 0)
        guard body.readableBytes > 0 else { return }
        exchange.write(body)
        exchange.end(trailers: nil)
    }

    private func bareAnswer(_ head: inout ResponseHead) -> ByteBuffer {
        guard var body = answer else { return ByteBuffer() }
        if body.readInteger(as: UInt8.self) == 1, let coding {
            head.headers.add("content-encoding", coding.rawValue)
        }
        body.moveReaderIndex(forwardBy: MessageReader.prefixLength - 1)
        return body
    }

    /// A handler that passes calls on may be given anything.
    private var cardinalityError: RPCError? {
        answers == 1 ? nil : RPCError(.internal, "one answer was expected, \(answers) were given")
    }

    /// What pairs say to each other belongs into no cache, and least of all into one that others share, unless the
    /// handler knows better.
    private static func keepPrivate(_ headers: inout Headers) {
        if headers[first: "cache-control"] == nil { headers.add("cache-control", "no-store") }
        headers.add("vary", "authorization, accept-encoding")
    }
}

extension CallTerms {
    init(connectUnary headers: Headers) throws(RPCError) {
        try Connect.checkVersion(headers[first: "connect-protocol-version"], is: "1", "connect-protocol-version")
        try self.init(headers, compression: headers[first: "content-encoding"])
    }

    init(connectGet query: ConnectQuery, _ headers: Headers) throws(RPCError) {
        try Connect.checkVersion(query.version, is: "v1", "connect")
        guard query.hasMessage else { throw RPCError(.invalidArgument, "the query has no message") }
        try self.init(headers, compression: query.compression)
        guard query.message != nil else { throw RPCError(.invalidArgument, "the message of the query is malformed") }
    }

    private init(_ headers: Headers, compression: String?) throws(RPCError) {
        timeout = try Connect.timeout(headers[first: "connect-timeout-ms"])
        requestCoding = try Connect.coding(compression)
        responseCoding = Connect.accepted(headers[first: "accept-encoding"], requestCoding).first
    }
}
