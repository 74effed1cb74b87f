/// A path template of google.api.http (google/api/http.proto, "Path template syntax"):
/// `/v1/{name=organizations/*/relationships/*}:activate`.
struct PathTemplate: Sendable, Hashable {
    enum Segment: Sendable, Hashable {
        case literal(String)
        /// `*`: one segment that is not empty.
        case one
        /// `**`: what is left, even nothing.
        case rest
    }

    /// A field path of the request and the segments that it takes.
    struct Variable: Sendable, Hashable {
        var field: String
        var segments: Range<Int>
    }

    private(set) var segments: [Segment] = []
    private(set) var variables: [Variable] = []
    /// What follows the last colon; empty without one.
    let verb: String

    struct Malformed: Error, CustomStringConvertible {
        let template: String
        let problem: String
        var description: String { "the path template \(template) is malformed: \(problem)" }
    }

    init(_ template: String) throws {
        func malformed(_ problem: String) -> Malformed { Malformed(template: template, problem: problem) }
        guard template.hasPrefix("/") else { throw malformed("it does not begin with a slash") }
        var path = template.dropFirst()
        if let colon = path.lastIndex(of: ":"), !path[colon...].contains(where: { $0 == "/" || $0 == "}" }) {
            verb = String(path[path.index(after: colon)...])
            path = path[..<colon]
            guard !verb.isEmpty else { throw malformed("its verb is empty") }
        } else {
            verb = ""
        }
        while true {
            if path.hasPrefix("{") {
                guard let end = path.firstIndex(of: "}") else { throw malformed("a variable does not end") }
                let parts = path[..<end].dropFirst().split(
                    separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                let start = segments.count
                for segment in (parts.count == 2 ? parts[1] : "*").split(
                    separator: "/", omittingEmptySubsequences: false)
                {
                    segments.append(try PathTemplate.segment(segment).or(malformed("a segment is not valid")))
                }
                guard !parts[0].isEmpty else { throw malformed("a variable has no name") }
                variables.append(Variable(field: String(parts[0]), segments: start..<segments.count))
                path = path[path.index(after: end)...]
            } else {
                let end = path.firstIndex(of: "/") ?? path.endIndex
                segments.append(try PathTemplate.segment(path[..<end]).or(malformed("a segment is not valid")))
                path = path[end...]
            }
            if path.isEmpty { break }
            guard path.hasPrefix("/") else { throw malformed("a slash is missing behind a variable") }
            path = path.dropFirst()
        }
        if segments.dropLast().contains(.rest) { throw malformed("** must come last") }
    }

    private static func segment(_ text: Substring) -> Segment? {
        switch text {
        case "*": return .one
        case "**": return .rest
        default: return text.isEmpty || text.contains(where: { "*{}=:".contains($0) }) ? nil : .literal(String(text))
        }
    }

    /// What a matching path gives each variable.
    func values(of path: [String]) -> [(field: String, value: String)] {
        variables.map { variable in
            let isOpen = variable.segments.upperBound == segments.count && segments.last == .rest
            let end = isOpen ? path.count : variable.segments.upperBound
            return (variable.field, path[variable.segments.lowerBound..<end].joined(separator: "/"))
        }
    }
}

extension Optional {
    fileprivate func or(_ error: some Error) throws -> Wrapped {
        guard let self else { throw error }
        return self
    }
}

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
