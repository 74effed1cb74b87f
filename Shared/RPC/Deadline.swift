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
    static func decode(_ text: String) -> Duration? {
        let bytes = text.utf8
        guard (2...9).contains(bytes.count), let unit = bytes.last else { return nil }
        var value: Int64 = 0
        for digit in bytes.dropLast() {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
            value = value * 10 + Int64(digit - UInt8(ascii: "0"))
        }
        switch unit {
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
        for (unit, scale) in units where nanoseconds / scale < 100_000_000 {
            return "\(nanoseconds / scale)\(unit)"
        }
        return "99999999H"
    }

    private static let units: [(String, Int64)] = [
        ("n", 1), ("u", 1000), ("m", 1_000_000), ("S", 1_000_000_000), ("M", 60_000_000_000), ("H", 3_600_000_000_000),
    ]
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
