import Schema
import ServiceKit
import Testing

@testable import Relationships

/// What becomes of promises, told as imported history: each instant is exact (docs/domain.md rules 4, 5, 6, 9, 13).
@Suite struct PromiseHistoryTests {
    @Test func aPromiseKeptCountsWhenItWasClaimed() async throws {
        let pair = try await Pair.active(importing: true)
        let promise = try await pair.agreed(pair.coach, due: day(6), at: day(0))
        try await pair.claim(promise, by: pair.coach, at: day(6))
        let kept = try await pair.confirm(promise, by: pair.coachee, at: day(7))
        #expect(kept.state == .kept)
        #expect(
            try await pair.events("commitment.") == [
                Fact("commitment.proposed.v1", day(0)), Fact("commitment.accepted.v1", day(0)),
                Fact("commitment.claimed.v1", day(6)), Fact("commitment.kept.v1", day(6)),
            ])
        let event = try #require(try await pair.lastEvent("commitment.kept.v1"))
        #expect(event.actor == pair.coachee && event.actorRole == .trustor)
        #expect(event.importClock == day(7).timestamp)
        guard case .commitmentChanged(let payload) = event.payload else { throw Refusal.notFound("payload") }
        #expect(payload.commitment == promise && payload.ownerRole == .trustee && payload.state == .kept)
    }

    @Test func aClaimAtTheEndOfTheGraceKeepsThePromise() async throws {
        let pair = try await Pair.active(importing: true)
        let promise = try await pair.agreed(pair.coach, due: day(6), at: day(0))
        try await pair.claim(promise, by: pair.coach, at: day(7))
        #expect(try await pair.confirm(promise, by: pair.coachee, at: day(8)).state == .kept)
        #expect(try await pair.breachCases().isEmpty)
    }

    @Test func aClaimAfterTheGraceIsNoticeAndKeepsItLate() async throws {
        let pair = try await Pair.active(importing: true)
        let promise = try await pair.agreed(pair.coach, due: day(6), at: day(0))
        let claimed = try await pair.claim(promise, by: pair.coach, at: day(9, hours: 23))
        #expect(claimed.state == .missed)
        try await pair.reach(day(40))
        #expect(try await pair.commitment(promise).state == .missed, "notice was given: never abandoned")
        #expect(try await pair.confirm(promise, by: pair.coachee, at: day(41)).state == .keptLate)
        #expect(
            try await pair.events("commitment.").suffix(3) == [
                Fact("commitment.missed.v1", day(7)), Fact("commitment.claimed.v1", day(9, hours: 23)),
                Fact("commitment.kept_late.v1", day(9, hours: 23)),
            ])
        guard case .commitmentChanged(let payload) = try await pair.lastEvent("commitment.kept_late.v1")?.payload else {
            throw Refusal.notFound("payload")
        }
        #expect(payload.daysLate == 3)
    }

    /// The miss of the case study: due on day 33, acknowledged on day 35, repaired on day 36.
    @Test func aMissOfTheCoachIsRepaired() async throws {
        let pair = try await Pair.active(importing: true)
        let promise = try await pair.agreed(pair.coach, due: day(33), at: day(28))
        try await pair.reach(day(34))
        #expect(try await pair.commitment(promise).state == .accepted, "a fact at exactly the deadline beats it")
        try await pair.reach(day(34).next)
        let missed = try await pair.commitment(promise)
        #expect(missed.state == .missed)

        let breachCase = try #require(try await pair.breachCases().first)
        #expect(missed.breachCase == breachCase.name)
        #expect(breachCase.state == .confirmed && breachCase.kind == .commitment && breachCase.subject == promise)
        #expect(breachCase.confirmTime == day(34).timestamp)
        #expect(await refusal { try await pair.acceptRepair(breachCase.name, at: day(35)) } == "WRONG_STATE")
        _ = try await pair.acknowledge(breachCase.name, at: day(35))
        #expect(await refusal { try await pair.acknowledge(breachCase.name, at: day(35)) } == "WRONG_STATE")
        #expect(try await pair.acceptRepair(breachCase.name, at: day(36)).state == .repaired)
        #expect(await refusal { try await pair.acceptRepair(breachCase.name, at: day(36)) } == "WRONG_STATE")

        try await pair.reach(day(200))
        #expect(try await pair.commitment(promise).state == .missed, "acknowledged in time: never abandoned")
        #expect(
            try await pair.events("breach.") == [
                Fact("breach.confirmed.v1", day(34)), Fact("breach.acknowledged.v1", day(35)),
                Fact("breach.repaired.v1", day(36)),
            ])
        let event = try #require(try await pair.lastEvent("commitment.missed.v1"))
        #expect(event.occurredAt == day(34).timestamp && event.actor.isEmpty && event.actorRole == .other)
    }

    @Test func aMissWithoutNoticeIsAbandonedAfterSevenDays() async throws {
        let pair = try await Pair.active(importing: true)
        let promise = try await pair.agreed(pair.coach, due: day(6), at: day(0))
        try await pair.reach(day(200))
        #expect(try await pair.commitment(promise).state == .abandoned)
        #expect(
            try await pair.events("commitment.").suffix(2) == [
                Fact("commitment.missed.v1", day(7)), Fact("commitment.abandoned.v1", day(14)),
            ])
        #expect(
            try await pair.events("breach.") == [
                Fact("breach.confirmed.v1", day(7)), Fact("breach.unrepaired.v1", day(97)),
            ])
    }

    @Test func noticeOnTheLastInstantIsInTime() async throws {
        let pair = try await Pair.active(importing: true)
        let promise = try await pair.agreed(pair.coach, due: day(6), at: day(0))
        try await pair.claim(promise, by: pair.coach, at: day(14))
        try await pair.reach(day(20))
        #expect(try await pair.commitment(promise).state == .missed)
    }

    @Test func aRepairIsAcceptedForNinetyDays() async throws {
        for (repaired, reason) in [(day(97), nil), (day(97).next, "WRONG_STATE")] as [(Instant, String?)] {
            let pair = try await Pair.active(importing: true)
            _ = try await pair.agreed(pair.coach, due: day(6), at: day(0))
            try await pair.reach(day(8))
            let breachCase = try #require(try await pair.breachCases().first).name
            _ = try await pair.acknowledge(breachCase, at: day(9))
            #expect(await refusal { try await pair.acceptRepair(breachCase, at: repaired) } == reason)
        }
    }

    @Test func aMissOfTheCoacheeOpensNoCase() async throws {
        let pair = try await Pair.active(importing: true)
        let promise = try await pair.agreed(pair.coachee, due: day(6), at: day(0))
        try await pair.reach(day(8))
        let missed = try await pair.commitment(promise)
        #expect(missed.state == .missed && missed.breachCase.isEmpty)
        #expect(try await pair.breachCases().isEmpty)
    }

    @Test func aProposalThatNobodyAcceptsLapsesWhenDue() async throws {
        let pair = try await Pair.active(importing: true)
        let accepted = try await pair.promise(pair.coach, due: day(6), at: day(0))
        try await pair.accept(accepted, by: pair.coachee, at: day(6))
        let lapsed = try await pair.promise(pair.coach, due: day(6), at: day(6))
        #expect(await refusal { try await pair.accept(lapsed, by: pair.coachee, at: day(6).next) } == "WRONG_STATE")
        try await pair.reach(day(6).next)
        #expect(try await pair.commitment(accepted).state == .accepted)
        #expect(try await pair.commitment(lapsed).state == .lapsed)
        #expect(try await pair.events("commitment.lapsed") == [Fact("commitment.lapsed.v1", day(6))])
    }

    @Test func anUnansweredClaimCountsUnconfirmedFromItsOwnInstant() async throws {
        let pair = try await Pair.active(importing: true)
        let promise = try await pair.agreed(pair.coach, due: day(6), at: day(0))
        try await pair.claim(promise, by: pair.coach, at: day(5))
        try await pair.reach(day(12).next)
        #expect(try await pair.commitment(promise).state == .keptUnconfirmed)
        #expect(try await pair.confirm(promise, by: pair.coachee, at: day(30)).state == .kept)
        #expect(
            try await pair.events("commitment.kept") == [
                Fact("commitment.kept_unconfirmed.v1", day(5)), Fact("commitment.kept.v1", day(5)),
            ])
    }

    @Test func anAnswerOnTheSeventhDayConfirms() async throws {
        let pair = try await Pair.active(importing: true)
        let promise = try await pair.agreed(pair.coach, due: day(6), at: day(0))
        try await pair.claim(promise, by: pair.coach, at: day(5))
        try await pair.confirm(promise, by: pair.coachee, at: day(12))
        try await pair.reach(day(30))
        #expect(try await pair.events("commitment.kept") == [Fact("commitment.kept.v1", day(5))])
    }

    /// The one of the case study: renegotiated on day 62, kept on day 69.
    @Test func aRenegotiationCountsWhenItWasAskedAndTheChainGoesOn() async throws {
        let pair = try await Pair.active(importing: true)
        let promise = try await pair.agreed(pair.coach, due: day(63), at: day(56))
        _ = try await pair.service.renegotiateCommitment(
            RenegotiateCommitmentRequest(
                name: promise, dueTime: day(69).timestamp, occurredAt: pair.at(day(62))), pair.by(pair.coach))
        #expect(try await pair.events("commitment.renegotiated").isEmpty, "not before the other has agreed")
        let moved = try await pair.accept(promise, by: pair.coachee, at: day(63))
        #expect(moved.dueTime == day(69).timestamp && moved.renegotiations == 1)
        try await pair.claim(promise, by: pair.coach, at: day(69))
        try await pair.confirm(promise, by: pair.coachee, at: day(70))
        #expect(
            try await pair.events("commitment.").suffix(3) == [
                Fact("commitment.renegotiated.v1", day(62)), Fact("commitment.claimed.v1", day(69)),
                Fact("commitment.kept.v1", day(69)),
            ])
        #expect(try await pair.breachCases().isEmpty)
    }

    @Test func anUnansweredRenegotiationLeavesTheOldDueDate() async throws {
        let pair = try await Pair.active(importing: true)
        let promise = try await pair.agreed(pair.coach, due: day(63), at: day(56))
        _ = try await pair.service.renegotiateCommitment(
            RenegotiateCommitmentRequest(
                name: promise, dueTime: day(69).timestamp, occurredAt: pair.at(day(62))), pair.by(pair.coach))
        try await pair.reach(day(65))
        #expect(try await pair.commitment(promise).state == .missed)
        #expect(await refusal { try await pair.accept(promise, by: pair.coachee, at: day(65)) } == "WRONG_STATE")
    }

    // MARK: Promises that a support action entails

    func asked(_ pair: Pair, due: Instant, owner: String? = nil, source: String? = nil) -> CreateCommitmentRequest {
        CreateCommitmentRequest(
            parent: pair.name,
            commitment: Commitment(
                owner: owner ?? pair.coach, text: "shadow two calls", dueTime: due.timestamp,
                source: source ?? "\(pair.name)/supportActions/0193aaaa-0000-7000-8000-00000000000a"),
            occurredAt: day(21).timestamp)
    }

    @Test func aSourceMakesOneCommitmentForEver() async throws {
        let pair = try await Pair.active(importing: true)
        let goals = pair.host.context(service: "goals")
        let first = try await pair.service.createCommitment(asked(pair, due: day(27)), goals)
        #expect(first.owner == pair.coach && first.state == .proposed)
        try await pair.accept(first.name, by: pair.coachee, at: day(21))
        let again = try await pair.service.createCommitment(asked(pair, due: day(27)), goals)
        #expect(again.name == first.name && again.state == .accepted)
        #expect(try await pair.events("commitment.proposed") == [Fact("commitment.proposed.v1", day(21))])
    }

    @Test func onlyServicesNameASource() async throws {
        let pair = try await Pair.active(importing: true)
        let goals = pair.host.context(service: "goals")
        #expect(
            await refusal { try await pair.service.createCommitment(asked(pair, due: day(27)), pair.by(pair.coach)) }
                == "ROLE_FORBIDDEN")
        #expect(
            await refusal { try await pair.service.createCommitment(asked(pair, due: day(27), source: ""), goals) }
                == "INVALID_FIELD")
        #expect(
            await refusal {
                try await pair.service.createCommitment(asked(pair, due: day(27), owner: pair.person("other")), goals)
            } == "INVALID_FIELD")
    }

    @Test func nobodyPromisesForTheOther() async throws {
        let pair = try await Pair.active(importing: true)
        let request = CreateCommitmentRequest(
            parent: pair.name,
            commitment: Commitment(owner: pair.coach, text: "review", dueTime: day(6).timestamp),
            occurredAt: day(0).timestamp)
        #expect(
            await refusal { try await pair.service.createCommitment(request, pair.by(pair.coachee)) }
                == "ROLE_FORBIDDEN")
    }

    @Test func aServiceDoesNotSpeakForAParty() async throws {
        let pair = try await Pair.active(importing: true)
        let promise = try await pair.promise(pair.coach, due: day(6), at: day(0))
        let goals = pair.host.context(service: "goals")
        let request = AcceptCommitmentRequest(name: promise, occurredAt: day(1).timestamp)
        #expect(await refusal { try await pair.service.acceptCommitment(request, goals) } == "NOT_PARTY")
    }
}
