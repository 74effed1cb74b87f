import Protobuf

/// The query of a Connect GET. Parameters come in any order, unknown ones do not matter, of equal ones the first counts.
struct ConnectQuery {
    /// `proto` or `json`; nil without.
    let encoding: String?
    /// A content coding; nil without.
    let compression: String?
    /// `v1`; nil without.
    let version: String?
    let hasMessage: Bool
    /// Nil when it is malformed.
    let message: [UInt8]?

    /// - Parameter target: the path of a request, with its query.
    init(_ target: String) {
        // Nil for a value that is malformed.
        var values: [String: [UInt8]?] = [:]
        let query = target.utf8.drop { $0 != UInt8(ascii: "?") }.dropFirst()
        for pair in query.split(separator: UInt8(ascii: "&")) {
            let rawName = pair.prefix { $0 != UInt8(ascii: "=") }
            guard let name = ConnectQuery.decoded(rawName) else { continue }
            let key = String(decoding: name, as: UTF8.self)
            guard values[key] == nil else { continue }
            values.updateValue(ConnectQuery.decoded(pair.dropFirst(rawName.count + 1)), forKey: key)
        }
        func text(_ name: String) -> String? { (values[name] ?? nil).map { String(decoding: $0, as: UTF8.self) } }
        encoding = text("encoding")
        compression = text("compression")
        version = text("connect")
        hasMessage = values["message"] != nil
        message = text("base64") == "1" ? text("message").flatMap(ConnectQuery.base64) : values["message"] ?? nil
    }

    /// Percent-encoding as forms have it, where a plus is a space (WHATWG URL §5.1). Nil for a broken escape.
    private static func decoded(_ text: Substring.UTF8View) -> [UInt8]? {
        var decoded: [UInt8] = []
        decoded.reserveCapacity(text.count)
        var rest = text
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "+"): decoded.append(UInt8(ascii: " "))
            case UInt8(ascii: "%"):
                guard let high = rest.popFirst().flatMap(StatusMessage.hexValue),
                    let low = rest.popFirst().flatMap(StatusMessage.hexValue)
                else { return nil }
                decoded.append(high << 4 | low)
            default: decoded.append(byte)
            }
        }
        return decoded
    }

    /// For URLs (RFC 4648 §5), padded or not.
    private static func base64(_ text: String) -> [UInt8]? {
        Base64.decode(text, .either)
    }
}
