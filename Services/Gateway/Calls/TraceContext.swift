import RPC

/// A W3C trace context: continues the caller's trace, or starts one.
struct TraceContext: Sendable, Hashable {
    /// version-traceid-parent-flags, each in lower-case hexadecimal.
    let text: String

    /// The same for all calls that one request leads to.
    static func of(_ context: ServerContext) -> TraceContext {
        if let known = context[TraceContext.self] { return known }
        let trace = context.metadata["traceparent"].flatMap(TraceContext.init(received:)) ?? TraceContext()
        context[TraceContext.self] = trace
        return trace
    }

    /// Nil when the text is not of version 00 (W3C Trace Context §3.2): then a new trace starts.
    init?(received text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        let isHexadecimal = text.utf8.allSatisfy { byte in
            byte == UInt8(ascii: "-") || (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte)
        }
        guard isHexadecimal, parts.map(\.utf8.count) == [2, 32, 16, 2], parts[0] == "00",
            parts[1].contains(where: { $0 != "0" }), parts[2].contains(where: { $0 != "0" })
        else { return nil }
        self.text = text
    }

    init() {
        func random() -> String {
            let digits = String(UInt64.random(in: 1 ... .max), radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }
        text = "00-\(random())\(random())-\(random())-01"
    }
}
