import Standard

/// A point in time, UTC, in microseconds since 1970-01-01T00:00:00Z. Years 1 to 9999.
public struct Instant: Hashable, Comparable, Sendable {
    public static let microsecondsPerHour: Int64 = 3_600_000_000
    public static let microsecondsPerDay: Int64 = 24 * microsecondsPerHour
    /// What `google.protobuf.Timestamp` allows, in seconds.
    private static let seconds: ClosedRange<Int64> = -62_135_596_800...253_402_300_799

    public var microseconds: Int64

    public init(microseconds: Int64) {
        self.microseconds = microseconds
    }

    /// Cuts below the microsecond.
    /// - Throws: `Refusal` INVALID_ARGUMENT for what is no timestamp.
    public init(_ timestamp: Timestamp) throws {
        guard Instant.seconds.contains(timestamp.seconds), (0..<1_000_000_000).contains(timestamp.nanos) else {
            throw Refusal(
                .invalidArgument, "BAD_TIMESTAMP",
                "a timestamp lies in the years 1 to 9999, its nanos in 0 to 999,999,999")
        }
        microseconds = timestamp.seconds * 1_000_000 + Int64(timestamp.nanos) / 1000
    }

    public var timestamp: Timestamp {
        let (seconds, rest) = microseconds.quotientAndRemainder(dividingBy: 1_000_000)
        return rest < 0
            ? Timestamp(seconds: seconds - 1, nanos: Int32((rest + 1_000_000) * 1000))
            : Timestamp(seconds: seconds, nanos: Int32(rest * 1000))
    }

    public func adding(days: Int = 0, hours: Int = 0, minutes: Int = 0) -> Instant {
        let total = Int64(days) * 24 * 60 + Int64(hours) * 60 + Int64(minutes)
        return Instant(microseconds: microseconds + total * 60_000_000)
    }

    public func adding(microseconds: Int64) -> Instant {
        Instant(microseconds: self.microseconds + microseconds)
    }

    /// Microseconds from `right` to `left`.
    public static func - (left: Instant, right: Instant) -> Int64 {
        left.microseconds - right.microseconds
    }

    public static func < (left: Instant, right: Instant) -> Bool {
        left.microseconds < right.microseconds
    }
}
