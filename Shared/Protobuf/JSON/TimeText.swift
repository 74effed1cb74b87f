/// `google.protobuf.Timestamp` as RFC 3339 text, for example `2026-03-02T09:00:00.250Z`.
public enum TimestampText {
    /// 0001-01-01T00:00:00Z to 9999-12-31T23:59:59Z, as timestamp.proto says.
    public static let seconds: ClosedRange<Int64> = -62_135_596_800...253_402_300_799

    /// In UTC, with 0, 3, 6 or 9 digits of fraction. nil out of range.
    public static func text(seconds: Int64, nanos: Int32) -> String? {
        guard Self.seconds.contains(seconds), (0...999_999_999).contains(nanos) else { return nil }
        let days = seconds >= 0 ? seconds / 86_400 : -((86_399 - seconds) / 86_400)
        let second = seconds - days * 86_400
        let (year, month, day) = date(ofDay: days)
        return "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))T\(padded(second / 3600, 2)):"
            + "\(padded(second / 60 % 60, 2)):\(padded(second % 60, 2))\(fraction(nanos))Z"
    }

    /// Any offset is accepted, 1 to 9 digits of fraction too. nil for anything else, leap seconds included.
    public static func parse(_ text: String) -> (seconds: Int64, nanos: Int32)? {
        var scanner = DigitScanner(text)
        guard let year = scanner.digits(4), scanner.take("-"), let month = scanner.digits(2), scanner.take("-"),
            let day = scanner.digits(2), scanner.take("T"), let hour = scanner.digits(2), scanner.take(":"),
            let minute = scanner.digits(2), scanner.take(":"), let second = scanner.digits(2),
            let nanos = scanner.fraction(), let offset = offset(&scanner), scanner.isAtEnd,
            (1...12).contains(month), day >= 1, day <= days(in: month, of: year), hour < 24, minute < 60, second < 60
        else { return nil }
        let seconds = dayNumber(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - offset
        return Self.seconds.contains(seconds) ? (seconds, nanos) : nil
    }

    private static func offset(_ scanner: inout DigitScanner) -> Int64? {
        if scanner.take("Z") { return 0 }
        let sign: Int64 = scanner.take("+") ? 1 : scanner.take("-") ? -1 : 0
        guard sign != 0, let hours = scanner.digits(2), scanner.take(":"), let minutes = scanner.digits(2), hours < 24,
            minutes < 60
        else { return nil }
        return sign * (hours * 3600 + minutes * 60)
    }

    private static func days(in month: Int64, of year: Int64) -> Int64 {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// Days since 1970-01-01 in the Gregorian calendar. Years are counted from March, so that the leap day ends one.
    private static func dayNumber(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let y = month > 2 ? year : year - 1
        let m = (month + 9) % 12
        return 365 * y + y / 4 - y / 100 + y / 400 + (m * 306 + 5) / 10 + day - 1 - 719_468
    }

    private static func date(ofDay days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        var year = (days + 719_468) * 400 / 146_097
        if dayNumber(year, 3, 1) > days { year -= 1 }
        if dayNumber(year + 1, 3, 1) <= days { year += 1 }
        let dayOfYear = days - dayNumber(year, 3, 1)
        let month = (dayOfYear * 10 + 5) / 306
        let day = dayOfYear - (month * 306 + 5) / 10 + 1
        return (month < 10 ? year : year + 1, month < 10 ? month + 3 : month - 9, day)
    }

    private static func padded(_ number: Int64, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }

    static func fraction(_ nanos: Int32) -> String {
        if nanos == 0 { return "" }
        let digits = String(Int64(nanos) + 1_000_000_000).dropFirst()
        let width = nanos % 1_000_000 == 0 ? 3 : nanos % 1000 == 0 ? 6 : 9
        return "." + digits.prefix(width)
    }
}

/// `google.protobuf.Duration` as text: decimal seconds and an `s`, for example `1.500s`.
public enum DurationText {
    /// About ±10,000 years, as duration.proto says.
    public static let seconds: ClosedRange<Int64> = -315_576_000_000...315_576_000_000

    /// nil out of range, or when seconds and nanos have different signs.
    public static func text(seconds: Int64, nanos: Int32) -> String? {
        guard Self.seconds.contains(seconds), (-999_999_999...999_999_999).contains(nanos),
            seconds == 0 || nanos == 0 || (seconds < 0) == (nanos < 0)
        else { return nil }
        let sign = seconds < 0 || nanos < 0 ? "-" : ""
        return "\(sign)\(abs(seconds))\(TimestampText.fraction(abs(nanos)))s"
    }

    /// Seconds and nanoseconds of a text such as `1.5s`; nil for what is none.
    public static func parse(_ text: String) -> (seconds: Int64, nanos: Int32)? {
        var scanner = DigitScanner(text)
        let isNegative = scanner.take("-")
        guard let seconds = scanner.digits(), let nanos = scanner.fraction(), scanner.take("s"), scanner.isAtEnd,
            seconds <= Self.seconds.upperBound
        else { return nil }
        return isNegative ? (-seconds, -nanos) : (seconds, nanos)
    }
}

/// Reads fixed forms of digits and marks.
private struct DigitScanner {
    private var rest: Substring.UTF8View

    init(_ text: String) {
        rest = Substring(text).utf8
    }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func take(_ mark: Unicode.Scalar) -> Bool {
        guard rest.first == UInt8(ascii: mark) else { return false }
        rest.removeFirst()
        return true
    }

    /// Exactly `count` digits, or 1 to 12 of them.
    mutating func digits(_ count: Int? = nil) -> Int64? {
        let digits = rest.prefix { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }.prefix(count ?? 13)
        guard digits.count == count ?? min(max(digits.count, 1), 12) else { return nil }
        rest = rest.dropFirst(digits.count)
        return digits.reduce(0) { $0 * 10 + Int64($1 - UInt8(ascii: "0")) }
    }

    /// Nanoseconds; 0 without a fraction.
    mutating func fraction() -> Int32? {
        guard take(".") else { return 0 }
        let before = rest.count
        guard var nanos = digits(), before - rest.count <= 9 else { return nil }
        for _ in (before - rest.count)..<9 { nanos *= 10 }
        return Int32(nanos)
    }
}
