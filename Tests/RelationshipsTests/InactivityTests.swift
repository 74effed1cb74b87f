import RPC
import Schema
import ServiceKit
import ServiceKitTesting
import Standard
import Storage
import Testing

@testable import Relationships

/// docs/domain.md §2.2 and §6.1: who has fallen silent is reminded in three steps.
@Suite struct InactivityTests {
    // MARK: The rule

    private func presence(_ days: Int, without absences: [(Int, Int)]) -> Double {
        Double(
            InactivityLadder.presence(
                from: day(0), to: day(days),
                without: absences.map { .init(start: day($0.0), end: day($0.1)) }))
            / Double(Instant.microsecondsPerDay)
    }

    private func deadline(_ absences: [(Int, Int)]) -> Instant {
        InactivityLadder.deadline(
            after: day(0), days: 7, without: absences.map { .init(start: day($0.0), end: day($0.1)) })
    }

    @Test func daysOfLeaveDoNotCount() {
        #expect(presence(14, without: []) == 14)
        #expect(presence(14, without: [(-5, 2), (4, 6), (5, 8), (13, 40)]) == 14 - 2 - 4 - 1)
        #expect(presence(14, without: [(-9, 99)]) == 0 && presence(14, without: [(20, 30)]) == 14)
        #expect(deadline([]) == day(7))
        #expect(deadline([(-5, 2), (4, 6), (5, 8)]) == day(13))
        #expect(deadline([(7, 9)]) == day(7), "leave that begins with the deadline comes too late")
        #expect(deadline([(6, 9), (9, 12)]) == day(13))
    }

    // MARK: The ladder

    private func report(_ pair: Pair, by person: String? = nil) async throws -> InactivityReport {
        try await pair.service.reportInactivity(
            ReportInactivityRequest(name: pair.name), pair.by(person ?? pair.coachee))
    }

    private func get(_ report: InactivityReport, _ pair: Pair, by context: ServerContext? = nil) async throws
        -> InactivityReport
    {
        try await pair.service.getInactivityReport(
            GetInactivityReportRequest(name: report.name), context ?? pair.by(pair.coachee))
    }

    private func inactive(_ pair: Pair) async throws -> [InactivityReport] {
        try await pair.service.listInactiveRelationships(
            ListInactiveRelationshipsRequest(parent: pair.programme), pair.admin
        ).inactivityReports
    }

    /// Active since day -2 of the clock, and now it is day 13.
    private func silent() async throws -> Pair {
        let pair = try await Pair.active()
        try await pair.host.advance(days: 15)
        return pair
    }

    @Test func threeStepsAWeekApart() async throws {
        let pair = try await silent()
        let first = try await report(pair)
        #expect(first.step == .silentReminded && first.silent == pair.coach && first.reportedBy == pair.coachee)
        #expect(try dayNumber(first.nextStepTime) == 20 && dayNumber(first.lastActivityTime) == -2)
        #expect(try await get(first, pair, by: pair.by(pair.coach)) == first, "the silent one reads it")
        #expect(await refusal { try await get(first, pair, by: pair.admin) } == "NOT_FOUND")
        #expect(await refusal { try await report(pair) } == "WRONG_STATE", "one at a time")

        try await pair.host.advance(days: 7)
        let second = try await get(first, pair)
        #expect(try second.step == .bothReminded && second.stepTimes.map(dayNumber) == [13, 20])
        #expect(try await inactive(pair).isEmpty)

        try await pair.host.advance(days: 7)
        #expect(try await get(first, pair).step == .programmeTold)
        let told = try #require(try await inactive(pair).first)
        #expect(try told.name == first.name && told.stepTimes.map(dayNumber) == [27])
        #expect(told.reportedBy.isEmpty && told.silent.isEmpty && told.lastActivityTime == nil, "without content")
        #expect(try await get(first, pair, by: pair.admin) == told)

        let offered = try await pair.service.offerRematch(OfferRematchRequest(name: first.name), pair.admin)
        #expect(offered.silent.isEmpty)
        #expect(try await dayNumber(get(first, pair).rematchOfferTime) == 27)
        #expect(
            try await pair.host.events().filter { $0.type == "inactivity.step_taken.v1" }.count == 4)
        _ = try await pair.service.requestRematch(
            RequestRematchRequest(name: pair.name, reason: .inactive), pair.by(pair.coachee))
        try await pair.host.advance(days: 14)
        #expect(try await get(first, pair).state == .closed)
        #expect(try await inactive(pair).isEmpty)
    }

    @Test func whoeverDoesSomethingIsBack() async throws {
        let pair = try await silent()
        let first = try await report(pair)
        _ = try await pair.promise(pair.coach, due: day(60), at: day(0))
        try await pair.host.advance(days: 7)
        #expect(try await get(first, pair).state == .activeAgain)
        #expect(try await get(first, pair).stepTimes.count == 1)
        #expect(await refusal { try await report(pair) } == "STILL_ACTIVE")
    }

    @Test func aWordInGoalsOrFeedbackIsAWord() async throws {
        let pair = try await silent()
        let event = Event(
            id: "e", type: "feedback.delivered.v1", relationship: pair.name, actor: pair.coach, actorRole: .trustee,
            occurredAt: day(12).timestamp)
        try await pair.host.runtime.database.write { try pair.service.apply(event, from: "feedback", in: $0) }
        #expect(await refusal { try await report(pair) } == "STILL_ACTIVE")
        let activity = try await pair.service.getRelationshipActivity(
            GetRelationshipActivityRequest(name: "\(pair.name)/activity"), pair.by(pair.coachee))
        #expect(try dayNumber(activity.trusteeActivityTime) == 12 && dayNumber(activity.lastActivityTime) == 12)
        #expect(try dayNumber(activity.trustorActivityTime) == -2)
        try await pair.host.runtime.database.write { try pair.service.forget("feedback", in: $0) }
        #expect(await refusal { try await report(pair) } == nil)
    }

    @Test func leaveAndPausesStopTheClock() async throws {
        let pair = try await silent()
        func leave(_ from: Int, _ to: Int) async throws {
            _ = try await pair.service.createLeaveWindow(
                CreateLeaveWindowRequest(
                    parent: pair.coach,
                    leaveWindow: LeaveWindow(startTime: day(from).timestamp, endTime: day(to).timestamp)),
                pair.by(pair.coach))
        }
        try await leave(5, 10)
        #expect(await refusal { try await report(pair) } == "STILL_ACTIVE", "five of fifteen days away")
        try await pair.host.advance(days: 4)
        let first = try await report(pair)
        #expect(try dayNumber(first.nextStepTime) == 24)
        try await leave(20, 23)
        try await pair.host.advance(days: 7)
        #expect(try await get(first, pair).step == .silentReminded, "told of later, and counted all the same")
        #expect(try await dayNumber(get(first, pair).nextStepTime) == 27)
        _ = try await pair.service.pauseRelationship(
            PauseRelationshipRequest(name: pair.name, reason: .workload), pair.by(pair.coachee))
        try await pair.host.advance(days: 30)
        #expect(try await get(first, pair).step == .silentReminded, "nothing is due in a pause")
        _ = try await pair.service.resumeRelationship(
            ResumeRelationshipRequest(name: pair.name), pair.by(pair.coachee))
        #expect(try await dayNumber(get(first, pair).nextStepTime) == 57)
        try await pair.host.advance(days: 3)
        #expect(try await get(first, pair).step == .bothReminded)
    }

    @Test func whatIsRefused() async throws {
        let pair = try await Pair.active()
        #expect(await refusal { try await report(pair) } == "STILL_ACTIVE")
        let request = ReportInactivityRequest(name: pair.name)
        #expect(await refusal { try await pair.service.reportInactivity(request, pair.admin) } == "NOT_PARTY")
        let importing = try await Pair.active(importing: true)
        let past = ReportInactivityRequest(name: importing.name, occurredAt: day(40).timestamp)
        #expect(
            await refusal { try await importing.service.reportInactivity(past, importing.by(importing.coachee)) }
                == "IMPORTING")
        let list = ListInactiveRelationshipsRequest(parent: pair.programme)
        #expect(
            await refusal { try await pair.service.listInactiveRelationships(list, pair.by(pair.coach)) }
                == "ROLE_FORBIDDEN")
        let activity = GetRelationshipActivityRequest(name: "\(pair.name)/activity")
        #expect(await refusal { try await pair.service.getRelationshipActivity(activity, pair.admin) } == "NOT_PARTY")
        let silent = try await silent()
        let reported = try await report(silent)
        let offer = OfferRematchRequest(name: reported.name)
        #expect(
            await refusal { try await silent.service.offerRematch(offer, silent.by(silent.coach)) } == "ROLE_FORBIDDEN")
        #expect(await refusal { try await silent.service.offerRematch(offer, silent.admin) } == "NOT_FOUND", "not told")
    }
}
