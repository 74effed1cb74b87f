import TrustModel

/// A calendar month in UTC: the period of a roll-up, and its id, for example 2026-10.
struct RollupMonth: Hashable, Comparable, Sendable, LosslessStringConvertible {
    /// Months since January of year 0.
    let number: Int

    init(number: Int) {
        self.number = number
    }

    init?(_ description: String) {
        let parts = description.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0].count == 4, parts[1].count == 2, let year = Int(parts[0]),
            let month = Int(parts[1]), (1...12).contains(month), (2000..<2080).contains(year)
        else { return nil }
        number = year * 12 + month - 1
    }

    /// The latest one that is over at an instant.
    init(over instant: Instant) {
        let days = Int((instant.microseconds / Instant.microsecondsPerDay))
        var month = RollupMonth(number: (1970 + days / 366) * 12)
        while month.end <= instant { month = month.next }
        number = month.number - 1
    }

    var description: String {
        let month = number % 12 + 1
        return "\(number / 12)-\(month < 10 ? "0" : "")\(month)"
    }

    var next: RollupMonth { RollupMonth(number: number + 1) }
    var start: Instant { Instant(microseconds: Int64(days) * Instant.microsecondsPerDay) }
    /// The first instant that is no part of it.
    var end: Instant { next.start }

    static func < (left: RollupMonth, right: RollupMonth) -> Bool { left.number < right.number }

    /// Of its first day since 1970-01-01, in the Gregorian calendar: years are counted from March, so that the leap day comes
    /// last.
    private var days: Int {
        let (year, month) = (number / 12, number % 12 + 1)
        let shifted = month > 2 ? year : year - 1
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5
        return 365 * shifted + shifted / 4 - shifted / 100 + shifted / 400 + dayOfYear - 719_468
    }
}
