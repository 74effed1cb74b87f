import Standard

/// A day of the Gregorian calendar in UTC, counted from 1970-01-01.
struct CalendarDay: Hashable, Comparable, Sendable, CustomStringConvertible {
    let number: Int

    init(number: Int) {
        self.number = number
    }

    /// From `YYYY-MM-DD`; nil for anything else, 31 February included.
    init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0].count == 4, parts[1].count == 2, parts[2].count == 2,
            parts.allSatisfy({ $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }),
            let year = Int(parts[0]), let month = Int(parts[1]), let day = Int(parts[2]),
            (1...12).contains(month), (1...31).contains(day)
        else { return nil }
        self.init(year: year, month: month, day: day)
        guard (self.year, self.month, self.day) == (year, month, day) else { return nil }
    }

    init(containing time: Timestamp) {
        number = Int((time.seconds - (((time.seconds % 86_400) + 86_400) % 86_400)) / 86_400)
    }

    static func < (a: Self, b: Self) -> Bool { a.number < b.number }
    static func + (day: Self, days: Int) -> Self { Self(number: day.number + days) }
    static func - (a: Self, b: Self) -> Int { a.number - b.number }

    /// 1970-01-01 was a Thursday.
    var isMonday: Bool { ((number - 4) % 7 + 7) % 7 == 0 }

    /// 00:00 UTC, or a whole hour later.
    func at(hour: Int = 0) -> Timestamp {
        Timestamp(seconds: Int64(number) * 86_400 + Int64(hour) * 3600)
    }

    /// For example `19 November 2026`.
    var inWords: String { "\(day) \(Self.months[month - 1]) \(year)" }
    /// For example `19 Nov`.
    var short: String { "\(day) \(Self.months[month - 1].prefix(3))" }
    var description: String { "\(year)-\(padded(month))-\(padded(day))" }

    var year: Int { civil.year }
    var month: Int { civil.month }
    var day: Int { civil.day }

    private static let months = [
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
        "November", "December",
    ]

    private func padded(_ part: Int) -> String { part < 10 ? "0\(part)" : "\(part)" }

    // Years are counted from 1 March here, so that the leap day is a year's last; 400 years have 146,097 days.
    private init(year: Int, month: Int, day: Int) {
        let marchYear = month > 2 ? year : year - 1
        let era = (marchYear >= 0 ? marchYear : marchYear - 399) / 400
        let yearOfEra = marchYear - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        number = era * 146_097 + dayOfEra - 719_468
    }

    private var civil: (year: Int, month: Int, day: Int) {
        let shifted = number + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * marchMonth + 2) / 5 + 1)
    }
}
