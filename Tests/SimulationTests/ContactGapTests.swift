import Simulation
import Testing
import TrustModel

@Suite("Pairs that stop meeting, and leave that looks like it (docs/domain.md §4.5, M1)")
struct ContactGapTests {
    struct Result {
        var lapses = 0
        var found = 0
        /// Days from the lapse to the reminder.
        var delays: [Double] = []
        var chance = 0
        var years = 0.0

        var recall: Double { Double(found) / Double(lapses) }
        var chancePerYear: Double { Double(chance) / years }
        var delay: Double { delays.sorted()[delays.count / 2] }
    }

    /// 5,000 pairs as they are (§8.2), of whom 8 % stop meeting: reminders at the end of a day.
    ///
    /// - Parameter calendarShare: of the leave that the monitor knows.
    static func run(seed: UInt64, calendarShare: Double, cadence: Int? = nil) -> Result {
        var parameters = Parameters()
        parameters.seed = seed
        parameters.pairs = 5000
        parameters.people = 15_000
        parameters.plantNothing()
        parameters.lapseShare = 0.08
        parameters.calendarShare = calendarShare
        if let cadence { parameters.cadences = [7, 14, 28].map { $0 == cadence ? 1 : 0 } }
        let organization = Organization(parameters)
        var result = Result()
        for number in 0..<organization.pairCount {
            let pair = organization.pair(number)
            let contacts = Diary(of: pair).acts.filter {
                switch $0.kind {
                case .held, .feedback: true
                default: false
                }
            }.map(\.day)
            let absences = [pair.coach, pair.coachee].flatMap(organization.leave).filter(\.isInCalendar).map {
                SustainingFacts.Absence(from: instant($0.start), to: instant($0.end))
            }
            let days = Double(pair.weeks * 7)
            let lapse = pair.plantings.first { $0.kind == .lapse }.map { $0.start * 7 }
            var reminders: [Double] = []
            for (last, next) in zip([0] + contacts, contacts + [days]) {
                reminders +=
                    stride(from: last.rounded(.up), to: next, by: 1).first {
                        ContactGap.isOpen(
                            since: instant(last), cadenceDays: pair.cadenceDays, absences: absences, at: instant($0))
                    }.map { [$0] } ?? []
            }
            result.chance += reminders.count { $0 < lapse ?? days }
            result.years += (lapse ?? days) / 365
            guard let lapse else { continue }
            result.lapses += 1
            if let first = reminders.first(where: { $0 >= lapse }) {
                result.found += 1
                result.delays.append(first - lapse)
            }
        }
        return result
    }

    private static func instant(_ day: Double) -> Instant {
        Instant(microseconds: Int64(day * Double(Instant.microsecondsPerDay)))
    }

    @Test("S36: every lapse is found, and leave that the calendar knows is none", arguments: DetectorTargetTests.seeds)
    func lapses(seed: UInt64) {
        let results = [1, 0.7, 0].map { Self.run(seed: seed, calendarShare: $0) }
        for (share, result) in zip([1, 0.7, 0], results) {
            print(
                "M1, seed \(seed), \(share) of the leave known: \(result.lapses) lapses, recall \(result.recall), median "
                    + "\(result.delay) days, \(result.chancePerYear) a year by chance")
        }
        #expect(results[0].recall == 1)
        #expect(results[0].chancePerYear <= 0.025)
        #expect(results[2].chancePerYear >= 20 * results[0].chancePerYear)
    }

    @Test("Monthly pairs are reminded as well, though their limit is longer than the index looks back")
    func monthly() {
        let result = Self.run(seed: 1, calendarShare: 1, cadence: 28)
        print(
            "M1, monthly: recall \(result.recall), median \(result.delay) days, \(result.chancePerYear) a year by chance"
        )
        #expect(result.recall == 1)
    }
}
