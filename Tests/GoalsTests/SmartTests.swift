import Schema
import ServiceKit
import Testing

@testable import Goals

@Suite("SMART")
struct SmartTests {
    static let smart = Goal(
        type: .performance, statement: "Confirm three pains in each discovery call", actor: "the account executive",
        measure: "calls with three confirmed pains", unit: "%", baseline: 30, target: 60,
        dueTime: monday.adding(days: 84).timestamp, confidence: 6, dependencies: ["CRM migration"],
        purpose: "The team's pipeline")

    static func grade(
        _ criterion: SmartVerdict.Criterion, at now: Instant = monday, _ change: (inout Goal) -> Void
    ) throws -> SmartVerdict.Grade? {
        var goal = smart
        change(&goal)
        return try Smart.verdicts(on: goal, at: now).first { $0.criterion == criterion }?.grade
    }

    @Test("gives five verdicts in the order of the word, each with a reason")
    func order() throws {
        let verdicts = try Smart.verdicts(on: Self.smart, at: monday)
        #expect(verdicts.map(\.criterion) == [.specific, .measurable, .achievable, .relevant, .timeBound])
        #expect(verdicts.allSatisfy { $0.grade == .pass })
        let empty = try Smart.verdicts(on: Goal(), at: monday)
        #expect(empty.allSatisfy { $0.grade == .fail })
        #expect((verdicts + empty).allSatisfy { !$0.reason.isEmpty })
    }

    @Test("S: behaviour and object are named, and who acts")
    func specific() throws {
        #expect(try Self.grade(.specific) { $0.actor = " " } == .weak)
        #expect(try Self.grade(.specific) { $0.statement = "Sell more" } == .weak)
        #expect(try Self.grade(.specific) { ($0.statement, $0.actor) = ("Improve", "") } == .fail)
    }

    @Test("M: measure, unit, baseline and another target")
    func measurable() throws {
        #expect(try Self.grade(.measurable) { $0.measure = "" } == .weak)
        #expect(try Self.grade(.measurable) { $0.unit = "" } == .weak)
        #expect(try Self.grade(.measurable) { $0.target = 30 } == .weak)
        #expect(try Self.grade(.measurable) { $0.baseline = 0 } == .pass)
        #expect(try Self.grade(.measurable) { ($0.measure, $0.unit, $0.target) = ("", "", 30) } == .fail)
    }

    @Test("A: confidence of at least 5 of 10, dependencies listed")
    func achievable() throws {
        #expect(try Self.grade(.achievable) { $0.confidence = 5 } == .pass)
        #expect(try Self.grade(.achievable) { $0.confidence = 4 } == .weak)
        #expect(try Self.grade(.achievable) { $0.dependencies = [] } == .weak)
        #expect(try Self.grade(.achievable) { ($0.confidence, $0.dependencies) = (4, []) } == .fail)
    }

    @Test("R: a purpose, a unit goal or a personal reason")
    func relevant() throws {
        #expect(try Self.grade(.relevant) { $0.purpose = "" } == .fail)
    }

    @Test("T: due in (now, now + 400 d]")
    func timeBound() throws {
        let due = monday.adding(days: 84)
        let grade = { (now: Instant) in try Self.grade(.timeBound, at: now) { _ in } }
        #expect(try grade(due) == .fail)
        #expect(try grade(due.adding(microseconds: -1)) == .pass)
        #expect(try grade(due.adding(days: -400)) == .pass)
        #expect(try grade(due.adding(days: -400).adding(microseconds: -1)) == .fail)
        #expect(try Self.grade(.timeBound) { $0.dueTime = nil } == .fail)
    }
}
