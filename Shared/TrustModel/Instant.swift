/// A point in time: microseconds since 1970-01-01T00:00:00Z.
public struct Instant: Hashable, Comparable, Sendable {
    public var microseconds: Int64

    public init(microseconds: Int64) {
        self.microseconds = microseconds
    }

    public static let microsecondsPerDay: Int64 = 86_400_000_000

    /// Evidence and relationship starts lie in 2000-01-01 ... 2080-01-01 (UTC): 80 years at the shortest half-life of
    /// 30 days keep every accumulator below 2^975, inside a Double (docs/domain.md §3.4).
    public static let supported =
        Instant(microseconds: 946_684_800_000_000)...Instant(microseconds: 3_471_292_800_000_000)

    public static func < (left: Instant, right: Instant) -> Bool {
        left.microseconds < right.microseconds
    }

    /// Days of 86 400 s from `earlier` to here, negative when `earlier` is later. Never traps.
    public func days(since earlier: Instant) -> Double {
        // Subtracting as Double cannot overflow and is exact for every instant until the year 2255.
        (Double(microseconds) - Double(earlier.microseconds)) / Double(Instant.microsecondsPerDay)
    }

    /// Whole days of 86 400 s later (or earlier). The result must be within Int64's range.
    public func advanced(byDays days: Int) -> Instant {
        Instant(microseconds: microseconds + Int64(days) * Instant.microsecondsPerDay)
    }

    /// The number of the UTC day, counted from 1970-01-01.
    var utcDay: Int64 {
        Instant.floorDivide(microseconds, Instant.microsecondsPerDay)
    }

    /// The first instant of this UTC day.
    public var midnight: Instant {
        Instant(microseconds: utcDay * Instant.microsecondsPerDay)
    }

    /// floor((self − start) / 7 d): the number of the relationship's week.
    func week(from start: Instant) -> Int64 {
        Instant.floorDivide(microseconds - start.microseconds, 7 * Instant.microsecondsPerDay)
    }

    private static func floorDivide(_ dividend: Int64, _ divisor: Int64) -> Int64 {
        let (quotient, remainder) = dividend.quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? quotient - 1 : quotient
    }
}
