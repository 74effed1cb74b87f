import Standard
import Testing

@testable import rapport

@Suite("Days and instants")
struct DayTests {
    @Test(
        "A day reads and prints as YYYY-MM-DD",
        arguments: [
            ("1970-01-01", 0), ("1969-12-31", -1), ("2000-02-29", 11_016), ("2026-11-23", 20_780),
            ("2100-03-01", 47_541),
        ])
    func roundTrip(_ text: String, _ number: Int) throws {
        let day = try #require(CalendarDay(text))
        #expect(day.number == number)
        #expect(day.description == text)
    }

    @Test("Every day of four centuries survives a round trip")
    func everyDay() {
        for number in stride(from: -70_000, through: 80_000, by: 1) {
            let day = CalendarDay(number: number)
            #expect(CalendarDay(day.description) == day)
        }
    }

    @Test(
        "What is no day is refused",
        arguments: [
            "2026-02-29", "2026-13-01", "2026-00-10", "2026-4-01", "26-04-01", "2026-04-31", "2026-04-01x", "",
            "+026-04-01",
        ])
    func refused(_ text: String) {
        #expect(CalendarDay(text) == nil)
    }

    @Test(
        "Day 0 is the latest Monday at least 88 days ago",
        arguments: [
            // A Monday, and 88 days after Thursday 27 August: the Monday before that.
            ("2026-11-23", "2026-08-24"), ("2026-11-20", "2026-08-24"), ("2026-11-19", "2026-08-17"),
            ("2026-11-26", "2026-08-24"), ("2026-11-27", "2026-08-31"),
        ])
    func dayZero(_ today: String, _ expected: String) throws {
        let today = try #require(CalendarDay(today))
        let day = DayZero.standard(today: today)
        #expect(day.description == expected)
        #expect(day.isMonday)
        #expect((88...94).contains(today - day))
    }

    @Test("--start must lie far enough back")
    func start() throws {
        let today = try #require(CalendarDay("2026-11-23"))
        #expect(try DayZero.parse("2026-08-27", today: today).description == "2026-08-27")
        #expect(throws: Failure.self) { try DayZero.parse("2026-08-28", today: today) }
        #expect(throws: Failure.self) { try DayZero.parse("last week", today: today) }
    }

    @Test("An instant is a day, an RFC 3339 time or a day of the demo")
    func moments() throws {
        let dayZero = try #require(CalendarDay("2026-08-24"))
        #expect(Moment("2026-11-19") == .time(Timestamp(seconds: 1_795_046_400)))
        #expect(Moment("2026-11-19T14:30:00Z") == .time(Timestamp(seconds: 1_795_098_600)))
        #expect(try Moment("day:87")?.timestamp(dayZero: dayZero) == Timestamp(seconds: 1_795_046_400))
        #expect(Moment("yesterday") == nil)
        #expect(Moment("day:") == nil)
        #expect(Moment("day:10001") == nil)
        #expect(throws: Failure.self) { try Moment.demoDay(3).timestamp(dayZero: nil) }
    }
}
