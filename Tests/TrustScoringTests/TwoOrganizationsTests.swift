import RPC
import Schema
import ServiceKit
import Standard
import Testing
import TrustModel

@testable import TrustScoring

/// The same ids in two organisations: no RPC, list, page token or guess leads from one to the other.
@Suite struct TwoOrganizationsTests {
    private struct Two {
        let pair: Pair
        let theirs: Relationship

        init() async throws {
            pair = try await Pair(now: 60)
            var other = try await pair.host.relationship(
                trustor: "organizations/other/people/coachee", trustee: "organizations/other/people/coach")
            other.name = pair.relationship.name.replacing("organizations/acme", with: "organizations/other")
            other.startTime = day(-1).timestamp
            try await pair.host.put(other)
            theirs = other
            // The same facts under the same event ids; theirs are a miss where ours are kept.
            for number in 0..<6 {
                let at = day(Double(7 * number))
                let ours = pair.facts.commitment("commitment.kept.v1", "c\(number)", at: at, claim: at)
                var twin = Facts(relationship: other.name).commitment("commitment.missed.v1", "c\(number)", at: at)
                twin.id = ours.id
                twin.organization = "organizations/other"
                try await pair.tell([ours, twin])
                let safe = pair.facts.pulse(.safeToRaise, 5, at: at)
                var unsafe = Facts(relationship: other.name).pulse(.safeToRaise, 1, at: at)
                unsafe.id = safe.id
                unsafe.organization = "organizations/other"
                try await pair.tell([safe, unsafe], from: "feedback")
            }
            try await pair.host.advance(days: 3)
        }
    }

    @Test func eachSeesItsOwn() async throws {
        let two = try await Two()
        let (service, ours, theirs) = (two.pair.service, two.pair.relationship.name, two.theirs.name)
        let (us, them) = (two.pair.context(), two.pair.context("organizations/other/people/coachee"))
        func score(_ name: String, _ context: ServerContext) async throws -> Double {
            try await service.getTrustProfile(GetTrustProfileRequest(name: name + "/trustProfile"), context).score
        }
        #expect(try await score(ours, us) > 0.5)
        #expect(try await score(theirs, them) < 0.5)
        func kinds(_ name: String, _ context: ServerContext) async throws -> Set<String> {
            Set(try await service.listEvidence(ListEvidenceRequest(parent: name), context).evidence.map(\.kind))
        }
        #expect(try await kinds(ours, us) == ["commitment.kept"])
        #expect(try await kinds(theirs, them) == ["commitment.missed"])
        func safety(_ name: String, _ context: ServerContext) async throws -> Double? {
            try await service.getOutcomes(GetOutcomesRequest(name: name + "/outcomes"), context).outcomes[0].value?
                .value
        }
        #expect(try #require(try await safety(ours, us)) > 0.5)
        #expect(try #require(try await safety(theirs, them)) < 0.5)
        func snapshots(_ name: String, _ context: ServerContext) async throws -> [TrustSnapshot] {
            try await service.listSnapshots(ListSnapshotsRequest(parent: name, pageSize: 500), context).snapshots
        }
        let (mine, other) = (try await snapshots(ours, us), try await snapshots(theirs, them))
        #expect(mine.count == other.count && !mine.isEmpty)
        #expect(mine.allSatisfy { $0.name.hasPrefix(ours) } && other.allSatisfy { $0.name.hasPrefix(theirs) })
        #expect(Set(mine.map(\.hash)).isDisjoint(with: other.map(\.hash)))
        // Taking one back leaves its twin.
        let piece = try await service.listEvidence(ListEvidenceRequest(parent: ours), us).evidence[0].name
        _ = try await service.retractEvidence(
            RetractEvidenceRequest(name: piece), two.pair.host.context(service: "relationships"))
        let twins = try await service.listEvidence(ListEvidenceRequest(parent: theirs), them).evidence
        #expect(twins.count == 6 && !twins.contains(where: \.retracted))
    }

    @Test func noRPCCrosses() async throws {
        let two = try await Two()
        let (service, name) = (two.pair.service, two.theirs.name)
        let evidence = try await service.listEvidence(
            ListEvidenceRequest(parent: name), two.pair.context("organizations/other/people/coachee")
        ).evidence[0].name
        // Ours, of the same names within the organisation, for each purpose that opens anything.
        for context in [
            two.pair.context(), two.pair.context(coach), two.pair.context(coach, purpose: "audit"),
        ] {
            let calls: [() async throws -> any Sendable] = [
                {
                    try await service.getTrustProfile(
                        GetTrustProfileRequest(name: name + "/trustProfile"), context)
                },
                {
                    try await service.getProfileAt(
                        GetProfileAtRequest(name: name + "/trustProfile", asOf: day(3).timestamp), context)
                },
                { try await service.explainChange(ExplainChangeRequest(name: name), context) },
                { try await service.whatIf(WhatIfRequest(name: name), context) },
                { try await service.suggestActions(SuggestActionsRequest(name: name), context) },
                { try await service.getOutcomes(GetOutcomesRequest(name: name + "/outcomes"), context) },
                {
                    try await service.getSustainingIndex(
                        GetSustainingIndexRequest(name: name + "/sustainingIndex"), context)
                },
                { try await service.listEvidence(ListEvidenceRequest(parent: name), context) },
                { try await service.getEvidence(GetEvidenceRequest(name: evidence), context) },
                { try await service.verifyReplay(VerifyReplayRequest(name: name), context) },
                { try await service.listSnapshots(ListSnapshotsRequest(parent: name), context) },
                {
                    try await service.getSnapshot(
                        GetSnapshotRequest(name: name + "/snapshots/2026-06-02"), context)
                },
                { try await service.verifySnapshots(VerifySnapshotsRequest(parent: name), context) },
                { try await service.listPolicies(ListPoliciesRequest(parent: "organizations/other"), context) },
                {
                    try await service.replayEvidence(
                        ReplayEvidenceRequest(name: name), context, ResponseWriter { _ in })
                    return 0
                },
                {
                    try await service.watchTrustProfile(
                        WatchTrustProfileRequest(name: name + "/trustProfile"), context, ResponseWriter { _ in })
                    return 0
                },
            ]
            for (number, call) in calls.enumerated() {
                #expect(
                    await reason {
                        _ = try await call()
                        return 0
                    } == "NOT_PARTY", "call \(number)")
            }
            #expect(
                await reason {
                    try await service.retractEvidence(RetractEvidenceRequest(name: evidence), context)
                } == "ROLE_FORBIDDEN")
        }
    }

    @Test func aPageTokenIsGoodForItsOwnListAlone() async throws {
        let two = try await Two()
        let service = two.pair.service
        let page = try await service.listEvidence(
            ListEvidenceRequest(parent: two.pair.relationship.name, pageSize: 2), two.pair.context())
        #expect(
            await reason {
                try await service.listEvidence(
                    ListEvidenceRequest(parent: two.theirs.name, pageSize: 2, pageToken: page.nextPageToken),
                    two.pair.context("organizations/other/people/coachee"))
            } == "BAD_PAGE_TOKEN")
    }
}
