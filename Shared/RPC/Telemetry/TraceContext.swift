/// Where a piece of work stands in a trace: the ids that go from caller to caller in `traceparent` (W3C Trace Context).
public struct TraceContext: Sendable, Hashable {
    /// 16 bytes, in two halves; not both zero.
    public let traceID: (high: UInt64, low: UInt64)
    /// Not zero.
    public let spanID: UInt64
    /// Whether somebody records the trace.
    public let isSampled: Bool

    init(traceID: (high: UInt64, low: UInt64), spanID: UInt64, isSampled: Bool) {
        self.traceID = traceID
        self.spanID = spanID
        self.isSampled = isSampled
    }

    /// The start of a trace.
    public init(isSampled: Bool = true) {
        self.init(
            traceID: (.random(in: 1 ... .max), .random(in: 1 ... .max)), spanID: .random(in: 1 ... .max),
            isSampled: isSampled)
    }

    /// Another span of the same trace.
    public func child() -> TraceContext {
        TraceContext(traceID: traceID, spanID: .random(in: 1 ... .max), isSampled: isSampled)
    }

    /// Nil when the text is not of version 00 (W3C Trace Context §3.2): then a new trace starts.
    public init?(traceparent text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        let isHexadecimal = text.utf8.allSatisfy { byte in
            byte == UInt8(ascii: "-") || (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte)
        }
        guard isHexadecimal, parts.map(\.utf8.count) == [2, 32, 16, 2], parts[0] == "00",
            let high = UInt64(parts[1].prefix(16), radix: 16), let low = UInt64(parts[1].dropFirst(16), radix: 16),
            let span = UInt64(parts[2], radix: 16), let flags = UInt8(parts[3], radix: 16), high | low != 0, span != 0
        else { return nil }
        self.init(traceID: (high, low), spanID: span, isSampled: flags & 1 != 0)
    }

    /// version-traceid-parent-flags, each in lower-case hexadecimal.
    public var traceparent: String {
        "00-\(Self.hexadecimal(traceID.high))\(Self.hexadecimal(traceID.low))-\(Self.hexadecimal(spanID))-"
            + (isSampled ? "01" : "00")
    }

    private static func hexadecimal(_ number: UInt64) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    public static func == (left: TraceContext, right: TraceContext) -> Bool {
        left.traceID == right.traceID && left.spanID == right.spanID && left.isSampled == right.isSampled
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(traceID.high)
        hasher.combine(traceID.low)
        hasher.combine(spanID)
    }
}
