import Testing

@testable import rapport

@Suite("The stories as tables of facts")
struct StoryTests {
    /// docs/domain.md §8.1: the 61 pieces of evidence by kind and day.
    static let appendix: [String: [Int]] = [
        "commitment.kept": [6, 13, 20, 27, 41, 48, 55, 69, 76, 83],
        "commitment.missed": [34],
        "commitment.renegotiated": [62],
        "session.held": [0, 7, 14, 21, 28, 35, 42, 49, 56, 63, 70, 77, 84],
        "intent.stated": [0, 28, 77],
        "decision.explained": [14, 49],
        "reflection.corrected": [0],
        "reflection.confirmed": [7, 14, 56],
        "feedback.actionable": [14, 42, 70],
        "recognition.given": [21, 42, 70],
        "support.adapted": [21],
        "advice.helpful": [28, 63],
        "goal.gas": [42, 84],
        "pulse.understood": [2, 9, 23, 44, 72],
        "pulse.honest": [2, 30, 58, 86],
        "pulse.useful": [16, 30, 58, 86],
        "pulse.dependable": [16, 44, 86],
    ]

    @Test("The case study makes exactly the 61 pieces of evidence of the appendix, each on its day")
    func caseStudyEvidence() {
        let evidence = Story.caseStudy.evidence
        #expect(evidence.count == 61)
        let days = Dictionary(grouping: evidence, by: \.kind).mapValues { $0.map(\.day) }
        #expect(days == Self.appendix)
    }

    @Test("One promise is missed, owned up to and repaired: nothing else of the case study is a breach")
    func oneRepair() {
        var repairs: [(Int, String)] = []
        for day in Story.caseStudy.days {
            for case .repaired(let label) in day.facts { repairs.append((day.day, label)) }
        }
        #expect(repairs.map(\.0) == [36])
        #expect(repairs.map(\.1) == ["call review"])
    }

    @Test("Facts stand in time order", arguments: Story.all)
    func timeOrder(_ story: Story) {
        let days = story.days.map(\.day)
        #expect(days == days.sorted())
        #expect(Set(days).count == days.count)
    }

    @Test("A session is planned before it is held, an intent stated at least a day ahead", arguments: Story.all)
    func sessionsArePlanned(_ story: Story) {
        var planned: Set<Int> = []
        for day in story.days {
            for fact in day.facts {
                switch fact {
                case .plan(let session, _):
                    #expect(session > day.day)
                    planned.insert(session)
                case .held: #expect(planned.contains(day.day), "day \(day.day)")
                case .intent(let session, _):
                    #expect(planned.contains(session) && session > day.day)
                default: break
                }
            }
        }
    }

    @Test("What falls due is settled: no promise stays open, no session unattested", arguments: Story.all)
    func nothingStaysOpen(_ story: Story) {
        var openPromises: Set<String> = []
        var openSessions: Set<Int> = []
        for day in story.days {
            for fact in day.facts {
                switch fact {
                case .promise(let label, _, let due, _), .support(let label, let due, _, _):
                    #expect(due > day.day)
                    openPromises.insert(label)
                case .kept(let label), .repaired(let label): openPromises.remove(label)
                case .plan(let session, _): openSessions.insert(session)
                case .held: openSessions.remove(day.day)
                default: break
                }
            }
        }
        #expect(openPromises.isEmpty)
        #expect(openSessions.isEmpty)
    }

    @Test("An answer to the same question comes at least a week after the last", arguments: Story.all)
    func pulsesKeepTheirDistance(_ story: Story) {
        var last: [String: Int] = [:]
        for day in story.days {
            for case .pulse(let item, _) in day.facts {
                if let before = last["\(item)"] { #expect(day.day - before >= 7) }
                last["\(item)"] = day.day
            }
        }
    }

    @Test("Every story is over before the demo may be loaded", arguments: Story.all)
    func storiesAreOver(_ story: Story) {
        #expect(story.offset + story.lastDay < DayZero.daysBefore)
    }

    @Test("A step has the same request id in every run, and another one than any other step")
    func requestIDs() throws {
        let monday = try #require(CalendarDay("2026-08-24"))
        let id = Posting.requestID("case-study", dayZero: monday, step: "12 claim")
        #expect(id == Posting.requestID("case-study", dayZero: monday, step: "12 claim"))
        #expect(id != Posting.requestID("case-study", dayZero: monday, step: "12 confirm"))
        #expect(id != Posting.requestID("case-study", dayZero: monday + 7, step: "12 claim"))
        #expect(id != Posting.requestID("strong", dayZero: monday, step: "12 claim"))
    }
}

extension Story: CustomTestStringConvertible {
    public var testDescription: String { id }
}
