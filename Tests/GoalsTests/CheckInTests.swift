import Schema
import ServiceKit
import ServiceKitTesting
import Storage
import Testing

@testable import Goals

@Suite("The slots of check-ins")
struct CheckInDiaryTests {
    static func diary(until day: Int? = nil) -> CheckInDiary {
        .begin(at: monday, every: 7, until: day.map { monday.adding(days: $0) })
    }

    static func entry(_ day: Int, late: Bool = false) -> CheckInDiary.Entry {
        .init(slot: monday.adding(days: day), late: late)
    }

    @Test("follow each other by the interval, from the activation")
    func slots() {
        var diary = Self.diary()
        for week in 1...5 {
            #expect(diary.next == monday.adding(days: 7 * week))
            #expect(diary.enter(at: monday.adding(days: 7 * week, hours: 24), every: 7) == Self.entry(7 * week))
        }
        #expect(diary.count == 5)
    }

    @Test("one look ahead fills the waiting slot; more looks before it fill no other")
    func ahead() {
        var diary = Self.diary()
        for hour in 0..<5 {
            #expect(diary.enter(at: monday.adding(hours: hour), every: 7) == Self.entry(7))
        }
        #expect(diary.next == monday.adding(days: 14))
    }

    @Test("a missed slot can be made up for, late and once, before the next one")
    func late() {
        var diary = Self.diary()
        diary.miss(every: 7)
        #expect(diary.next == monday.adding(days: 14))
        #expect(diary.enter(at: monday.adding(days: 10), every: 7) == Self.entry(7, late: true))
        #expect(diary.enter(at: monday.adding(days: 11), every: 7) == Self.entry(14))
    }

    @Test("at the next slot the missed one is past")
    func past() {
        var diary = Self.diary()
        diary.miss(every: 7)
        #expect(diary.enter(at: monday.adding(days: 14).adding(microseconds: 1), every: 7) == Self.entry(14))
        #expect(diary.next == monday.adding(days: 21))
    }

    @Test("end with the goal's due date, which may be a slot")
    func end() {
        var diary = Self.diary(until: 14)
        diary.miss(every: 7)
        #expect(diary.next == monday.adding(days: 14))
        diary.miss(every: 7)
        #expect(diary.next == nil)
        #expect(diary.enter(at: monday.adding(days: 40), every: 7) == Self.entry(14, late: true))
        #expect(diary.enter(at: monday.adding(days: 41), every: 7) == .init(slot: nil, late: false))
        #expect(Self.diary(until: 6).next == nil)
    }

    @Test("go on from the last one when the due date moves, and end when it comes nearer")
    func resume() {
        var diary = Self.diary(until: 7)
        diary.miss(every: 7)
        #expect(diary.next == nil)
        diary.resume(at: monday.adding(days: 20), every: 7, until: monday.adding(days: 60))
        #expect(diary.next == monday.adding(days: 21))
        diary.resume(at: monday.adding(days: 20), every: 7, until: monday.adding(days: 20))
        #expect(diary.next == nil)
        diary.resume(at: monday.adding(days: 20), every: 3, until: nil)
        #expect(diary.next == monday.adding(days: 22))
    }
}

@Suite("A check-in")
struct CheckInTests {
    static func record(
        _ words: CheckIn = CheckIn(progress: 12, confidence: 7), diary: CheckInDiary = CheckInDiary(),
        at now: Instant = monday
    ) throws -> CheckIn {
        var diary = diary
        return try CheckIn.record(
            words, of: try GoalTests.active(), in: &diary, named: "\(pair)/goals/g/checkIns/c", by: coachee, at: now)
    }

    @Test("carries its words and claims nothing else")
    func words() throws {
        let claimed = CheckIn(
            name: "x", author: coach, progress: 12.5, confidence: 10, obstacles: ["\(pair)/obstacles/o"],
            supportAsked: "A second look", slotTime: monday.timestamp, late: true)
        #expect(
            try Self.record(claimed)
                == CheckIn(
                    name: "\(pair)/goals/g/checkIns/c", author: coachee, progress: 12.5, confidence: 10,
                    obstacles: ["\(pair)/obstacles/o"], supportAsked: "A second look", createTime: monday.timestamp))
    }

    @Test(
        "has limits",
        arguments: [
            CheckIn(progress: .infinity), CheckIn(progress: .nan), CheckIn(confidence: -1), CheckIn(confidence: 11),
            CheckIn(obstacles: Array(repeating: "\(pair)/obstacles/o", count: 21)),
            CheckIn(obstacles: ["organizations/acme/relationships/other/obstacles/o"]),
            CheckIn(supportAsked: String(repeating: "x", count: 2001)),
        ])
    func limits(words: CheckIn) {
        #expect(reason { _ = try Self.record(words) } == "INVALID_FIELD")
    }

    @Test("comes after the last one, and is one of at most 1000")
    func order() {
        let diary = CheckInDiary(latest: monday, count: 999)
        #expect(reason { _ = try Self.record(diary: diary, at: monday.adding(microseconds: -1)) } == "INVALID_FIELD")
        #expect(reason { _ = try Self.record(diary: diary, at: monday) } == nil)
        #expect(reason { _ = try Self.record(diary: CheckInDiary(count: 1000)) } == "CAPACITY_FULL")
    }
}

@Suite("Check-ins over the wire")
struct CheckInServiceTests {
    @Test("a slot without one is missed 24 h later, by time itself, once; then the next one waits")
    func missed() async throws {
        let workshop = try await Workshop()
        let goal = try await workshop.active()
        let start = try #require(try goal.activateTime)
        try await workshop.host.advance(days: 7, hours: 23)
        #expect(try await workshop.events("checkin.missed.v1").isEmpty)
        try await workshop.host.advance(hours: 2)
        try await workshop.host.advance(days: 7)
        let events = try await workshop.events("checkin.missed.v1")
        #expect(events.map(\.occurredAt) == [8, 15].map { start.adding(days: $0).timestamp })
        #expect(
            events.first?.payload
                == .checkInChanged(CheckInChanged(goal: goal.name, slotTime: start.adding(days: 7).timestamp)))
        #expect(events.allSatisfy { $0.actor.isEmpty })
        let late = try await workshop.checkIn(goal)
        #expect(late.late && late.slotTime == start.adding(days: 14).timestamp)
        #expect(workshop.changed(try await workshop.events("checkin.recorded.v1").last)?.onTime == false)
    }

    @Test("at exactly 24 h it is on time", arguments: [(Int64(0), true), (1, false)])
    func exactly(offset: Int64, onTime: Bool) async throws {
        let workshop = try await Workshop(importing: true)
        let goal = try await workshop.active(at: monday)
        let instant = monday.adding(days: 8).adding(microseconds: offset)
        let checkIn = try await workshop.checkIn(goal, at: instant)
        #expect(checkIn.late == !onTime)
        #expect(checkIn.slotTime == monday.adding(days: 7).timestamp)
        #expect(try await workshop.events("checkin.missed.v1").count == (onTime ? 0 : 1))
        let event = workshop.changed(try await workshop.events("checkin.recorded.v1").last)
        #expect(event?.checkIn == checkIn.name && event?.onTime == onTime && event?.slotTime == checkIn.slotTime)
    }

    @Test("weekly ones fill each slot and nothing is missed until the due date; after it nothing is asked")
    func weekly() async throws {
        let workshop = try await Workshop()
        let goal = try await workshop.activeGoal(due: 28)
        for _ in 0..<4 {
            try await workshop.host.advance(days: 7)
            #expect(try await !workshop.checkIn(goal).late)
        }
        try await workshop.host.advance(days: 60)
        #expect(try await workshop.events("checkin.missed.v1").isEmpty)
        #expect(try await workshop.checkIn(goal).slotTime == nil)
        let all = try await workshop.service.listCheckIns(.init(parent: goal.name), workshop.coach).checkIns
        #expect(all.count == 5)
        #expect(try await workshop.service.getCheckIn(.init(name: all[0].name), workshop.coach) == all[0])
    }

    @Test("low confidence puts the goal at risk, announced once; good confidence takes it out")
    func risk() async throws {
        let workshop = try await Workshop()
        let goal = try await workshop.active()
        func state(after confidence: Int32) async throws -> Goal.State {
            _ = try await workshop.checkIn(goal, confidence: confidence)
            return try await workshop.service.getGoal(.init(name: goal.name), workshop.coach).state
        }
        #expect(try await state(after: 4) == .active)
        #expect(try await state(after: 3) == .atRisk)
        #expect(try await state(after: 1) == .atRisk)
        #expect(try await state(after: 4) == .atRisk)
        #expect(try await workshop.events("goal.at_risk.v1").count == 1)
        #expect(try await state(after: 5) == .active)
        #expect(try await state(after: 0) == .atRisk)
        #expect(try await workshop.events("goal.at_risk.v1").count == 2)
        // A goal at risk is attained like any other.
        _ = try await workshop.countersign(try await workshop.record(2, .final, of: goal))
        #expect(try await workshop.service.getGoal(.init(name: goal.name), workshop.coach).state == .achieved)
    }

    @Test(
        "nothing is asked of a goal that is decided or retired, nor after the end",
        arguments: ["decided", "retired", "ended"])
    func over(how: String) async throws {
        let workshop = try await Workshop()
        let goal = try await workshop.active()
        switch how {
        case "decided": _ = try await workshop.countersign(try await workshop.record(0, .final, of: goal))
        case "retired":
            _ = try await workshop.service.retireGoal(.init(name: goal.name, why: "The team is gone"), workshop.coach)
        default:
            var relationship = workshop.relationship
            relationship.state = .ended
            relationship.updateTime = workshop.host.clock.now.timestamp
            try await workshop.host.put(relationship)
        }
        try await workshop.host.advance(days: 60)
        #expect(try await workshop.events("checkin.missed.v1").isEmpty)
    }

    @Test("a pause moves the slots by its length")
    func pause() async throws {
        let workshop = try await Workshop()
        let goal = try await workshop.active()
        let start = try #require(try goal.activateTime)
        try await workshop.shift(days: 10)
        try await workshop.host.advance(days: 17, hours: 23)
        #expect(try await workshop.events("checkin.missed.v1").isEmpty)
        let checkIn = try await workshop.checkIn(goal)
        #expect(!checkIn.late && checkIn.slotTime == start.adding(days: 17).timestamp)
    }

    @Test("names obstacles that exist")
    func obstacles() async throws {
        let workshop = try await Workshop()
        let goal = try await workshop.active()
        let obstacle = try await workshop.obstacle()
        #expect(try await workshop.checkIn(goal, obstacles: [obstacle.name]).obstacles == [obstacle.name])
        #expect(
            await refusal { try await workshop.checkIn(goal, obstacles: ["\(workshop.name)/obstacles/none"]) }
                == "NOT_FOUND NOT_FOUND")
        #expect(
            await refusal { try await workshop.service.recordCheckIn(.init(parent: goal.name), workshop.coach) }
                == "INVALID_ARGUMENT INVALID_FIELD")
    }
}

extension Workshop {
    /// Signed by both, due in some days.
    func activeGoal(due days: Int, at instant: Instant? = nil) async throws -> Goal {
        let due = (instant ?? host.clock.now).adding(days: days)
        let goal = try await service.createGoal(
            CreateGoalRequest(
                parent: name,
                goal: Goal(
                    type: .performance, statement: "Ask for three pains", measure: "calls", unit: "%", baseline: 30,
                    target: 60, dueTime: due.timestamp), occurredAt: instant?.timestamp), coachee)
        _ = try await service.proposeGoal(.init(name: goal.name, occurredAt: instant?.timestamp), coachee)
        return try await service.signGoal(.init(name: goal.name, occurredAt: instant?.timestamp), coach)
    }

    func checkIn(
        _ goal: Goal, confidence: Int32 = 7, obstacles: [String] = [], at instant: Instant? = nil
    ) async throws -> CheckIn {
        try await service.recordCheckIn(
            RecordCheckInRequest(
                parent: goal.name, checkIn: CheckIn(progress: 40, confidence: confidence, obstacles: obstacles),
                occurredAt: instant?.timestamp), coachee)
    }

    func obstacle(
        _ tag: String = "", external: Bool = false, goal: String = "", at instant: Instant? = nil
    ) async throws -> Obstacle {
        try await service.addObstacle(
            AddObstacleRequest(
                parent: name, obstacle: Obstacle(text: "The split in June", tag: tag, external: external, goal: goal),
                occurredAt: instant?.timestamp), coachee)
    }

    func changed(_ event: Event?) -> CheckInChanged? {
        if case .checkInChanged(let change) = event?.payload { change } else { nil }
    }

    /// What the event of the resumption does to the deadlines.
    func shift(days: Int) async throws {
        try await host.runtime.database.write { [name] in
            try $0.due.shift(
                organization: .text("organizations/acme"), scope: name, by: Int64(days) * Instant.microsecondsPerDay)
        }
    }
}
