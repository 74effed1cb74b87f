/// When the demo's day 0 is (docs/domain.md rule 2).
enum DayZero {
    /// The stories reach to day 86, and all of it must be past.
    static let daysBefore = 88

    /// The latest Monday whose 00:00 UTC is at least 88 days ago.
    static func standard(today: CalendarDay) -> CalendarDay {
        var day = today + -daysBefore
        while !day.isMonday { day = day + -1 }
        return day
    }

    /// `--start` of the command line.
    static func parse(_ text: String, today: CalendarDay) throws -> CalendarDay {
        guard let day = CalendarDay(text) else { throw Failure("--start \(text): a day such as 2026-08-24 is needed") }
        guard today - day >= daysBefore else {
            let latest = today + -daysBefore
            throw Failure(
                "--start \(text): \(daysBefore) days must have passed since; take \(latest) or an earlier day")
        }
        return day
    }
}
