/// Percent-encoding of URLs (RFC 3986 §2.1).
enum PercentEncoding {
    /// Nil when an escape is not one, or when the bytes are not UTF-8. `plusIsSpace` for queries, as HTML forms write
    /// them.
    static func decode(_ text: some StringProtocol, plusIsSpace: Bool = false) -> String? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.utf8.count)
        var rest = Substring(text).utf8
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%") {
                let digits = rest.prefix(2).compactMap { Character(Unicode.Scalar($0)).hexDigitValue }
                guard digits.count == 2 else { return nil }
                bytes.append(UInt8(digits[0] << 4 | digits[1]))
                rest = rest.dropFirst(2)
            } else {
                bytes.append(plusIsSpace && byte == UInt8(ascii: "+") ? 0x20 : byte)
            }
        }
        return String(validating: bytes, as: UTF8.self)
    }
}

/// The parameters of a query, in order.
struct QueryParameters {
    /// More are refused.
    static let limit = 100

    private(set) var pairs: [(name: String, value: String)] = []

    /// - Throws: `HTTPFailure` 400.
    init(_ query: Substring) throws {
        let parts = query.split(separator: "&")
        guard parts.count <= QueryParameters.limit else {
            throw HTTPFailure.badRequest("BAD_QUERY", "the query has more than \(QueryParameters.limit) parameters")
        }
        for part in parts {
            let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = PercentEncoding.decode(pair[0], plusIsSpace: true),
                let value = PercentEncoding.decode(pair.count == 2 ? pair[1] : "", plusIsSpace: true)
            else { throw HTTPFailure.badRequest("BAD_QUERY", "the query is not percent-encoded UTF-8") }
            pairs.append((name, value))
        }
    }
}
