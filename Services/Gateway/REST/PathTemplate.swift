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
