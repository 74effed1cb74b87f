import RPC
import Schema
import ServiceKit
import ServiceKitTesting
import Testing

@testable import Relationships

/// docs/domain.md §6.1 and S43: another partner without blame.
@Suite struct RematchTests {
    /// An active pair of a programme in which coachee, coach and a second coach take part.
    private func market() async throws -> (Market, String) {
        let market = try await Market()
        try await market.enroll("ann", .trustor)
        try await market.enroll("bob", .trustee)
        let name = try await pair(market, "ann", "bob")
        return (market, name)
    }

    private func pair(_ market: Market, _ trustor: String, _ trustee: String) async throws -> String {
        let name = try await market.service.requestRelationship(
            RequestRelationshipRequest(
                parent: market.organization,
                relationship: Relationship(
                    programme: market.programme, trustee: market.person(trustee), trustor: market.person(trustor))),
            market.by(trustor)
        ).name
        _ = try await market.service.acceptRequest(AcceptRequestRequest(name: name), market.by(trustee))
        try await begin(market, name, trustor, trustee)
        return name
    }

    private func begin(_ market: Market, _ name: String, _ trustor: String, _ trustee: String) async throws {
        let draft = try await market.service.reviseAgreement(
            ReviseAgreementRequest(parent: name, agreement: Agreement(purpose: "grow")), market.by(trustee))
        for id in [trustee, trustor] {
            _ = try await market.service.signAgreement(SignAgreementRequest(name: draft.name), market.by(id))
        }
        _ = try await market.service.activateRelationship(
            ActivateRelationshipRequest(name: name), market.by(trustee))
    }

    private func rematch(
        _ market: Market, _ name: String, by id: String = "ann", note: String = "he talks of golf", share: Bool = false
    ) async throws -> Rematch {
        try await market.service.requestRematch(
            RequestRematchRequest(name: name, reason: .notAFit, note: note, shareWithMatching: share), market.by(id))
    }

    private func state(_ market: Market, _ name: String) async throws -> Relationship {
        try await market.service.getRelationship(GetRelationshipRequest(name: name), market.admin)
    }

    @Test func theCoacheeWaitsWithTheAgeOfTheEnrolmentAndNeverMeetsTheOldCoachAgain() async throws {
        let (market, name) = try await market()
        try await market.host.advance(days: 1)
        try await market.enroll("late", .trustor)
        try await market.run()
        #expect(try await market.waiting().map { market.id($0.person) } == ["late"])
        try await market.host.advance(days: 1)

        let rematch = try await rematch(market, name)
        #expect(try await state(market, name).state == .rematching)
        let waiting = try await market.waiting()
        #expect(waiting.map { market.id($0.person) } == ["late", "ann"], "in order of creation")
        #expect(waiting.map(\.position) == [2, 1], "whoever enrolled first is first")
        #expect(waiting[1].name == rematch.waitlistEntry && waiting[1].reason == .rematch)
        #expect(waiting[1].matchRun.isEmpty)

        // The old coach has a place again, for others.
        try await market.run()
        #expect(try await market.pairs() == ["late": "bob"])
        #expect(try await market.waiting().map { market.id($0.person) } == ["ann"])
        try await market.enroll("cleo", .trustee)
        let run = try await market.run()
        #expect(try await market.pairs()["ann"] == "cleo")
        #expect(try await market.explain(run, "ann", "bob").exclusions.contains(.pairedBefore))
    }

    @Test func theWordsAreTheAskersAndTheProgrammesAsFarAsTheAskerSaysSo() async throws {
        let (market, name) = try await market()
        let own = try await rematch(market, name)
        let get = GetRematchRequest(name: own.name)
        #expect(try await market.service.getRematch(get, market.by("ann")).note == "he talks of golf")
        #expect(await refusal { try await market.service.getRematch(get, market.by("bob")) } == "NOT_FOUND")
        #expect(await refusal { try await market.service.getRematch(get, market.by("cleo")) } == "NOT_PARTY")
        let seen = try await market.service.getRematch(get, market.admin)
        #expect(seen.note.isEmpty && seen.reason == .notAFit)
        let list = ListRematchesRequest(parent: name)
        #expect(try await market.service.listRematches(list, market.by("bob")).rematches.isEmpty)
        #expect(try await market.service.listRematches(list, market.admin).rematches == [seen])
        let search = ListRematchesRequest(parent: name, filter: "note = \"he talks of golf\"")
        #expect(await refusal { try await market.service.listRematches(search, market.admin) } == "BAD_FILTER")
        // What the partner reads of the pair, and what the other services hear, holds no reason.
        let relationship = try await market.service.getRelationship(
            GetRelationshipRequest(name: name), market.by("bob"))
        #expect(relationship.endReason == .unspecified && relationship.endedBy.isEmpty)
        #expect(try await !"\(market.host.events())".contains("golf"))
        #expect(try !String(decoding: market.host.storedBytes(), as: UTF8.self).contains("talks of golf"))
        #expect(try await market.host.events().allSatisfy { $0.type != "transparency.broken.v1" })
    }

    @Test func sharedWordsAreReadByTheProgramme() async throws {
        let (market, name) = try await market()
        let rematch = try await rematch(market, name, by: "bob", share: true)
        #expect(
            try await market.service.getRematch(GetRematchRequest(name: rematch.name), market.admin).note
                == "he talks of golf")
        #expect(try await market.waiting().map { market.id($0.person) } == ["ann"], "the coachee waits, whoever asks")
    }

    @Test func thePairEndsWithTheNewOne() async throws {
        let (market, name) = try await market()
        _ = try await rematch(market, name)
        try await market.enroll("cleo", .trustee)
        let next = try await pair(market, "ann", "cleo")
        let old = try await state(market, name)
        #expect(old.state == .ended && old.endReason == .rematched && old.endTime != nil)
        #expect(try await state(market, next).state == .active)
        #expect(try await market.waiting().isEmpty)
        try await market.host.advance(days: 20)
        #expect(try await state(market, name).endTime == old.endTime)
    }

    @Test func withoutANewCoachItEndsAfterTwoWeeks() async throws {
        let (market, name) = try await market()
        let rematch = try await rematch(market, name)
        #expect(try dayNumber(rematch.endTime) == 14)
        try await market.host.advance(days: 13, hours: 23)
        #expect(try await state(market, name).state == .rematching)
        try await market.host.advance(hours: 1)
        let ended = try await state(market, name)
        #expect(ended.state == .ended && ended.endReason == .rematched)
        #expect(try await market.waiting().map { market.id($0.person) } == ["ann"], "still waiting")
    }

    @Test func onlyWhatGoesOnIsRematchedAndOnlyByTheTwo() async throws {
        let (market, name) = try await market()
        let request = RequestRematchRequest(name: name, reason: .notAFit)
        #expect(await refusal { try await market.service.requestRematch(request, market.admin) } == "NOT_PARTY")
        let without = RequestRematchRequest(name: name)
        #expect(await refusal { try await market.service.requestRematch(without, market.by("ann")) } == "INVALID_FIELD")
        let stale = RequestRematchRequest(name: name, reason: .other, etag: "\"1\"")
        #expect(await refusal { try await market.service.requestRematch(stale, market.by("ann")) } == "ETAG_MISMATCH")
        _ = try await market.service.pauseRelationship(
            PauseRelationshipRequest(name: name, reason: .absence), market.by("ann"))
        _ = try await rematch(market, name)
        #expect(try await state(market, name).pauses.last?.endTime != nil)
        #expect(await refusal { try await rematch(market, name) } == "WRONG_STATE")
        // Nobody has to wait for the two weeks.
        let ended = try await market.service.endRelationship(EndRelationshipRequest(name: name), market.by("bob"))
        #expect(ended.state == .ended && ended.endReason == .rematched)
    }

    @Test func anEndHasAReasonThatBlamesNobody() async throws {
        let (market, name) = try await market()
        let own = EndRelationshipRequest(name: name, reason: .rematched)
        #expect(await refusal { try await market.service.endRelationship(own, market.by("bob")) } == "INVALID_FIELD")
        let ended = try await market.service.endRelationship(
            EndRelationshipRequest(name: name, reason: .goalsReached), market.by("bob"))
        #expect(ended.state == .ending && ended.endReason == .goalsReached)
        #expect(
            try await market.host.events().allSatisfy { $0.type != "transparency.broken.v1" }, "it is a reason (T3)")
    }
}
