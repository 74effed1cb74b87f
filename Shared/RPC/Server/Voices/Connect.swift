import Compression
import HTTP
import NIOCore
import Protobuf

/// What Connect's unary and streaming calls have in common (connectrpc.com/docs/protocol).
enum Connect {
    /// In the order in which they are told; every caller reads what is not compressed. deflate is left out: HTTP's users
    /// never agreed on what it means.
    static let codings: [ContentCoding] = [.gzip, .zstd]

    /// `Connect-Timeout-Ms`: at most ten digits.
    static func timeout(_ text: String?) throws(RPCError) -> Duration? {
        guard let text else { return nil }
        guard (1...10).contains(text.utf8.count), text.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let milliseconds = Int64(text)
        else {
            throw RPCError(
                .invalidArgument, "\"\(text.prefix(32))\" is not a connect-timeout-ms: at most ten digits are needed")
        }
        return .milliseconds(milliseconds)
    }

    /// - Parameter name: of a content coding; nil and `identity` mean none.
    static func coding(_ name: String?) throws(RPCError) -> ContentCoding? {
        guard let name, !name.isEmpty, name != "identity" else { return nil }
        guard let coding = ContentCoding(rawValue: name), codings.contains(coding) else {
            let known = codings.map(\.rawValue).joined(separator: ", ")
            throw RPCError(.unimplemented, "the compression \(name.prefix(32)) is not known here, but \(known) are")
        }
        return coding
    }

    /// The codings that a caller reads, the one that it likes best first. Weights do not count, save that 0 means no
    /// (RFC 9110 §12.4.2).
    /// - Parameter accept: `Accept-Encoding` or `Connect-Accept-Encoding`; without it the caller reads what it writes.
    static func accepted(_ accept: String?, _ own: ContentCoding?) -> [ContentCoding] {
        guard let accept else { return [own].compactMap { $0 }.filter(codings.contains) }
        return accept.split(separator: ",").compactMap { item in
            let parts = item.split(separator: ";").map { $0.filter { $0 != " " }.lowercased() }
            guard let coding = parts.first.flatMap(ContentCoding.init), codings.contains(coding),
                !parts.dropFirst().contains(where: { Double($0.dropFirst(2)) == 0 && $0.hasPrefix("q=") })
            else { return nil }
            return coding
        }
    }

    static func checkVersion(_ version: String?, is expected: String, _ name: String) throws(RPCError) {
        guard let version, version != expected else { return }
        throw RPCError(.invalidArgument, "\(name) must be \(expected), not \"\(version.prefix(32))\"")
    }

    // MARK: Errors

    /// The HTTP status of a unary call that failed.
    static func status(of code: StatusCode) -> Int {
        switch code {
        case .invalidArgument, .failedPrecondition, .outOfRange: 400
        case .unauthenticated: 401
        case .permissionDenied: 403
        case .notFound: 404
        case .alreadyExists, .aborted: 409
        case .resourceExhausted: 429
        case .cancelled: 499
        case .ok, .unknown, .internal, .dataLoss: 500
        case .unimplemented: 501
        case .unavailable: 503
        case .deadlineExceeded: 504
        }
    }

    /// `{"code", "message", "details"}`. A detail of a type that the contract knows is told in JSON too.
    static func json(_ error: RPCError, _ mapping: JSONMapping) -> JSONValue {
        var object: JSONObject = ["code": .string(name(of: error.code))]
        if !error.message.isEmpty { object["message"] = .string(error.message) }
        if !error.details.isEmpty {
            object["details"] = .array(error.details.map { json($0, mapping) })
        }
        return .object(object)
    }

    private static func json(_ detail: RPCError.Detail, _ mapping: JSONMapping) -> JSONValue {
        let type = String(detail.typeURL.split(separator: "/").last ?? "")
        var object: JSONObject = [
            "type": .string(type), "value": .string(Base64.encode(detail.value, isPadded: false)),
        ]
        if let text = try? mapping.json(fromWire: detail.value, message: type),
            let value = try? JSONValue(parsing: text)
        {
            object["debug"] = value
        }
        return .object(object)
    }

    /// gRPC's names in lower case, and one of them with one l.
    private static func name(of code: StatusCode) -> String {
        switch code {
        case .ok: "unknown"
        case .cancelled: "canceled"
        default: code.name.lowercased()
        }
    }
}
