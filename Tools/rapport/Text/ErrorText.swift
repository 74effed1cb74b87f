import RPC

/// A failed call, as a person can act on it.
struct ErrorText {
    let error: RPCError

    init(_ error: RPCError) {
        self.error = error
    }

    var lines: [String] {
        var lines = ["\(error.code.name): \(error.message)"]
        if let info = error.errorInfo {
            let facts = info.metadata.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
            lines.append(([" reason: \(info.reason)"] + facts).joined(separator: "  "))
        }
        lines += error.fieldViolations.map { " field \($0.field): \($0.description)" }
        if let delay = error.retryDelay { lines.append(" try again in \(Format.seconds(delay))") }
        return lines
    }

    var text: String { lines.joined(separator: "\n") }
}
