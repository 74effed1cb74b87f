import Schema
import ServiceKit
import Testing

@testable import Goals

let coach = "organizations/acme/people/coach"
let coachee = "organizations/acme/people/coachee"
let pair = "organizations/acme/relationships/r"
let monday = Instant(microseconds: 1_790_000_000_000_000)

/// The stable reason of the refusal, nil when nothing is refused.
func reason(_ body: () throws -> Void) -> String? {
    do {
        try body()
        return nil
    } catch {
        return (error as? Refusal)?.reason ?? "\(error)"
    }
}

@Suite("A goal")
struct GoalTests {
    static func draft(_ change: (inout Goal) -> Void = { _ in }) throws -> Goal {
        var words = Goal(type: .performance, statement: "Ask for three pains in each discovery call")
        change(&words)
        return try .draft(words, named: "\(pair)/goals/g", by: coachee, at: monday)
    }

    static func active() throws -> Goal {
        var goal = try draft()
        try goal.propose(by: coachee, at: monday)
        try goal.sign(by: coach, at: monday)
        return goal
    }

    @Test("begins as a draft with weight 1 and a weekly check-in, and carries no claims about itself")
    func begins() throws {
        let goal = try Self.draft {
            $0.state = .achieved
            $0.author = coach
            $0.signatures = [GoalSignature(person: coach), GoalSignature(person: coachee)]
            $0.etag = "\"9\""
        }
        #expect(goal.state == .draft)
        #expect(goal.author == coachee)
        #expect(goal.signatures.isEmpty)
        #expect(goal.etag.isEmpty)
        #expect(goal.weight == 1)
        #expect(goal.checkInIntervalDays == 7)
    }

    @Test("has a weight from 1 to 6", arguments: [(-1, "BAD_WEIGHT"), (0, nil), (1, nil), (6, nil), (7, "BAD_WEIGHT")])
    func weights(weight: Int32, refusal: String?) {
        #expect(reason { _ = try Self.draft { $0.weight = weight } } == refusal)
    }

    @Test(
        "has five distinct attainment levels or none",
        arguments: [
            ([], nil),
            (["10 %", "20 %", "40 %", "60 %", "80 %"], nil),
            (["10 %", "20 %", "40 %", "60 %"], "GAS_NOT_ORDERED"),
            (["10 %", "20 %", "40 %", "60 %", "80 %", "90 %"], "GAS_NOT_ORDERED"),
            (["10 %", "20 %", "40 %", "60 %", "10 %"], "GAS_NOT_ORDERED"),
            (["10 %", "20 %", "40 %", "60 %", " 10  % "], "GAS_NOT_ORDERED"),
            (["10 %", "20 %", "40 %", "60 %", " "], "GAS_NOT_ORDERED"),
        ] as [([String], String?)])
    func levels(texts: [String], refusal: String?) {
        #expect(reason { _ = try Self.draft { $0.gasLevels = texts } } == refusal)
    }

    typealias Edit = @Sendable (inout Goal) -> Void

    @Test(
        "stays within its limits",
        arguments: [
            { $0.type = .unspecified }, { $0.type = .unrecognized(44) }, { $0.statement = " " },
            { $0.statement = String(repeating: "x", count: 2001) }, { $0.actor = String(repeating: "x", count: 201) },
            { $0.measure = String(repeating: "x", count: 501) }, { $0.unit = String(repeating: "x", count: 101) },
            { $0.baseline = .nan }, { $0.target = .infinity }, { $0.confidence = 11 }, { $0.confidence = -1 },
            { $0.dependencies = Array(repeating: "x", count: 21) }, { $0.dependencies = [""] },
            { $0.dependencies = [String(repeating: "x", count: 501)] },
            { $0.purpose = String(repeating: "x", count: 2001) }, { $0.ambition = 6 },
            { $0.checkInIntervalDays = 91 }, { $0.checkInIntervalDays = -1 }, { $0.dueTime = .init(nanos: -1) },
            { $0.gasLevels = ["a", "b", "c", "d", String(repeating: "x", count: 501)] },
        ] as [Edit])
    func limits(edit: Edit) {
        #expect(reason { _ = try Self.draft(edit) } == "INVALID_FIELD")
    }

    @Test("is proposed by either party, who signs with it", arguments: [coach, coachee])
    func proposal(person: String) throws {
        var goal = try Self.draft()
        try goal.propose(by: person, at: monday)
        #expect(goal.state == .proposed)
        #expect(goal.author == person)
        #expect(goal.signatures == [GoalSignature(person: person, signTime: monday.timestamp)])
    }

    @Test("stays PROPOSED with one signature and is ACTIVE with both")
    func signatures() throws {
        var goal = try Self.draft()
        try goal.propose(by: coachee, at: monday)
        #expect(reason { try goal.sign(by: coachee, at: monday) } == "MISSING_SIGNATURE")
        #expect(goal.state == .proposed)
        try goal.sign(by: coach, at: monday.adding(hours: 2))
        #expect(goal.state == .active)
        #expect(goal.signatures.map(\.person) == [coachee, coach])
        #expect(try goal.activateTime == monday.adding(hours: 2))
    }

    static let states: [Goal.State] = [
        .draft, .proposed, .active, .atRisk, .achieved, .partly, .notAchieved, .retired,
    ]

    @Test("goes from each state only where the machine lets it", arguments: states)
    func transitions(state: Goal.State) throws {
        var goal = try Self.draft()
        goal.signatures = [GoalSignature(person: coachee, signTime: monday.timestamp)]
        goal.state = state
        var proposed = goal
        #expect(reason { try proposed.propose(by: coach, at: monday) } == (state == .draft ? nil : "WRONG_STATE"))
        var signed = goal
        #expect(reason { try signed.sign(by: coach, at: monday) } == (state == .proposed ? nil : "WRONG_STATE"))
        var decided = goal
        let underWay = state == .active || state == .atRisk
        #expect(
            reason { try decided.decide(level: 0, hasOpenExternal: false, at: monday) }
                == (underWay ? nil : "WRONG_STATE"))
        for (after, next) in [(proposed, Goal.State.proposed), (signed, .active), (decided, .achieved)] {
            #expect(after.state == state || after.state == next)
        }
    }

    @Test(
        "is decided by the final level",
        arguments: [(2, Goal.State.achieved), (1, .achieved), (0, .achieved), (-1, .partly), (-2, .notAchieved)]
            as [(Int32, Goal.State)])
    func outcome(level: Int32, state: Goal.State) throws {
        var goal = try Self.active()
        try goal.decide(level: level, hasOpenExternal: false, at: monday)
        #expect(goal.state == state)
    }
}
