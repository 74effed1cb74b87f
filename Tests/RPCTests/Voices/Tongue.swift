import Compression
import HTTP
import NIOCore
import Protobuf
import Standard

@testable import RPC

/// A protocol and a codec, as a client speaks them.
enum Tongue: CaseIterable, Sendable {
    case grpc, grpcJSON, web, webJSON, webText, connect, connectJSON

    /// What there is to say it over: HTTP/1.1 has no place for gRPC.
    static let everywhere: [(Tongue, Wire)] = allCases.flatMap { tongue in
        Wire.allCases.filter { !tongue.isGRPC || $0 == .http2 }.map { (tongue, $0) }
    }

    struct Call: Sendable {
        var method: String
        var messages: [String]
        var headers: Headers = [:]
        /// Milliseconds.
        var timeout: String?
        var coding: ContentCoding?
        /// Codings that the client reads; nil says nothing of them.
        var accepts: String?

        init(_ method: String, _ messages: String...) {
            self.method = method
            self.messages = messages
        }

        var isUnary: Bool { method.hasSuffix("Unary") }
    }

    struct Outcome: Sendable {
        var status = 0
        var headers: Headers = [:]
        var messages: [String] = []
        var isCompressed = false
        var trailers: [(name: String, value: String)] = []
        var error: RPCError?

        func trailer(_ name: String) -> [String] { trailers.filter { $0.name == name }.map(\.value) }
    }

    var isGRPC: Bool { self == .grpc || self == .grpcJSON }
    var isConnect: Bool { self == .connect || self == .connectJSON }
    var isJSON: Bool { self == .grpcJSON || self == .webJSON || self == .connectJSON }

    func contentType(unary: Bool) -> String {
        switch self {
        case .grpc: "application/grpc"
        case .grpcJSON: "application/grpc+json"
        case .web: "application/grpc-web+proto"
        case .webJSON: "application/grpc-web+json"
        case .webText: "application/grpc-web-text+proto"
        case .connect: unary ? "application/proto" : "application/connect+proto"
        case .connectJSON: unary ? "application/json" : "application/connect+json"
        }
    }

    // MARK: Asking

    func call(_ call: Call, over wire: Wire, _ port: Int) async throws -> Outcome {
        let answer = try await wire.ask(port, head(call), body(call))
        return try outcome(answer, call)
    }

    func head(_ call: Call) -> RequestHead {
        var headers = call.headers
        headers.add("content-type", contentType(unary: call.isUnary))
        let prefix = !isConnect ? "grpc-" : call.isUnary ? "" : "connect-"
        let encoding = isConnect ? "content-encoding" : "encoding"
        if let coding = call.coding { headers.add("\(prefix)\(encoding)", coding.rawValue) }
        if let accepts = call.accepts { headers.add("\(prefix)accept-encoding", accepts) }
        if isConnect { headers.add("connect-protocol-version", "1") }
        if let timeout = call.timeout {
            headers.add(isConnect ? "connect-timeout-ms" : "grpc-timeout", timeout + (isConnect ? "" : "m"))
        }
        return RequestHead(
            method: "POST", scheme: "http", authority: "test", path: "/\(Conformance.service)/\(call.method)",
            headers: headers)
    }

    func body(_ call: Call) -> [UInt8] { call.messages.flatMap { body($0, call) } }

    /// One message as it travels.
    func body(_ text: String, _ call: Call) -> [UInt8] {
        var bytes = encoded(text)
        if let coding = call.coding { bytes = coding.compressed(bytes.span.bytes) }
        if isConnect, call.isUnary { return bytes }
        let prefixed = Array(framed(ByteBuffer(bytes: bytes), flag: call.coding == nil ? 0 : 1).readableBytesView)
        guard self == .webText else { return prefixed }
        return Array(Base64Stream.encode(ByteBuffer(bytes: prefixed)).readableBytesView)
    }

    func encoded(_ text: String) -> [UInt8] {
        isJSON ? JSONValue.string(text).text() : StringValue(value: text).serialized()
    }

    private func decoded(_ bytes: [UInt8]) throws -> String {
        try isJSON ? JSONValue(parsing: bytes).string ?? "" : StringValue(serialized: bytes).value
    }

    // MARK: Reading

    func outcome(_ answer: WireAnswer, _ call: Call) throws -> Outcome {
        var outcome = Outcome()
        outcome.status = answer.status
        outcome.headers = answer.headers
        if isConnect, call.isUnary {
            try readUnary(answer, &outcome)
            return outcome
        }
        var body = answer.body
        if self == .webText { body = try Tongue.unpadded(body) }
        let coding = answer.headers[first: isConnect ? "connect-content-encoding" : "grpc-encoding"]
            .flatMap(ContentCoding.init)
        var status = isGRPC ? (answer.trailers.isEmpty ? answer.headers : answer.trailers) : [:]
        for (flag, payload) in WireAnswer.frames(body) {
            switch flag {
            case 0x80:
                for line in String(decoding: payload, as: UTF8.self).split(separator: "\r\n") {
                    let name = line.prefix { $0 != ":" }
                    status.add(String(name), String(line.dropFirst(name.count + 2)))
                }
            case 2: try readEnd(payload, &outcome)
            case 1:
                outcome.isCompressed = true
                outcome.messages.append(try decoded(coding?.decompressed(payload.span.bytes, limit: 1 << 20) ?? []))
            default: outcome.messages.append(try decoded(payload))
            }
        }
        guard !isConnect else { return outcome }
        outcome.error = StatusTrailers.outcome(status)?.error ?? outcome.error
        if status[first: "grpc-status"] == nil { outcome.error = RPCError(.unknown, "there is no status") }
        outcome.trailers = status.map { ($0.name, $0.value) }
        return outcome
    }

    private func readUnary(_ answer: WireAnswer, _ outcome: inout Outcome) throws {
        outcome.trailers = answer.headers.filter { $0.name.hasPrefix("trailer-") }
            .map { (String($0.name.dropFirst(8)), $0.value) }
        guard answer.status == 200 else {
            outcome.error = answer.json.flatMap(Tongue.error) ?? RPCError(.unknown, "HTTP \(answer.status)")
            return
        }
        var body = answer.body
        if let coding = answer.headers[first: "content-encoding"].flatMap(ContentCoding.init) {
            outcome.isCompressed = true
            body = try coding.decompressed(body.span.bytes, limit: 1 << 20)
        }
        outcome.messages = [try decoded(body)]
    }

    private func readEnd(_ payload: [UInt8], _ outcome: inout Outcome) throws {
        let end = try JSONValue(parsing: payload)
        outcome.error = end["error"].flatMap(Tongue.error)
        guard case .object(let metadata)? = end["metadata"] else { return }
        outcome.trailers = metadata.members.flatMap { member in
            member.value.elements.compactMap { $0.string.map { (member.name, $0) } }
        }
    }

    static func error(_ json: JSONValue) -> RPCError? {
        guard let name = json["code"]?.string else { return nil }
        let code = StatusCode.allCases.first {
            $0.name.lowercased() == (name == "canceled" ? "cancelled" : name)
        }
        let details = json["details"]?.elements.map { detail in
            RPCError.Detail(
                typeURL: "type.googleapis.com/" + (detail["type"]?.string ?? ""),
                value: detail["value"]?.string.flatMap { Base64.decode($0) } ?? [])
        }
        return code.map { RPCError($0, json["message"]?.string ?? "", details: details ?? []) }
    }

    /// Base64 with padding wherever the server flushed.
    private static func unpadded(_ text: [UInt8]) throws -> [UInt8] {
        var stream = Base64Stream()
        let bytes = try stream.decode(ByteBuffer(bytes: text))
        return try Array(bytes.readableBytesView) + (stream.end().map { Array($0.readableBytesView) } ?? [])
    }
}
