import Compression
import HTTP
import NIOCore
import Protobuf

/// Connect's streaming calls: messages with gRPC's prefix; the last one is a JSON text that holds the error, if there is
/// one, and the trailing metadata. HTTP's status is 200 whatever happens.
struct ConnectStream: Voice {
    /// The flag of the last message.
    private static let endFlag: UInt8 = 2

    private let head: ResponseHead
    private let codings: [ContentCoding]
    private let mapping: JSONMapping

    init(_ codec: Codec, _ headers: Headers, _ mapping: JSONMapping) {
        head = ResponseHead(status: 200, headers: ["content-type": "application/connect+" + codec.rawValue])
        codings = Connect.accepted(
            headers[first: "connect-accept-encoding"],
            headers[first: "connect-content-encoding"].flatMap(ContentCoding.init))
        self.mapping = mapping
    }

    var malformed: StatusCode { .invalidArgument }

    func read(_ bytes: ByteBuffer) -> ByteBuffer { bytes }

    func readEnd() -> ByteBuffer? { nil }

    func accepts(_ coding: ContentCoding, _ metadata: Metadata) -> Bool { codings.contains(coding) }

    func begin(_ exchange: any Exchange, _ metadata: Metadata, _ coding: ContentCoding?) {
        var head = head
        if let coding { head.headers.add("connect-content-encoding", coding.rawValue) }
        head.headers.add(metadata)
        exchange.respond(head, endStream: false)
    }

    func write(_ exchange: any Exchange, _ message: ByteBuffer) { exchange.write(message) }

    func end(_ exchange: any Exchange, _ error: RPCError?, _ metadata: EndMetadata) {
        if !metadata.hasBegun { begin(exchange, metadata.initial, nil) }
        var object = JSONObject()
        if let error { object["error"] = Connect.json(error, mapping) }
        var trailing = metadata.trailing
        if let error { trailing.add(error.metadata) }
        if !trailing.isEmpty { object["metadata"] = ConnectStream.json(trailing) }
        let text = ByteBuffer(bytes: JSONValue.object(object).text())
        exchange.write(framed(text, flag: ConnectStream.endFlag))
        exchange.end(trailers: nil)
    }

    /// Each name once, with all of its values.
    private static func json(_ metadata: Metadata) -> JSONValue {
        var object = JSONObject()
        for (name, value) in metadata {
            var values: [JSONValue] = []
            if case .array(let known)? = object[name] { values = known }
            object[name] = .array(values + [.string(value)])
        }
        return .object(object)
    }
}

extension CallTerms {
    init(connectStream headers: Headers) throws(RPCError) {
        try Connect.checkVersion(headers[first: "connect-protocol-version"], is: "1", "connect-protocol-version")
        timeout = try Connect.timeout(headers[first: "connect-timeout-ms"])
        requestCoding = try Connect.coding(headers[first: "connect-content-encoding"])
        responseCoding = Connect.accepted(headers[first: "connect-accept-encoding"], requestCoding).first
    }
}
