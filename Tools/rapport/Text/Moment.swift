import Glibc
import Protobuf
import Standard

extension Timestamp {
    /// The wall clock.
    static var now: Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(seconds: Int64(time.tv_sec), nanos: Int32(time.tv_nsec))
    }

    func adding(days: Int) -> Timestamp {
        Timestamp(seconds: seconds + Int64(days) * 86_400, nanos: nanos)
    }
}

/// An instant as a person types it: `2026-11-19` (00:00 UTC), `2026-11-19T14:30:00Z` (RFC 3339), or `day:87`, which
/// counts from the demo's day 0.
enum Moment: Hashable, Sendable {
    case time(Timestamp)
    case demoDay(Int)

    init?(_ text: String) {
        if text.hasPrefix("day:") {
            guard let day = Int(text.dropFirst(4)), abs(day) <= 10_000 else { return nil }
            self = .demoDay(day)
        } else if let day = CalendarDay(text) {
            self = .time(day.at())
        } else if let time = TimestampText.parse(text) {
            self = .time(Timestamp(seconds: time.seconds, nanos: time.nanos))
        } else {
            return nil
        }
    }

    func timestamp(dayZero: CalendarDay?) throws -> Timestamp {
        switch self {
        case .time(let time): return time
        case .demoDay(let day):
            guard let dayZero else { throw Failure("day:\(day) needs the demo's day 0; run `rapport up` first") }
            return (dayZero + day).at()
        }
    }
}
