import Glibc
import Testing

@testable import TrustModel

/// docs/domain.md §3.13 and rule 32: what sustains trust.
@Suite struct SustainingIndexTests {
    private func weekly(start: Double = -100) -> SustainingFacts {
        SustainingFacts(start: day(start), cadenceDays: 7)
    }

    private func level(_ practice: Practice, _ facts: SustainingFacts, on number: Double = 56) -> PracticeLevel {
        facts.level(of: practice, at: day(number))
    }

    @Test func g30TheGeometricMeanWithItsFloor() {
        #expect(near(SustainingIndex.mean([0.9, 0.8, 0.7, 0.6]), 0.741559))
        #expect(near(SustainingIndex.mean([0.9, 0.9, 0.9, 0]), 0.436943))
    }

    @Test func aContactInEachCadenceWindow() {
        var facts = weekly()
        #expect(level(.communication, facts).value == 0)
        facts.contacts = [1, 8, 15, 22, 29, 36].map { day($0) }
        #expect(level(.communication, facts).met == 6)
        #expect(level(.communication, facts).value == 6.0 / 8)
        // Exactly at a window's end it counts there, at its beginning not.
        facts.contacts = [day(56), day(49)]
        #expect(level(.communication, facts).met == 2)
        facts.contacts = [day(0)]
        #expect(level(.communication, facts).met == 0)
    }

    @Test func leaveStretchesTheWindows() {
        var facts = weekly()
        facts.contacts = [2, 9, 16, 23, 44, 51].map { day($0) }
        facts.absences = [.init(from: day(28), to: day(42))]
        let level = level(.communication, facts)
        #expect(level.expected == 6)
        #expect(level.value == 1)
        // Of both people at once it is the same leave; all the time away leaves no window.
        facts.absences.append(.init(from: day(30), to: day(40)))
        #expect(facts.level(of: .communication, at: day(56)) == level)
        facts.absences = [.init(from: day(-10), to: day(60))]
        #expect(facts.level(of: .communication, at: day(56)).flag == .noWindow)
        #expect(facts.level(of: .communication, at: day(56)).value == 1)
    }

    @Test func windowsBeforeTheStartAreLeftOut() {
        var facts = weekly(start: 30)
        facts.contacts = [day(50)]
        #expect(level(.communication, facts).expected == 3)
        #expect(level(.recognition, facts).flag == .noWindow)
        #expect(level(.recognition, weekly(start: 28)).expected == 2)
        #expect(level(.recognition, weekly(start: 0)).expected == 4)
        #expect(level(.reflection, weekly(start: 1)).flag == .noWindow)
        #expect(level(.reflection, weekly(start: 0)).value == 0)
        let slow = SustainingFacts(start: day(-100), cadenceDays: 90)
        #expect(level(.communication, slow).flag == .noWindow)
    }

    @Test func recognitionAndGuidanceInEachHalf() {
        var facts = weekly()
        facts.recognitions = [day(10), day(40)]
        #expect(level(.recognition, facts).value == 0.5)
        facts.guidance = [day(28)]
        #expect(level(.recognition, facts).value == 0.75)
        facts.guidance = [day(28), day(28.1)]
        #expect(level(.recognition, facts).value == 1)
    }

    @Test func triggersAnsweredWithinFourteenDays() {
        var facts = weekly()
        #expect(level(.flexibility, facts).flag == .noTrigger)
        #expect(level(.flexibility, facts).value == 1)
        facts.triggers = [
            .init(occurredAt: day(10), answeredAt: day(24)), .init(occurredAt: day(11), answeredAt: day(25.1)),
            .init(occurredAt: day(12), answeredAt: nil),
            // Still open, still in time: it says nothing yet.
            .init(occurredAt: day(50), answeredAt: nil), .init(occurredAt: day(51), answeredAt: day(60)),
            .init(occurredAt: day(52), answeredAt: day(55)),
        ]
        let level = level(.flexibility, facts)
        #expect(level.met == 2 && level.expected == 4 && level.flag == nil)
    }

    @Test func reflectionOfBothWithAnActionDone() {
        var facts = weekly()
        func reflected(_ both: Bool, _ closed: Double?) -> Double {
            facts.reflections = [.init(occurredAt: day(20), isByBoth: both, actionClosedAt: closed.map { day($0) })]
            return level(.reflection, facts).value
        }
        #expect(level(.reflection, facts).value == 0)
        #expect(reflected(true, 30) == 1)
        #expect(reflected(true, nil) == 0.5)
        #expect(reflected(true, 57) == 0.5)
        #expect(reflected(false, 30) == 0.5)
        #expect(facts.level(of: .reflection, at: day(76)).value == 0)
    }

    @Test func theWeakestIsNamedAndTheChangeDecomposes() {
        var random = seeded()
        for _ in 0..<500 {
            func facts() -> SustainingFacts {
                var facts = weekly()
                func days(_ count: Int) -> [Instant] {
                    (0..<count).map { _ in day(.random(in: 0..<56, using: &random)) }
                }
                facts.contacts = days(.random(in: 0...12, using: &random))
                facts.recognitions = days(.random(in: 0...3, using: &random))
                facts.guidance = days(.random(in: 0...3, using: &random))
                facts.triggers = days(.random(in: 0...4, using: &random)).map {
                    .init(occurredAt: $0, answeredAt: Bool.random(using: &random) ? $0.advanced(byDays: 3) : nil)
                }
                return facts
            }
            let (first, second) = (SustainingIndex(facts(), at: day(56)), SustainingIndex(facts(), at: day(56)))
            let changes = second.logChanges(since: first)
            #expect(near(changes.reduce(0, +), log(second.value) - log(first.value), 1e-12))
            let lowest = second.levels.map(\.value).min()
            #expect(second.levels.first { $0.value == lowest }?.practice == second.weakest)
            #expect((0.05 - 1e-12...1 + 1e-12).contains(second.value))
        }
    }
}
