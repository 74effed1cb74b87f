import RPC
import Schema
import ServiceKit
import Synchronization
import Testing

@testable import Relationships

/// Answers to a request, pause, resume, end and what a watcher sees (docs/domain.md §6.1, rule 28).
@Suite struct WorkingLifeTests {
    // MARK: Requests

    @Test func whoWasAskedMayAskBack() async throws {
        let pair = try await Pair.strangers()
        let name = try await pair.request().name
        let ask = AskForMoreInfoRequest(name: name, question: "why me?")
        #expect(
            await refusal { try await pair.service.askForMoreInfo(ask, pair.by(pair.coachee)) } == "ROLE_FORBIDDEN")
        #expect(try await pair.service.askForMoreInfo(ask, pair.by(pair.coach)).state == .needsInfo)
        let provide = ProvideInfoRequest(name: name, answer: "you know sales")
        #expect(
            await refusal { try await pair.service.provideInfo(provide, pair.by(pair.coach)) } == "ROLE_FORBIDDEN")
        #expect(try await pair.service.provideInfo(provide, pair.by(pair.coachee)).state == .requested)
        let inquiries = try await pair.service.listInquiries(
            ListInquiriesRequest(parent: name), pair.by(pair.coach)
        ).inquiries
        #expect(inquiries.map(\.question) == ["why me?"] && inquiries.map(\.answer) == ["you know sales"])
        #expect(
            try await pair.service.getInquiry(GetInquiryRequest(name: inquiries[0].name), pair.by(pair.coachee))
                == inquiries[0])
        #expect(
            try await pair.service.acceptRequest(AcceptRequestRequest(name: name), pair.by(pair.coach)).state
                == .accepted)
        #expect(try await pair.host.events().allSatisfy { !"\($0)".contains("why me") }, "no text in events")
    }

    @Test func aRequestThatWaitsForInfoExpiresAsWell() async throws {
        let pair = try await Pair.strangers()
        let name = try await pair.request().name
        try await pair.host.advance(days: 10)
        _ = try await pair.service.askForMoreInfo(
            AskForMoreInfoRequest(name: name, question: "why me?"), pair.by(pair.coach))
        try await pair.host.advance(days: 4)
        #expect(try await state(of: name, pair) == .expired)
    }

    @Test func aRequestIsDeclinedOrWithdrawnAndMadeAgain() async throws {
        let pair = try await Pair.strangers()
        let first = try await pair.request().name
        #expect(
            await refusal {
                try await pair.service.withdrawRequest(WithdrawRequestRequest(name: first), pair.by(pair.coach))
            } == "ROLE_FORBIDDEN")
        _ = try await pair.service.declineRequest(DeclineRequestRequest(name: first), pair.by(pair.coach))
        let second = try await pair.request().name
        _ = try await pair.service.withdrawRequest(WithdrawRequestRequest(name: second), pair.by(pair.coachee))
        #expect(await refusal { try await pair.request() } == nil)
        try await pair.host.advance(days: 30)
        #expect(try await state(of: first, pair) == .declined)
        #expect(try await state(of: second, pair) == .withdrawn)
        #expect(
            try await pair.host.events().map(\.type).filter { $0.hasPrefix("relationship.") }.prefix(5) == [
                "relationship.requested.v1", "relationship.declined.v1", "relationship.requested.v1",
                "relationship.withdrawn.v1", "relationship.requested.v1",
            ])
    }

    @Test func anAdministratorAnswersForWhatOneHasAskedFor() async throws {
        let pair = try await Pair.strangers()
        let asked = try await pair.service.requestRelationship(
            RequestRelationshipRequest(
                parent: pair.organization,
                relationship: Relationship(programme: pair.programme, trustee: pair.coach, trustor: pair.coachee)),
            pair.admin)
        _ = try await pair.service.askForMoreInfo(
            AskForMoreInfoRequest(name: asked.name, question: "why me?"), pair.by(pair.coachee))
        let list = ListInquiriesRequest(parent: asked.name)
        let inquiries = try await pair.service.listInquiries(list, pair.admin).inquiries
        #expect(inquiries.map(\.question) == ["why me?"])
        #expect(
            try await pair.service.getInquiry(GetInquiryRequest(name: inquiries[0].name), pair.admin) == inquiries[0])
        let withdraw = WithdrawRequestRequest(name: asked.name)
        let other = pair.host.context(
            person: pair.person("other"), purpose: "programme_admin", roles: ["programme_admin"])
        #expect(await refusal { try await pair.service.withdrawRequest(withdraw, other) } == "NOT_PARTY")
        #expect(await refusal { try await pair.service.listInquiries(list, other) } == "NOT_PARTY")
        #expect(try await pair.service.withdrawRequest(withdraw, pair.admin).state == .withdrawn)
    }

    // MARK: Pause

    @Test func aPauseMovesWhatIsOpenByItsLength() async throws {
        let pair = try await Pair.active()
        let promise = try await pair.agreed(pair.coach, due: day(6), at: day(0))
        let claimed = try await pair.agreed(pair.coach, due: day(6), at: day(0))
        try await pair.claim(claimed, by: pair.coach, at: day(0))
        try await pair.host.advance(days: 4)
        let paused = try await pair.service.pauseRelationship(
            PauseRelationshipRequest(name: pair.name, reason: .absence), pair.by(pair.coachee))
        #expect(paused.state == .paused && paused.pauses.map(\.reason) == [.absence])
        #expect(await refusal { try await pair.claim(promise, by: pair.coach, at: day(3)) } == "NOT_ACTIVE")
        try await pair.host.advance(days: 30)
        #expect(try await pair.commitment(promise).state == .accepted, "nothing falls due in a pause")
        let resumed = try await pair.service.resumeRelationship(
            ResumeRelationshipRequest(name: pair.name), pair.by(pair.coach))
        #expect(resumed.state == .active)
        let moved = try Instant(try #require(try await pair.commitment(promise).dueTime))
        #expect(moved - day(6) >= 30 * Instant.microsecondsPerDay && moved < day(37))
        try await pair.host.advance(days: 2)
        #expect(try await pair.commitment(claimed).state == .claimedKept, "day 34 of 35")
        try await pair.host.advance(days: 2)
        #expect(try await pair.commitment(claimed).state == .keptUnconfirmed)
        #expect(try await pair.commitment(promise).state == .accepted, "day 36 of 37")
        try await pair.host.advance(days: 2)
        #expect(try await pair.commitment(promise).state == .missed)
        let missed = try Instant(try #require(try await pair.lastEvent("commitment.missed.v1")?.occurredAt))
        #expect(missed == moved.adding(days: 1), "at its own instant")
        guard
            case .relationshipChanged(let payload) = try await pair.lastEvent("relationship.resumed.v1")?.payload
        else { throw Refusal.notFound("payload") }
        #expect(payload.pausedSince == paused.pauses[0].startTime)
        #expect(payload.relationship == resumed)
    }

    @Test func anImportKnowsPausesToo() async throws {
        let pair = try await Pair.active(importing: true)
        let promise = try await pair.agreed(pair.coach, due: day(6), at: day(0))
        _ = try await pair.service.pauseRelationship(
            PauseRelationshipRequest(name: pair.name, occurredAt: day(4).timestamp), pair.by(pair.coach))
        #expect(await refusal { try await pair.reach(day(10)) } == "NOT_ACTIVE")
        _ = try await pair.service.resumeRelationship(
            ResumeRelationshipRequest(name: pair.name, occurredAt: day(14).timestamp), pair.by(pair.coach))
        #expect(try await pair.commitment(promise).dueTime == day(16).timestamp)
        try await pair.reach(day(17))
        #expect(try await pair.commitment(promise).state == .accepted)
        try await pair.reach(day(17).next)
        #expect(try await pair.events("commitment.missed") == [Fact("commitment.missed.v1", day(17))])
        _ = try await pair.service.pauseRelationship(
            PauseRelationshipRequest(name: pair.name, occurredAt: day(18).timestamp), pair.by(pair.coach))
        _ = try await pair.service.finishImport(FinishImportRequest(name: pair.name), pair.by(pair.coach))
        try await pair.host.advance(days: 30)
        #expect(try await pair.commitment(promise).state == .missed, "paused since day 18: no time passes")
    }

    /// What is reckoned from an instant knows the pause as well as what is due does.
    @Test func aContradictionMayComeLaterByThePause() async throws {
        let pair = try await Pair.active(importing: true)
        let session = try await pair.session(on: day(0), at: day(0))
        try await pair.attest(session, by: pair.coach, at: day(1))
        _ = try await pair.service.pauseRelationship(
            PauseRelationshipRequest(name: pair.name, occurredAt: day(2).timestamp), pair.by(pair.coach))
        _ = try await pair.service.resumeRelationship(
            ResumeRelationshipRequest(name: pair.name, occurredAt: day(12).timestamp), pair.by(pair.coach))
        #expect(
            await refusal { try await pair.attest(session, .trusteeNoShow, by: pair.coachee, at: day(18).next) }
                == "WRONG_STATE")
        #expect(try await pair.attest(session, .trusteeNoShow, by: pair.coachee, at: day(18)).state == .disputed)
        #expect(
            try await pair.events("session.self") == [Fact("session.self_attested.v1", day(0))], "it fell due on day 17"
        )
    }

    // MARK: End

    @Test func twoWeeksOrTheOtherOnesWordEndIt() async throws {
        let pair = try await Pair.active()
        let promised = try await pair.promise(pair.coach, due: day(60), at: day(0))
        let agreed = try await pair.agreed(pair.coachee, due: day(60), at: day(0))
        let claimed = try await pair.agreed(pair.coach, due: day(60), at: day(0))
        let end = EndRelationshipRequest(name: pair.name)
        let ending = try await pair.service.endRelationship(end, pair.by(pair.coachee))
        #expect(ending.state == .ending && ending.endedBy == pair.coachee)
        #expect(await refusal { try await pair.service.endRelationship(end, pair.by(pair.coachee)) } == "WRONG_STATE")
        #expect(await refusal { try await pair.promise(pair.coach, due: day(6), at: day(0)) } == "NOT_ACTIVE")
        try await pair.claim(claimed, by: pair.coach, at: day(0))
        try await pair.host.advance(days: 13)
        #expect(try await state(of: pair.name, pair) == .ending)
        try await pair.host.advance(days: 1)
        #expect(try await state(of: pair.name, pair) == .ended)
        #expect(try await pair.commitment(promised).state == .released)
        #expect(try await pair.commitment(agreed).state == .released)
        #expect(try await pair.commitment(claimed).state == .keptUnconfirmed, "what was claimed keeps its fate")
        try await pair.host.advance(days: 90)
        #expect(try await pair.events("commitment.missed").isEmpty)
        #expect(try await pair.events("commitment.lapsed").isEmpty)
        #expect(
            try await pair.events("relationship.end").map(\.type) == [
                "relationship.ending.v1", "relationship.ended.v1",
            ])
        #expect(await refusal { try await pair.request() } == nil, "the two may begin anew")

        let other = try await Pair.active()
        _ = try await other.service.endRelationship(EndRelationshipRequest(name: other.name), other.by(other.coach))
        let ended = try await other.service.endRelationship(
            EndRelationshipRequest(name: other.name), other.by(other.coachee))
        #expect(ended.state == .ended && ended.endTime != nil)
        try await other.host.advance(days: 20)
        #expect(try await other.events("relationship.ended").count == 1)
    }

    @Test func aPauseEndsWhenTheEndIsAnnounced() async throws {
        let pair = try await Pair.active()
        _ = try await pair.service.pauseRelationship(PauseRelationshipRequest(name: pair.name), pair.by(pair.coach))
        try await pair.host.advance(days: 5)
        let ending = try await pair.service.endRelationship(
            EndRelationshipRequest(name: pair.name), pair.by(pair.coach))
        #expect(ending.pauses.map { $0.endTime != nil } == [true])
        guard case .relationshipChanged(let payload) = try await pair.lastEvent("relationship.ending.v1")?.payload
        else { throw Refusal.notFound("payload") }
        #expect(payload.pausedSince == ending.pauses[0].startTime)
        try await pair.host.advance(days: 14)
        #expect(try await state(of: pair.name, pair) == .ended)
    }

    @Test func afterTheEndWhatHappenedMayStillBeToldAndRepaired() async throws {
        let pair = try await Pair.active()
        _ = try await pair.agreed(pair.coach, due: day(0), at: day(0))
        try await pair.host.advance(days: 3)
        for person in [pair.coach, pair.coachee] {
            _ = try await pair.service.endRelationship(EndRelationshipRequest(name: pair.name), pair.by(person))
        }
        let breachCase = try #require(try await pair.breachCases().first).name
        _ = try await pair.acknowledge(breachCase, at: day(2))
        #expect(try await pair.acceptRepair(breachCase, at: day(2)).state == .repaired)
    }

    // MARK: Watching

    @Test func aWatcherSeesWhatHappensAndNeverWhatWasSaid() async throws {
        let pair = try await Pair.active()
        let seen = Mutex<[WatchRelationshipResponse]>([])
        let watch = Task { [host = pair.host, name = pair.name, caller = pair.by(pair.coachee)] in
            try await host.service.watchRelationship(
                WatchRelationshipRequest(name: name), caller,
                ResponseWriter { message in
                    seen.withLock { $0.append(message) }
                    if seen.withLock({ $0.count }) == 3 { throw CancellationError() }
                })
        }
        while seen.withLock({ $0.isEmpty }) { await Task.yield() }
        let promise = try await pair.agreed(pair.coach, due: day(6), at: day(0))
        _ = await watch.result
        let messages = seen.withLock { $0 }
        #expect(messages.map(\.type) == ["", "commitment.proposed.v1", "commitment.accepted.v1"])
        #expect(messages.map(\.resource) == ["", promise, promise])
        #expect(messages.map(\.actorRole) == [.unspecified, .trustee, .trustor])
        #expect(messages.allSatisfy { !$0.resumeToken.isEmpty })

        // Resuming behind the first brings what was missed.
        let missed = Mutex<[String]>([])
        let resume = WatchRelationshipRequest(name: pair.name, resumeToken: messages[1].resumeToken)
        _ = try? await pair.service.watchRelationship(
            resume, pair.by(pair.coach),
            ResponseWriter { message in
                missed.withLock { $0.append(message.type) }
                if !message.type.isEmpty { throw CancellationError() }
            })
        #expect(missed.withLock { $0 } == ["", "commitment.accepted.v1"])
        for stranger in [pair.by(pair.person("other")), pair.admin] {
            #expect(
                await refusal {
                    try await pair.service.watchRelationship(resume, stranger, ResponseWriter { _ in })
                } == "NOT_PARTY")
        }
    }

    private func state(of name: String, _ pair: Pair) async throws -> Relationship.State {
        try await pair.service.getRelationship(GetRelationshipRequest(name: name), pair.by(pair.coach)).state
    }
}
