import Schema
import ServiceKit
import Standard
import Testing
import TrustModel

@testable import TrustScoring

/// docs/domain.md §4.5, M1 to M6.
@Suite struct MonitorTests {
    private func monitor(_ kind: Monitor.Kind, _ pair: Pair, at number: Double) async throws -> Monitor {
        let monitors = try await pair.service.listMonitors(
            ListMonitorsRequest(parent: pair.relationship.name, asOf: day(number).timestamp), pair.context()
        ).monitors
        return try #require(monitors.first { $0.kind == kind })
    }

    private func isDue(_ kind: Monitor.Kind, _ pair: Pair, at number: Double) async throws -> Bool {
        try await monitor(kind, pair, at: number).status == .due
    }

    @Test("S36: a contact gap after twice the cadence and 3 days") func contactGapAfterTwiceTheCadenceAnd3Days()
        async throws
    {
        let pair = try await Pair(now: 200)
        let limit = Double(2 * pair.relationship.cadenceDays + 3)
        try await pair.tell(pair.facts.held("s1", start: day(7)))
        #expect(try await !isDue(.contactGap, pair, at: 7 + limit))
        let monitor = try await self.monitor(.contactGap, pair, at: 7.1 + limit)
        #expect(monitor.status == .due && monitor.dueSince == day(7 + limit).timestamp && !monitor.prompt.isEmpty)
        // Leave does not count.
        try await pair.tell(pair.facts.leave("l1", of: coachee, from: day(8), to: day(13)))
        #expect(try await !isDue(.contactGap, pair, at: 11.9 + limit))
        #expect(try await isDue(.contactGap, pair, at: 12.1 + limit))
    }

    @Test("Also where twice the cadence is longer than the 56 days of the index", arguments: [28, 90])
    func contactGapOfRareMeetings(cadenceDays: Int) async throws {
        let pair = try await Pair(now: 400)
        var relationship = pair.relationship
        relationship.cadenceDays = Int32(cadenceDays)
        relationship.etag = "\"3\""
        try await pair.host.put(relationship)
        let limit = Double(2 * cadenceDays + 3)
        try await pair.tell(pair.facts.held("s1", start: day(7)))
        #expect(try await !isDue(.contactGap, pair, at: 7 + limit))
        let monitor = try await self.monitor(.contactGap, pair, at: 7.1 + limit)
        #expect(monitor.status == .due && monitor.dueSince == day(7 + limit).timestamp)
        // Leave soon after the last contact, however long ago that is.
        try await pair.tell(pair.facts.leave("l1", of: coachee, from: day(8), to: day(13)))
        #expect(try await !isDue(.contactGap, pair, at: 11.9 + limit))
        #expect(try await isDue(.contactGap, pair, at: 12.1 + limit))
    }

    @Test func recognitionDroughtIn28DaysWithTwoSessions() async throws {
        let pair = try await Pair(now: 200)
        try await pair.tell([20.0, 27, 34].map { pair.facts.held("s\($0)", start: day($0)) })
        #expect(try await isDue(.recognitionDrought, pair, at: 35))
        try await pair.tell(
            pair.facts.feedback("feedback.delivered.v1", .balanced, "f1", at: day(30)), from: "feedback")
        #expect(try await !isDue(.recognitionDrought, pair, at: 35))
        #expect(try await !isDue(.recognitionDrought, pair, at: 60), "no two sessions in these 28 days")
    }

    @Test func aChangeThatNothingAnswersFor14Days() async throws {
        let pair = try await Pair(now: 200)
        try await pair.tell(pair.facts.contextChange("context.changed.v1", "x1", at: day(10)))
        #expect(try await !isDue(.noAdaptation, pair, at: 24))
        let monitor = try await self.monitor(.noAdaptation, pair, at: 24.1)
        #expect(monitor.status == .due && monitor.subjects == [pair.facts.name("contextChanges", "x1")])
        try await pair.tell(pair.facts.revision("r1", of: "g1", for: "x1", at: day(25)), from: "goals")
        #expect(try await !isDue(.noAdaptation, pair, at: 26))
    }

    @Test("S09: four sessions in a row that told the state of things alone ask for a reflection")
    func reflectionAfterFourSessionsOfStatus() async throws {
        let pair = try await Pair(now: 200)
        let facts = pair.facts
        func tell(_ depths: [Session.Depth], from first: Int) async throws {
            for (number, depth) in depths.enumerated() {
                let start = day(Double(7 * (first + number)))
                try await pair.tell([
                    facts.held("s\(first + number)", start: start),
                    facts.depth("s\(first + number)", depth, start: start),
                ])
            }
        }
        try await tell([.status, .status, .status], from: 0)
        #expect(try await !isDue(.reflectionOverdue, pair, at: 15))
        try await tell([.growth, .status, .status, .status], from: 3)
        #expect(try await !isDue(.reflectionOverdue, pair, at: 43))
        try await tell([.status], from: 7)
        let monitor = try await monitor(.reflectionOverdue, pair, at: 50)
        #expect(monitor.status == .due && monitor.dueSince == day(49).timestamp)
        #expect(monitor.subjects == (4...7).map { facts.name("sessions", "s\($0)") })
        // The coachee thinks again of one of them.
        try await pair.tell(facts.depth("s6", .problem, start: day(42)))
        #expect(try await !isDue(.reflectionOverdue, pair, at: 50))
        try await pair.tell(facts.depth("s6", .status, start: day(42)))
        try await pair.tell(facts.reflection("r1", at: day(51)))
        #expect(try await !isDue(.reflectionOverdue, pair, at: 52))
    }

    @Test("Renegotiate everything: more than half of four promises and more (docs/domain.md §4.6)")
    func renegotiation() async throws {
        let pair = try await Pair(now: 200)
        func promise(_ id: String, at number: Double, moved: Bool, by owner: Role = .trustee) async throws {
            try await pair.tell(
                pair.facts.commitment("commitment.accepted.v1", id, at: day(number), owner: owner))
            guard moved else { return }
            try await pair.tell(
                pair.facts.commitment(
                    "commitment.renegotiated.v1", id, at: day(number + 1), owner: owner, renegotiated: day(number + 1)))
        }
        for number in 0..<3 { try await promise("m\(number)", at: Double(10 * number), moved: true) }
        #expect(try await !isDue(.renegotiation, pair, at: 30), "three are too few")
        try await promise("k0", at: 30, moved: false)
        let monitor = try await self.monitor(.renegotiation, pair, at: 40)
        #expect(monitor.status == .due && monitor.dueSince == day(21).timestamp && monitor.subjects.count == 3)
        try await promise("k1", at: 41, moved: false)
        try await promise("k2", at: 42, moved: false)
        #expect(try await !isDue(.renegotiation, pair, at: 43), "half is not more than half")
        for number in 0..<4 { try await promise("c\(number)", at: 44, moved: true, by: .trustor) }
        #expect(try await !isDue(.renegotiation, pair, at: 50), "the coachee's own are not looked at")
        try await promise("m3", at: 60, moved: true)
        #expect(try await isDue(.renegotiation, pair, at: 62))
        #expect(try await !isDue(.renegotiation, pair, at: 140), "within 90 days")
    }

    @Test func reflectionAfter56DaysAndAfter28WhenThereWasAnAlert() async throws {
        let pair = try await Pair(now: 200)
        try await pair.tell(pair.facts.reflection("r1", at: day(10)))
        #expect(try await !isDue(.reflectionOverdue, pair, at: 66))
        #expect(try await isDue(.reflectionOverdue, pair, at: 66.1))
        try await pair.tell(
            (12...16).map { pair.facts.commitment("commitment.missed.v1", "c\($0)", at: day(Double($0))) })
        #expect(try await !isDue(.reflectionOverdue, pair, at: 38))
        #expect(try await isDue(.reflectionOverdue, pair, at: 38.1))
        // By one alone it is none of both.
        try await pair.tell(pair.facts.reflection("r2", at: day(39), trustee: false))
        #expect(try await isDue(.reflectionOverdue, pair, at: 40))
        try await pair.tell(pair.facts.reflection("r3", at: day(41)))
        #expect(try await !isDue(.reflectionOverdue, pair, at: 60))
    }

    @Test func aWordWithoutADeedFor7Days() async throws {
        let pair = try await Pair(now: 200)
        try await pair.tell(pair.facts.decision("decision.recorded.v1", "d1", at: day(10), promises: true))
        try await pair.tell(pair.facts.decision("decision.recorded.v1", "d2", at: day(10)))
        #expect(try await !isDue(.wordWithoutDeed, pair, at: 17))
        let monitor = try await self.monitor(.wordWithoutDeed, pair, at: 17.1)
        #expect(monitor.status == .due && monitor.subjects == [pair.facts.name("decisions", "d1")])
        try await pair.tell(
            pair.facts.commitment(
                "commitment.proposed.v1", "c1", at: day(18), source: pair.facts.name("decisions", "d1")))
        #expect(try await !isDue(.wordWithoutDeed, pair, at: 19))
    }

    @Test func aGoalThatNobodyLooksAtForTwoIntervals() async throws {
        let pair = try await Pair(now: 200)
        try await pair.tell(
            [
                pair.facts.goal("goal.signed.v1", "g1", at: day(0), state: .active), pair.facts.missedCheckIn(7),
            ], from: "goals")
        #expect(try await !isDue(.staleGoal, pair, at: 9))
        try await pair.tell(pair.facts.missedCheckIn(14), from: "goals")
        let monitor = try await self.monitor(.staleGoal, pair, at: 16)
        #expect(monitor.status == .due && monitor.subjects == [pair.facts.name("goals", "g1")])
        try await pair.tell(pair.facts.checkIn(21, at: day(20)), from: "goals")
        #expect(try await !isDue(.staleGoal, pair, at: 21))
    }

    @Test func nothingIsExpectedDuringAPause() async throws {
        let pair = try await Pair(now: 200)
        var paused = pair.relationship
        paused.state = .paused
        paused.etag = "\"3\""
        try await pair.host.put(paused)
        #expect(try await monitor(.contactGap, pair, at: 100).status == .notAssessable)
    }
}
