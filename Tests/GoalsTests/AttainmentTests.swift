import Schema
import ServiceKit
import Testing

@testable import Goals

@Suite("An attainment")
struct AttainmentTests {
    static func record(
        _ level: Int32 = 1, _ point: Attainment.ReviewPoint = .interim, review: Instant? = nil,
        goal: Goal? = nil, among others: [Attainment] = [], at now: Instant = monday.adding(days: 42)
    ) throws -> Attainment {
        try .record(
            Attainment(level: level, reviewPoint: point, reviewTime: review?.timestamp),
            of: goal ?? GoalTests.active(), among: others, named: "\(pair)/goals/g/attainments/a", by: coachee, at: now)
    }

    @Test("has a level from -2 to 2", arguments: [(-3, false), (-2, true), (0, true), (2, true), (3, false)])
    func levels(level: Int32, isAllowed: Bool) {
        #expect((reason { _ = try Self.record(level) } == nil) == isAllowed)
    }

    @Test("is INTERIM or FINAL, and its evidence has at most 2000 characters")
    func limits() throws {
        #expect(reason { _ = try Self.record(0, .unspecified) } == "INVALID_FIELD")
        let words = Attainment(reviewPoint: .interim, evidence: String(repeating: "x", count: 2001))
        #expect(
            reason {
                _ = try Attainment.record(words, of: GoalTests.active(), among: [], named: "a", by: coach, at: monday)
            } == "INVALID_FIELD")
    }

    @Test("belongs to a goal under way", arguments: GoalTests.states)
    func states(state: Goal.State) throws {
        var goal = try GoalTests.active()
        goal.state = state
        let isUnderWay = state == .active || state == .atRisk
        #expect(reason { _ = try Self.record(goal: goal) } == (isUnderWay ? nil : "WRONG_STATE"))
    }

    @Test("is reviewed in the goal's life: from the second signature on, not ahead, now when nothing is said")
    func reviewTime() throws {
        #expect(try Self.record().reviewTime == monday.adding(days: 42).timestamp)
        #expect(try Self.record(review: monday).reviewTime == monday.timestamp)
        #expect(reason { _ = try Self.record(review: monday.adding(microseconds: -1)) } == "INVALID_FIELD")
        let ahead = monday.adding(days: 42, minutes: 5)
        #expect(reason { _ = try Self.record(review: ahead) } == nil)
        #expect(reason { _ = try Self.record(review: ahead.adding(microseconds: 1)) } == "FUTURE_EVENT")
    }

    @Test("is one of each UTC day, and one FINAL")
    func uniqueness() throws {
        let midnight = Instant(microseconds: 20_750 * Instant.microsecondsPerDay)
        let now = midnight.adding(days: 2)
        let first = try Self.record(review: midnight, at: now)
        let lastOfDay = midnight.adding(days: 1).adding(microseconds: -1)
        #expect(reason { _ = try Self.record(review: lastOfDay, among: [first], at: now) } == "DUPLICATE_ATTAINMENT")
        #expect(reason { _ = try Self.record(review: midnight.adding(days: 1), among: [first], at: now) } == nil)
        let final = try Self.record(0, .final, review: midnight, at: now)
        let next = midnight.adding(days: 1)
        #expect(
            reason { _ = try Self.record(0, .final, review: next, among: [final], at: now) } == "DUPLICATE_ATTAINMENT")
        #expect(reason { _ = try Self.record(0, .interim, review: next, among: [final], at: now) } == nil)
    }

    @Test("is one of at most 400")
    func count() throws {
        let others = Array(repeating: Attainment(reviewPoint: .interim), count: 399)
        #expect(reason { _ = try Self.record(among: others) } == nil)
        #expect(reason { _ = try Self.record(among: others + others.prefix(1)) } == "TOO_MANY_ATTAINMENTS")
    }

    @Test("is countersigned by the other party, once")
    func countersignature() throws {
        var attainment = try Self.record()
        #expect(!attainment.isCountersigned)
        #expect(reason { try attainment.countersign(by: coachee, at: monday) } == "ROLE_FORBIDDEN")
        try attainment.countersign(by: coach, at: monday)
        #expect(attainment.isCountersigned)
        #expect(attainment.countersigner == coach)
        #expect(reason { try attainment.countersign(by: coach, at: monday) } == "WRONG_STATE")
    }
}

@Suite("The attainment T-score")
struct GasScoreTests {
    static func score(_ levels: [Int32], _ weights: [Int32]) -> GasScore {
        GasScore(over: zip(levels, weights).map { GasScore.Result(goal: Goal(type: .learning, weight: $1), level: $0) })
    }

    @Test("is G-16: equal weights, two goals, sums from -4 to 4")
    func equalWeights() {
        let pairs: [[Int32]] = [[-2, -2], [-2, -1], [-1, -1], [-1, 0], [0, 0], [1, 0], [1, 1], [2, 1], [2, 2]]
        let expected = [25, 31, 38, 44, 50, 56, 62, 69, 75]
        #expect(pairs.map { Int(Self.score($0, [1, 1]).tScore.rounded()) } == expected)
        #expect(abs(Self.score([1, 1], [1, 1]).tScore - 62.403473) < 1e-6)
    }

    @Test("is G-17: six goals of different weights")
    func differentWeights() {
        let score = Self.score([-2, 0, -1, 2, 0, 1], [3, 5, 1, 4, 2, 6])
        #expect(abs(score.tScore - 55) < 1e-12)
        #expect(score.goals == 6)
        #expect(score.rawMean == 0)
        #expect(abs(Self.score([1, 0, -1], [3, 2, 1]).tScore - 54.406526) < 1e-6)
    }

    @Test("is 0 over 0 goals when none counts, and an experiment never does")
    func experiments() {
        #expect(GasScore(over: []) == GasScore())
        let failed = GasScore.Result(goal: Goal(type: .experiment, weight: 6), level: -2)
        #expect(GasScore(over: [failed]) == GasScore())
        let kept = GasScore.Result(goal: Goal(type: .learning, weight: 1), level: 1)
        let score = GasScore(over: [failed, kept])
        #expect(score.tScore == 60)
        #expect(score.goals == 1)
        #expect(score.rawMean == 1)
    }
}
