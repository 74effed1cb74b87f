/// When a zone's clocks change in years to come: the footer of its file (RFC 9636 §3.3.1), such as
/// `CET-1CEST,M3.5.0,M10.5.0/3`. Dates are read in the form Mm.w.d, the only one that the tz database uses.
struct TimeZoneRule: Sendable {
    private let standard: Int
    private var summer: Summer?

    private struct Summer {
        var offset: Int
        var begin: Change
        var end: Change
    }

    /// The week's day (0 is Sunday) of a month, and seconds after its midnight; week 5 is the last one.
    private struct Change {
        var month: Int
        var week: Int
        var day: Int
        var time: Int
    }

    init?(_ text: String) {
        var rest = Substring(text)
        guard Self.takeName(&rest), let west = Self.takeTime(&rest) else { return nil }
        standard = -west
        guard !rest.isEmpty else { return }
        guard Self.takeName(&rest) else { return nil }
        var offset = standard + 3600
        if rest.first != "," {
            guard let west = Self.takeTime(&rest) else { return nil }
            offset = -west
        }
        guard let begin = Self.takeChange(&rest), let end = Self.takeChange(&rest), rest.isEmpty else { return nil }
        summer = Summer(offset: offset, begin: begin, end: end)
    }

    /// - Parameter seconds: since 1970, UTC.
    func offset(at seconds: Int64) -> Int {
        guard let summer else { return standard }
        let year = Self.year(of: Self.floor(seconds + Int64(standard), 86_400))
        // The first change is told in standard time, the second one in summer time.
        let begin = Self.seconds(of: summer.begin, in: year) - Int64(standard)
        let end = Self.seconds(of: summer.end, in: year) - Int64(summer.offset)
        let isSummer =
            begin < end ? begin <= seconds && seconds < end : !(end <= seconds && seconds < begin)
        return isSummer ? summer.offset : standard
    }

    // MARK: The calendar

    private static func floor(_ value: Int64, _ divisor: Int64) -> Int64 {
        value >= 0 ? value / divisor : -((-value + divisor - 1) / divisor)
    }

    /// Days since 1970 of a date of the Gregorian calendar: years begin in March, so that a leap day is the last.
    private static func days(_ year: Int64, _ month: Int, _ day: Int) -> Int64 {
        let year = month <= 2 ? year - 1 : year
        let era = floor(year, 400)
        let yearOfEra = year - era * 400
        let dayOfYear = Int64((153 * ((month + 9) % 12) + 2) / 5 + day - 1)
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    private static func year(of day: Int64) -> Int64 {
        var year = 1970 + floor(day, 366)
        while days(year + 1, 1, 1) <= day { year += 1 }
        return year
    }

    private static func seconds(of change: Change, in year: Int64) -> Int64 {
        let first = days(year, change.month, 1)
        // 1970-01-01 was a Thursday.
        let weekday = Int(((first + 4) % 7 + 7) % 7)
        var day = first + Int64((change.day - weekday + 7) % 7 + 7 * (change.week - 1))
        let next = change.month == 12 ? days(year + 1, 1, 1) : days(year, change.month + 1, 1)
        while day >= next { day -= 7 }
        return day * 86_400 + Int64(change.time)
    }

    // MARK: Reading

    /// Letters, or anything in angle brackets.
    private static func takeName(_ rest: inout Substring) -> Bool {
        if rest.first == "<" {
            guard let end = rest.firstIndex(of: ">") else { return false }
            rest = rest[rest.index(after: end)...]
            return true
        }
        let name = rest.prefix(while: \.isLetter)
        rest = rest[name.endIndex...]
        return name.count >= 3
    }

    private static func takeNumber(_ rest: inout Substring) -> Int? {
        let digits = rest.prefix(while: \.isNumber)
        rest = rest[digits.endIndex...]
        return digits.utf8.count <= 3 ? Int(digits) : nil
    }

    /// `[+-]h[h][:mm[:ss]]`, in seconds.
    private static func takeTime(_ rest: inout Substring) -> Int? {
        let sign = rest.first == "-" ? -1 : 1
        if rest.first == "-" || rest.first == "+" { rest.removeFirst() }
        guard var seconds = takeNumber(&rest).map({ $0 * 3600 }) else { return nil }
        for unit in [60, 1] where rest.first == ":" {
            rest.removeFirst()
            guard let number = takeNumber(&rest) else { return nil }
            seconds += number * unit
        }
        return sign * seconds
    }

    private static func takeChange(_ rest: inout Substring) -> Change? {
        guard rest.hasPrefix(",M") else { return nil }
        rest.removeFirst(2)
        var numbers: [Int] = []
        for place in 0..<3 {
            if place > 0 {
                guard rest.first == "." else { return nil }
                rest.removeFirst()
            }
            guard let number = takeNumber(&rest) else { return nil }
            numbers.append(number)
        }
        var time = 7200
        if rest.first == "/" {
            rest.removeFirst()
            guard let told = takeTime(&rest) else { return nil }
            time = told
        }
        guard (1...12).contains(numbers[0]), (1...5).contains(numbers[1]), (0...6).contains(numbers[2]) else {
            return nil
        }
        return Change(month: numbers[0], week: numbers[1], day: numbers[2], time: time)
    }
}
