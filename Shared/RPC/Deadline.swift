import NIOCore

/// A point on the monotonic clock by which a call must have its answer.
public struct Deadline: Sendable, Hashable, Comparable {
    let instant: NIODeadline

    init(_ instant: NIODeadline) { self.instant = instant }

    /// `duration` from now. A duration beyond 292 years counts as 292 years, one below zero as zero.
    public static func after(_ duration: Duration) -> Deadline {
        .after(duration, now: .now())
    }

    static func after(_ duration: Duration, now: NIODeadline) -> Deadline {
        let (sum, overflow) = duration.clampedNanoseconds.addingReportingOverflow(Int64(now.uptimeNanoseconds))
        return Deadline(.uptimeNanoseconds(UInt64(overflow ? Int64.max : max(sum, Int64(now.uptimeNanoseconds)))))
    }

    /// The time left; zero when the deadline has passed.
    public var remaining: Duration { remaining(at: .now()) }

    func remaining(at now: NIODeadline) -> Duration { .nanoseconds(max((instant - now).nanoseconds, 0)) }

    /// Nobody waits any more.
    public var hasPassed: Bool { instant <= .now() }

    public static func < (left: Deadline, right: Deadline) -> Bool { left.instant < right.instant }
}

/// `grpc-timeout`: one to eight digits and a unit (gRPC PROTOCOL-HTTP2, "Timeout").
enum TimeoutHeader {
    /// Nil when the text is not a timeout. Zero is legal and has already expired.
    static func decode(_ text: RawSpan) -> Duration? {
        let count = text.byteCount
        guard count >= 2, count <= 9 else { return nil }
        var value: Int64 = 0
        for place in 0..<count - 1 {
            let digit = text.unsafeLoad(fromByteOffset: place, as: UInt8.self)
            guard digit >= UInt8(ascii: "0"), digit <= UInt8(ascii: "9") else { return nil }
            value = value * 10 + Int64(digit - UInt8(ascii: "0"))
        }
        switch text.unsafeLoad(fromByteOffset: count - 1, as: UInt8.self) {
        case UInt8(ascii: "H"): return .seconds(value * 3600)
        case UInt8(ascii: "M"): return .seconds(value * 60)
        case UInt8(ascii: "S"): return .seconds(value)
        case UInt8(ascii: "m"): return .milliseconds(value)
        case UInt8(ascii: "u"): return .microseconds(value)
        case UInt8(ascii: "n"): return .nanoseconds(value)
        default: return nil
        }
    }

    /// The finest unit whose value fits eight digits, rounded down, at least one nanosecond.
    static func encode(_ duration: Duration) -> String {
        let nanoseconds = max(duration.clampedNanoseconds, 1)
        for index in units.indices where nanoseconds / units[index].scale < 100_000_000 {
            return text(nanoseconds / units[index].scale, units[index].letter)
        }
        return "99999999H"
    }

    private static let units: InlineArray<6, (letter: UInt8, scale: Int64)> = [
        (UInt8(ascii: "n"), 1), (UInt8(ascii: "u"), 1000), (UInt8(ascii: "m"), 1_000_000),
        (UInt8(ascii: "S"), 1_000_000_000), (UInt8(ascii: "M"), 60_000_000_000), (UInt8(ascii: "H"), 3_600_000_000_000),
    ]

    /// At most eight digits and the unit: a short string, without memory of its own.
    private static func text(_ value: Int64, _ unit: UInt8) -> String {
        var digits = InlineArray<9, UInt8>(repeating: unit)
        var (rest, first) = (value, 8)
        repeat {
            first -= 1
            digits[first] = UInt8(ascii: "0") + UInt8(rest % 10)
            rest /= 10
        } while rest > 0
        return String(unsafeUninitializedCapacity: 9 - first) { bytes in
            for place in first..<9 { bytes[place - first] = digits[place] }
            return 9 - first
        }
    }
}

extension Duration {
    /// Whole nanoseconds, clamped to what 64 bits hold.
    var clampedNanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, overflowed) = product.addingReportingOverflow(attoseconds / 1_000_000_000)
        return overflow || overflowed ? (seconds < 0 ? .min : .max) : sum
    }
}
