import Schema
import ServiceKit
import Testing

@testable import Relationships

/// The other ways out of a promise, as imported history (docs/domain.md §6.1, rules 27 and 46).
@Suite struct PromiseExitTests {
    @Test func thePromiseOrItsNewDueDateIsDeclined() async throws {
        let pair = try await Pair.active(importing: true)
        let unwanted = try await pair.promise(pair.coach, due: day(6), at: day(0))
        let decline = { (name: String, instant: Instant) in
            try await pair.service.declineCommitment(
                DeclineCommitmentRequest(name: name, occurredAt: instant.timestamp), pair.by(pair.coachee))
        }
        #expect(try await decline(unwanted, day(1)).state == .declined)
        let agreed = try await pair.agreed(pair.coach, due: day(6), at: day(1))
        _ = try await pair.service.renegotiateCommitment(
            RenegotiateCommitmentRequest(
                name: agreed, dueTime: day(12).timestamp, occurredAt: day(2).timestamp), pair.by(pair.coach))
        let kept = try await decline(agreed, day(3))
        #expect(kept.state == .accepted && kept.dueTime == day(6).timestamp && kept.proposedDueTime == nil)
        try await pair.reach(day(7).next)
        #expect(try await pair.commitment(agreed).state == .missed, "the old due date holds")
        #expect(try await pair.commitment(unwanted).state == .declined)
        #expect(try await pair.events("commitment.renegotiated.v1").isEmpty)
    }

    @Test func theBeneficiaryLetsTheOwnerOff() async throws {
        let pair = try await Pair.active(importing: true)
        let promise = try await pair.agreed(pair.coach, due: day(6), at: day(0))
        let released = try await pair.service.releaseCommitment(
            ReleaseCommitmentRequest(name: promise, occurredAt: day(1).timestamp), pair.by(pair.coachee))
        #expect(released.state == .released)
        try await pair.reach(day(30))
        #expect(try await pair.events("commitment.released") == [Fact("commitment.released.v1", day(1))])
        #expect(try await pair.events("commitment.missed").isEmpty)
    }

    @Test func aSmallPromiseTravelsAsSmall() async throws {
        let pair = try await Pair.active(importing: true)
        let promise = try await pair.agreed(pair.coach, due: day(6), at: day(0))
        let mark = { (instant: Instant) in
            try await pair.service.markTrivial(
                MarkTrivialRequest(name: promise, occurredAt: instant.timestamp), pair.by(pair.coachee))
        }
        #expect(try await mark(day(1)).trivial)
        try await pair.claim(promise, by: pair.coach, at: day(2))
        #expect(await refusal { try await mark(day(3)) } == "WRONG_STATE", "before the claim")
        try await pair.confirm(promise, by: pair.coachee, at: day(3))
        guard case .commitmentChanged(let payload) = try await pair.lastEvent("commitment.kept.v1")?.payload else {
            throw Refusal.notFound("payload")
        }
        #expect(payload.trivial)
    }

    func dispute(_ pair: Pair, _ promise: String, at instant: Instant) async throws -> Commitment {
        try await pair.service.disputeCommitment(
            DisputeCommitmentRequest(name: promise, occurredAt: instant.timestamp), pair.by(pair.coachee))
    }

    func withdraw(_ pair: Pair, _ promise: String, at instant: Instant) async throws -> Commitment {
        try await pair.service.withdrawClaim(
            WithdrawClaimRequest(name: promise, occurredAt: instant.timestamp), pair.by(pair.coach))
    }

    @Test func aDisputeThatNobodyDecidesIsVoidAfterThirtyDays() async throws {
        let pair = try await Pair.active(importing: true)
        let promise = try await pair.agreed(pair.coach, due: day(6), at: day(0))
        try await pair.claim(promise, by: pair.coach, at: day(5))
        #expect(try await dispute(pair, promise, at: day(8)).state == .disputed)
        try await pair.reach(day(38))
        #expect(try await pair.commitment(promise).state == .disputed)
        try await pair.reach(day(38).next)
        #expect(try await pair.commitment(promise).state == .void)
        #expect(
            try await pair.events("commitment.").suffix(3) == [
                Fact("commitment.claimed.v1", day(5)), Fact("commitment.disputed.v1", day(8)),
                Fact("commitment.voided.v1", day(38)),
            ])
    }

    @Test func anUnconfirmedClaimIsDisputedTooAndConfirmedInTheEnd() async throws {
        let pair = try await Pair.active(importing: true)
        let promise = try await pair.agreed(pair.coach, due: day(6), at: day(0))
        try await pair.claim(promise, by: pair.coach, at: day(5))
        try await pair.reach(day(12).next)
        #expect(try await pair.commitment(promise).state == .keptUnconfirmed)
        _ = try await dispute(pair, promise, at: day(20))
        #expect(try await pair.confirm(promise, by: pair.coachee, at: day(21)).state == .kept)
        try await pair.reach(day(90))
        #expect(try await pair.commitment(promise).state == .kept)
        #expect(try await pair.events("commitment.kept.v1") == [Fact("commitment.kept.v1", day(5))])
    }

    @Test func aWithdrawnClaimIsOpenUntilItsTimeIsOver() async throws {
        let pair = try await Pair.active(importing: true)
        let promise = try await pair.agreed(pair.coach, due: day(6), at: day(0))
        try await pair.claim(promise, by: pair.coach, at: day(3))
        _ = try await dispute(pair, promise, at: day(4))
        #expect(try await withdraw(pair, promise, at: day(5)).state == .accepted)
        try await pair.reach(day(7))
        #expect(try await pair.commitment(promise).state == .accepted)
        try await pair.reach(day(7).next)
        #expect(try await pair.events("commitment.missed") == [Fact("commitment.missed.v1", day(7))])
        #expect(try await pair.breachCases().map(\.kind) == [.commitment])
    }

    @Test func withdrawnTooLateItIsMissedAtOnce() async throws {
        let pair = try await Pair.active(importing: true)
        let promise = try await pair.agreed(pair.coach, due: day(6), at: day(0))
        try await pair.claim(promise, by: pair.coach, at: day(6))
        _ = try await dispute(pair, promise, at: day(20))
        let missed = try await withdraw(pair, promise, at: day(21))
        #expect(missed.state == .missed && !missed.breachCase.isEmpty)
        #expect(try await pair.events("commitment.missed") == [Fact("commitment.missed.v1", day(21))])
        try await pair.reach(day(28))
        #expect(try await pair.commitment(promise).state == .missed)
        try await pair.reach(day(28).next)
        #expect(try await pair.events("commitment.abandoned") == [Fact("commitment.abandoned.v1", day(28))])
    }
}
