import Schema
import ServiceKit
import Standard
import Storage
import Testing
import TrustModel

@testable import TrustScoring

/// docs/domain.md §6.4 and rule 36: what was known at each midnight, for good.
@Suite struct SnapshotTests {
    private func kept(_ pair: Pair, _ number: Double) -> Event {
        pair.facts.commitment("commitment.kept.v1", "c\(number)", at: day(number), claim: day(number))
    }

    private func snapshots(_ pair: Pair) async throws -> [TrustSnapshot] {
        try await pair.service.listSnapshots(
            ListSnapshotsRequest(parent: pair.relationship.name, pageSize: 500), pair.context()
        ).snapshots
    }

    private func verified(_ pair: Pair) async throws -> VerifySnapshotsResponse {
        try await pair.service.verifySnapshots(
            VerifySnapshotsRequest(parent: pair.relationship.name), pair.context())
    }

    /// Lets happen what is due at a day's instant.
    private func reach(_ number: Double, _ pair: Pair) async throws {
        pair.set(now: number)
        try await pair.host.advance()
    }

    @Test func oneAMidnightFromTheFirstEvidenceOn() async throws {
        let pair = try await Pair(now: 5)
        try await reach(5.5, pair)
        #expect(try await snapshots(pair).isEmpty)
        try await pair.tell(kept(pair, 5.5))
        try await reach(5.9, pair)
        #expect(try await snapshots(pair).isEmpty)
        try await reach(6, pair)
        let first = try #require(try await snapshots(pair).first)
        #expect(first.name == pair.facts.name("snapshots", "2026-06-07"))
        #expect(first.asOf == day(6).timestamp && first.sequence == 1)
        #expect(first.previousHash.isEmpty && first.corrects.isEmpty && first.hash.count == 64)
        #expect(first.profile?.asOf == day(6).timestamp && first.profile?.evidenceCount == 1)
        #expect(first.profile?.stateHash.count == 64 && first.profile?.projected == false)
        #expect(near(first.profile!.score, try await pair.profile(at: day(6)).score, 1e-12))
        try await reach(8.2, pair)
        let all = try await snapshots(pair)
        #expect(all.map(\.sequence) == [1, 2, 3])
        #expect(all.map(\.previousHash) == [""] + all.dropLast().map(\.hash))
        #expect(try await verified(pair) == VerifySnapshotsResponse(snapshotCount: 3, headHash: all[2].hash))
        let found = try await pair.service.getSnapshot(GetSnapshotRequest(name: all[1].name), pair.context(coach))
        #expect(found == all[1])
    }

    /// Each day once, with its true instant.
    @Test func daysWhileTheServiceWasDown() async throws {
        let pair = try await Pair(now: 5.5)
        try await pair.tell(kept(pair, 5.5))
        try await reach(40.3, pair.restarted())
        let all = try await snapshots(pair)
        #expect(all.map(\.asOf) == (6...40).map { day(Double($0)).timestamp })
        try await reach(40.4, pair)
        #expect(try await snapshots(pair).count == 35)
        #expect(try await verified(pair).snapshotCount == 35)
    }

    /// What was recorded later never changes a snapshot: a new one names it.
    @Test func aLateFactIsACorrection() async throws {
        let pair = try await Pair(now: 5.5)
        try await pair.tell(kept(pair, 5.5))
        try await reach(9.5, pair)
        let before = try await snapshots(pair)
        #expect(before.count == 4)
        // Learnt on day 9, of day 7: the midnights of days 8 and 9 look different now.
        var late = kept(pair, 7.5)
        late.recordedAt = day(9.5).timestamp
        try await pair.tell(late)
        try await reach(10, pair)
        let all = try await snapshots(pair)
        #expect(Array(all.prefix(4)) == before)
        #expect(all.dropFirst(4).map(\.asOf) == [day(8), day(9), day(10)].map(\.timestamp))
        #expect(all.dropFirst(4).map(\.corrects) == [before[2].name, before[3].name, ""])
        #expect(all[4].name == pair.facts.name("snapshots", "2026-06-09-1"))
        #expect(all.map { $0.profile?.evidenceCount } == [1, 1, 1, 1, 2, 2, 2])
        // Taken back: corrected once more, and what it comes to is what it was.
        try await pair.tell(pair.facts.commitment("commitment.disputed.v1", "c7.5", at: day(10.5)))
        try await reach(11, pair)
        let last = try await snapshots(pair).dropFirst(7)
        #expect(last.map(\.asOf) == [day(8), day(9), day(10), day(11)].map(\.timestamp))
        #expect(last.first?.corrects == all[4].name)
        #expect(last.first?.name == pair.facts.name("snapshots", "2026-06-09-2"))
        #expect(last.first?.profile?.stateHash == before[2].profile?.stateHash)
        #expect(try await verified(pair).snapshotCount == 11)
    }

    @Test func manyCorrectionsComeInSeveralTransactions() async throws {
        let pair = try await Pair(now: 5.5)
        try await pair.tell(kept(pair, 5.5))
        try await reach(80.5, pair)
        var late = kept(pair, 1)
        late.recordedAt = day(80.5).timestamp
        try await pair.tell(late)
        try await reach(81, pair)
        let all = try await snapshots(pair)
        #expect(all.count == 75 + 75 + 1)
        #expect(all.count { !$0.corrects.isEmpty } == 75)
        #expect(all.last?.asOf == day(81).timestamp && all.last?.corrects == "")
        #expect(try await verified(pair).snapshotCount == 151)
    }

    /// Imported days have none: the past was not recorded then.
    @Test func noneForImportedDays() async throws {
        let pair = try await Pair(now: 60.5)
        let events = [3.0, 10, 20].map { number in
            var event = kept(pair, number)
            event.recordedAt = day(60.5).timestamp
            return event
        }
        try await pair.tell(events)
        try await reach(62, pair)
        #expect(try await snapshots(pair).map(\.asOf) == [day(61), day(62)].map(\.timestamp))
    }

    /// A pause holds what time does; the days between have theirs when it ends (docs/domain.md rule 28).
    @Test func afterAPauseNoMidnightIsMissing() async throws {
        let pair = try await Pair(now: 5.5)
        try await pair.tell(kept(pair, 5.5))
        let name = try ResourceName(pair.relationship.name, "organizations", "relationships")
        try await pair.host.runtime.database.write { transaction in
            try transaction.due.hold(organization: "acme", scope: name.text)
        }
        try await reach(9.5, pair)
        #expect(try await snapshots(pair).isEmpty)
        try await pair.host.runtime.database.write { transaction in
            try transaction.due.shift(organization: "acme", scope: name.text, by: 4 * 86_400_000_000)
            try transaction.due.release(organization: "acme", scope: name.text)
        }
        try await reach(10.2, pair)
        #expect(try await snapshots(pair).map(\.asOf) == (6...10).map { day(Double($0)).timestamp })
    }

    @Test func anEndedRelationshipRestsUntilSomethingIsLearnt() async throws {
        let pair = try await Pair(now: 5.5)
        try await pair.tell(kept(pair, 5.5))
        var ended = pair.relationship
        ended.state = .ended
        ended.etag = "\"3\""
        try await pair.host.put(ended)
        try await reach(9, pair)
        #expect(try await snapshots(pair).map(\.asOf) == [day(6).timestamp])
        try await pair.tell(kept(pair, 9.5))
        try await reach(12, pair)
        #expect(try await snapshots(pair).map(\.asOf) == [day(6), day(10)].map(\.timestamp))
    }

    @Test func aBrokenChainIsNoticed() async throws {
        let pair = try await Pair(now: 5.5)
        try await pair.tell(kept(pair, 5.5))
        try await reach(12, pair)
        func tamper(_ sql: String) async throws {
            _ = try await pair.host.runtime.database.write { try $0.execute(sql) }
        }
        try await tamper("UPDATE trust_snapshot SET created_at = created_at + 1")
        #expect(await reason { try await verified(pair) } == nil)
        try await tamper("UPDATE trust_snapshot SET as_of = as_of + 1 WHERE sequence = 3")
        #expect(await reason { try await verified(pair) } == "CHAIN_BROKEN")
        try await tamper("UPDATE trust_snapshot SET as_of = as_of - 1 WHERE sequence = 3")
        #expect(await reason { try await verified(pair) } == nil)
        try await tamper("DELETE FROM trust_snapshot WHERE sequence = 4")
        #expect(await reason { try await verified(pair) } == "CHAIN_BROKEN")
        try await tamper("DELETE FROM trust_snapshot WHERE sequence >= 4")
        #expect(await reason { try await verified(pair) } == nil)
        try await tamper("DELETE FROM trust_snapshot WHERE sequence = 1")
        #expect(await reason { try await verified(pair) } == "CHAIN_BROKEN")
    }

    @Test func whoSeesThem() async throws {
        let pair = try await Pair(now: 5.5)
        try await pair.tell(kept(pair, 5.5))
        try await reach(7, pair)
        let (service, parent) = (pair.service, pair.relationship.name)
        let auditor = pair.context("organizations/acme/people/dpo", purpose: "audit")
        let foreign = pair.context("organizations/other/people/dpo", purpose: "audit")
        #expect(
            await reason { try await service.listSnapshots(ListSnapshotsRequest(parent: parent), auditor) }
                == "NOT_PARTY")
        #expect(
            await reason { try await service.verifySnapshots(VerifySnapshotsRequest(parent: parent), auditor) } == nil)
        #expect(
            await reason { try await service.verifySnapshots(VerifySnapshotsRequest(parent: parent), foreign) }
                == "NOT_PARTY")
        let stranger = pair.context("organizations/acme/people/hr")
        #expect(
            await reason { try await service.verifySnapshots(VerifySnapshotsRequest(parent: parent), stranger) }
                == "NOT_PARTY")
        let missing = pair.facts.name("snapshots", "2026-01-01")
        #expect(
            await reason { try await service.getSnapshot(GetSnapshotRequest(name: missing), pair.context()) }
                == "NOT_FOUND")
        #expect(
            await reason {
                try await service.getSnapshot(
                    GetSnapshotRequest(name: missing), pair.context(coachee, purpose: "programme_admin"))
            } == "PURPOSE_MISSING")
    }

    @Test func filteredOrderedPageByPage() async throws {
        let pair = try await Pair(now: 5.5)
        try await pair.tell(kept(pair, 5.5))
        try await reach(16, pair)
        func list(_ filter: String = "", _ order: String = "", size: Int32 = 3) async throws -> [Int64] {
            var sequences: [Int64] = []
            var token = ""
            repeat {
                let page = try await pair.service.listSnapshots(
                    ListSnapshotsRequest(
                        parent: pair.relationship.name, pageSize: size, pageToken: token, filter: filter,
                        orderBy: order), pair.context())
                sequences += page.snapshots.map(\.sequence)
                token = page.nextPageToken
            } while !token.isEmpty
            return sequences
        }
        #expect(try await list() == Array(1...11))
        #expect(try await list("sequence > 4 AND sequence != 7") == [5, 6, 8, 9, 10, 11])
        #expect(try await list("as_of >= \"2026-06-15T00:00:00Z\"") == [9, 10, 11])
        #expect(try await list("", "sequence desc") == Array((1...11).reversed()))
        #expect(try await list("sequence < 6", "as_of desc", size: 2) == [5, 4, 3, 2, 1])
        #expect(await reason { try await list("shoe = 3") } == "BAD_FILTER")
    }
}
