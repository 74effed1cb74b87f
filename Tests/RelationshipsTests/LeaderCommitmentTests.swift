import RPC
import Schema
import ServiceKit
import ServiceKitTesting
import Testing

@testable import Relationships

/// docs/domain.md §1: what a leader promises openly.
@Suite("S48: a leader's own ledger") struct LeaderCommitmentTests {
    private func promise(_ pair: Pair, due: Instant = day(10), by person: String? = nil) async throws
        -> LeaderCommitment
    {
        try await pair.service.createLeaderCommitment(
            CreateLeaderCommitmentRequest(
                parent: person ?? pair.coach,
                leaderCommitment: LeaderCommitment(text: "I answer within a day", dueTime: due.timestamp)),
            pair.by(person ?? pair.coach))
    }

    private func settle(
        _ pair: Pair, _ promise: LeaderCommitment, _ state: LeaderCommitment.State = .unspecified, account: String = "",
        due: Instant? = nil, by person: String? = nil
    ) async throws -> LeaderCommitment {
        try await pair.service.settleLeaderCommitment(
            SettleLeaderCommitmentRequest(
                name: promise.name, state: state, account: account, newDueTime: due?.timestamp),
            pair.by(person ?? pair.coach))
    }

    private func list(_ pair: Pair, by context: ServerContext) async throws -> [LeaderCommitment] {
        try await pair.service.listLeaderCommitments(
            ListLeaderCommitmentsRequest(parent: pair.coach), context
        ).leaderCommitments
    }

    @Test func thoseWhomTheLeaderCoachesReadIt() async throws {
        let pair = try await Pair.active()
        let promise = try await promise(pair)
        #expect(try await list(pair, by: pair.by(pair.coachee)) == [promise])
        #expect(try await list(pair, by: pair.by(pair.coach)) == [promise])
        for context in [pair.by(pair.person("boss")), pair.admin, pair.host.context(service: "trust-scoring")] {
            #expect(await refusal { try await list(pair, by: context) } == "NOT_PARTY")
            let get = GetLeaderCommitmentRequest(name: promise.name)
            #expect(await refusal { try await pair.service.getLeaderCommitment(get, context) } == "NOT_PARTY")
        }
        #expect(await refusal { try await settle(pair, promise, .kept, by: pair.coachee) } == "NOT_PARTY")
        #expect(await refusal { try await self.promise(pair, by: pair.coachee) } == "WRONG_STATE", "coaches nobody")
        #expect(try await pair.host.events().allSatisfy { !$0.type.contains("leader") }, "never evidence")
        _ = try await pair.service.endRelationship(EndRelationshipRequest(name: pair.name), pair.by(pair.coach))
        _ = try await pair.service.endRelationship(EndRelationshipRequest(name: pair.name), pair.by(pair.coachee))
        #expect(await refusal { try await list(pair, by: pair.by(pair.coachee)) } == "NOT_PARTY", "no more")
    }

    @Test func itIsKeptMovedOrMissedWithAnAccount() async throws {
        let pair = try await Pair.active()
        let kept = try await promise(pair)
        #expect(try await settle(pair, kept, .kept).state == .kept)
        #expect(await refusal { try await settle(pair, kept, .missed, account: "no") } == "WRONG_STATE")
        let moved = try await promise(pair)
        #expect(await refusal { try await settle(pair, moved, due: day(20)) } == "INVALID_FIELD", "why?")
        #expect(await refusal { try await settle(pair, moved, .kept, account: "x", due: day(20)) } == "INVALID_FIELD")
        #expect(await refusal { try await settle(pair, moved, account: "x", due: day(10)) } == "INVALID_FIELD")
        let later = try await settle(pair, moved, account: "the budget came late", due: day(20))
        #expect(later.state == .open && later.renegotiations == 1 && later.dueTime == day(20).timestamp)
        #expect(await refusal { try await settle(pair, moved, .missed) } == "INVALID_FIELD", "what happened?")
        try await pair.host.advance(days: 23)
        #expect(await refusal { try await settle(pair, moved, account: "x", due: day(40)) } == "RETROACTIVE_REVISION")
        #expect(try await settle(pair, moved, .missed, account: "I forgot").account == "I forgot")
    }

    @Test func whoSaysNothingHasMissedIt() async throws {
        let pair = try await Pair.active()
        _ = try await promise(pair)
        try await pair.host.advance(days: 12 + 6, hours: 23)
        #expect(try await list(pair, by: pair.by(pair.coachee)).map(\.state) == [.open])
        try await pair.host.advance(hours: 1)
        #expect(try await list(pair, by: pair.by(pair.coachee)).map(\.state) == [.missed])
    }

    @Test func limits() async throws {
        let pair = try await Pair.active()
        for due in [day(-2), day(399)] {
            #expect(await refusal { try await promise(pair, due: due) } == "INVALID_FIELD")
        }
        for _ in 0..<LeaderCommitment.maximumOpen { _ = try await promise(pair) }
        #expect(await refusal { try await promise(pair) } == "CAPACITY_FULL")
    }
}
