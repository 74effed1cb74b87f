import RPC
import Schema
import ServiceKit
import Standard
import Testing
import TrustModel

@testable import TrustScoring

/// Lists, retraction, the auditor's replay and policies (docs/domain.md §6.4, §6.9).
@Suite struct EvidenceServiceTests {
    private func told() async throws -> Pair {
        let pair = try await Pair(now: 87)
        let events = CaseStudyEvents(pair.facts)
        try await pair.tell(events.relationships)
        try await pair.tell(events.feedback, from: "feedback")
        try await pair.tell(events.goals, from: "goals")
        return pair
    }

    @Test func evidenceIsFilteredAndOrdered() async throws {
        let pair = try await told()
        func list(_ filter: String, _ order: String = "", as person: String = coachee) async throws -> [String] {
            var kinds: [String] = []
            var token = ""
            repeat {
                let page = try await pair.service.listEvidence(
                    ListEvidenceRequest(
                        parent: pair.relationship.name, pageSize: 4, pageToken: token, filter: filter, orderBy: order),
                    pair.context(person))
                kinds += page.evidence.map(\.kind)
                token = page.nextPageToken
            } while !token.isEmpty
            return kinds
        }
        #expect(try await list("kind = \"commitment.kept\"").count == 10)
        #expect(try await list("component = COMPETENCE AND NOT value = 1").count == 5)
        #expect(try await list("component = COMPETENCE AND NOT value = 1", as: coach) == ["goal.gas", "goal.gas"])
        #expect(
            try await list("occurred_at > \"2026-08-23T00:00:00Z\"", "value, occurred_at desc").first == "goal.gas")
        #expect(try await list("breach = true").isEmpty)
        #expect(await reason { try await list("nothing = 1") } == "BAD_FILTER")
        #expect(await reason { try await list("", "nothing") } != nil)
    }

    @Test func onlyTheServiceThatItComesFromTakesEvidenceBack() async throws {
        let pair = try await told()
        let before = try await pair.profile()
        let piece = try #require(try await pair.evidence().last { $0.kind == "goal.gas" })
        func retract(_ context: ServerContext, _ name: String) async -> String? {
            await reason { try await pair.service.retractEvidence(RetractEvidenceRequest(name: name), context) }
        }
        #expect(await retract(pair.context(coach), piece.name) == "ROLE_FORBIDDEN")
        #expect(await retract(pair.context(coachee), piece.name) == "ROLE_FORBIDDEN")
        #expect(await retract(pair.host.context(service: "feedback"), piece.name) == "ROLE_FORBIDDEN")
        #expect(
            await retract(pair.host.context(service: "goals"), pair.facts.name("evidence", "nothing")) == "NOT_FOUND")
        #expect(try await pair.profile().evidenceCount == 61)
        let answer = try await pair.service.retractEvidence(
            RetractEvidenceRequest(name: piece.name), pair.host.context(service: "goals"))
        #expect(answer.retracted && answer.name == piece.name)
        let after = try await pair.profile()
        #expect(after.evidenceCount == 60 && after.score < before.score)
        #expect(try await pair.verification().equal)
        // At every instant, and once more it is no change.
        #expect(try await pair.profile(at: day(85)).evidenceCount == 57)
        #expect(await retract(pair.host.context(service: "goals"), piece.name) == nil)
        #expect(try await pair.profile().evidenceCount == 60)
    }

    @Test func whatIsTakenBackStaysSoWhenItsEventComesAnew() async throws {
        let pair = try await Pair(now: 40)
        let event = pair.facts.attainment(1, "t", review: day(10))
        try await pair.tell(event, from: "goals")
        let name = try #require(try await pair.evidence().first?.name)
        _ = try await pair.service.retractEvidence(
            RetractEvidenceRequest(name: name), pair.host.context(service: "goals"))
        try await pair.host.runtime.database.write { try pair.service.forget("goals", in: $0) }
        try await pair.tell(event, from: "goals")
        #expect(try await pair.evidence().map(\.retracted) == [true])
        #expect(try await pair.profile().evidenceCount == 0)
        #expect(try await pair.verification().equal)
    }

    private func replay(_ pair: Pair, _ context: ServerContext) async throws -> [ReplayEvidenceResponse] {
        let (stream, continuation) = AsyncStream.makeStream(of: ReplayEvidenceResponse.self)
        try await pair.service.replayEvidence(
            ReplayEvidenceRequest(name: pair.relationship.name), context, ResponseWriter { continuation.yield($0) })
        continuation.finish()
        return await stream.reduce(into: []) { $0.append($1) }
    }

    @Test func anAuditorSeesHashesAlone() async throws {
        let pair = try await told()
        let auditor = pair.context("organizations/acme/people/dpo", purpose: "audit")
        let steps = try await replay(pair, auditor)
        #expect(steps.map(\.position) == Array(1...61))
        #expect(Set(steps.map(\.chainHash)).count == 61)
        #expect(steps.dropLast().allSatisfy { $0.stateHash.isEmpty })
        #expect(try await pair.stateHash() == steps.last?.stateHash)
        // The same log gives the same chain, also to a service; another log from where it differs.
        #expect(try await replay(pair, pair.host.context(service: "gateway")) == steps)
        try await pair.tell(pair.facts.held("late", start: day(50)))
        let other = try await replay(pair, auditor)
        let common = zip(steps, other).prefix { $0.chainHash == $1.chainHash }.count
        #expect(common > 30 && common < 61 && other.count == 62)
        for party in [coach, coachee] {
            #expect(await reason { try await replay(pair, pair.context(party)) } == "PURPOSE_MISSING")
        }
        let stranger = pair.context("organizations/acme/people/hr")
        #expect(await reason { try await replay(pair, stranger) } == "NOT_PARTY")
        let foreign = pair.context("organizations/other/people/dpo", purpose: "audit")
        #expect(await reason { try await replay(pair, foreign) } == "NOT_PARTY")
    }

    @Test func anEmptyLogHasAHashAsWell() async throws {
        let pair = try await Pair(now: 3)
        let steps = try await replay(pair, pair.host.context(service: "gateway"))
        #expect(steps.map(\.position) == [0])
        #expect(try await pair.stateHash() == steps.first?.stateHash)
    }

    @Test func theDefaultPolicyIsListed() async throws {
        let pair = try await Pair(now: 3)
        func list(_ context: ServerContext, _ filter: String = "") async throws -> [String] {
            try await pair.service.listPolicies(
                ListPoliciesRequest(parent: "organizations/acme", filter: filter), context
            ).policies.map(\.name)
        }
        let anybody = pair.context("organizations/acme/people/hr", purpose: "programme_admin")
        #expect(try await list(anybody) == ["organizations/acme/policies/standard-1"])
        #expect(try await list(anybody, "state = ACTIVE").count == 1)
        #expect(try await list(anybody, "state = RETIRED").isEmpty)
        #expect(await reason { try await list(pair.context("organizations/other/people/hr")) } == "NOT_PARTY")
    }
}
