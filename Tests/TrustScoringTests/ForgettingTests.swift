import Schema
import ServiceKitTesting
import Testing
import TrustModel

@testable import ServiceKit
@testable import TrustScoring

/// What trust-scoring forgets, and when (docs/domain.md §5.2 P7, §6.10).
@Suite struct ForgettingTests {
    @Test("Evidence, the score and all that came of them go when their time after the end is over")
    func endOfRetention() async throws {
        let pair = try await Pair(now: 60)
        let facts = pair.facts
        for number in 0..<6 {
            try await pair.tell(facts.held("s\(number)", start: day(Double(7 * number))))
            try await pair.tell(facts.pulse(.understood, 5, at: day(Double(7 * number) + 1)), from: "feedback")
        }
        #expect(try await pair.evidence().count == 12)
        let known = try await pair.profile().score
        let ended = Event.Payload.retentionEnded(RetentionEnded(data: .notes))
        try await pair.tell(facts.event("retention.ended.v1", ended, at: day(60)))
        #expect(try await pair.evidence().count == 12, "the time of notes is another one")
        try await pair.tell(
            facts.event("retention.ended.v1", .retentionEnded(RetentionEnded(data: .evidence)), at: day(60)))
        #expect(try await pair.evidence().isEmpty)
        for view in [pair, pair.restarted()] {
            let profile = try await view.profile()
            #expect(profile.score < known && !profile.numberShown)
        }
        let outcomes = try await pair.service.getOutcomes(
            GetOutcomesRequest(name: pair.relationship.name + "/outcomes"), pair.context())
        #expect(outcomes.outcomes.allSatisfy { $0.value == nil })
    }

    @Test("P7: who was erased is in no later roll-up, and past ones stay as they were")
    func erasedPeople() async throws {
        let acme = try await RollupOrganization()
        try await acme.settle()
        try await acme.publish()
        #expect(try await acme.cell("").coacheeCount?.value == 47)
        let gone = ["sales-n-0", "sales-n-1", "eng-a-0", "eng-a-1", "eng-b-0", "eng-b-1"].map(RollupOrganization.person)
        for person in gone {
            let erased = PersonErased(person: person, erasure: "\(person)/erasures/one")
            let event = acme.organizationEvent("person.erased.v1", .personErased(erased), at: day(94))
            try await acme.host.runtime.database.write { try ErasureJobs.take(event, in: $0) }
        }
        // Relationships, which wants to hear that it is done, does not answer.
        await #expect(throws: (any Error).self) {
            try await RunningErasure(acme.service, acme.host.runtime).runAll()
        }
        acme.set(now: 123)
        try await acme.publish()
        let september = RollupOrganization.monthNames[1]
        #expect(try await acme.cell("", month: september).coacheeCount?.value == 41)
        #expect(try await acme.cell("").coacheeCount?.value == 47)
        let places = try await acme.host.runtime.database.read { snapshot in
            try gone.map { try snapshot.first("SELECT 1 FROM person_place WHERE person = ?", [.text($0)]) }
        }
        #expect(places.allSatisfy { $0 == nil })
    }

    @Test("Evidence that its service takes back is an entry of the audit chain, once")
    func retraction() async throws {
        let pair = try await Pair(now: 60)
        try await pair.tell(pair.facts.attainment(1, "a1", review: day(42)), from: "goals")
        let piece = try #require(try await pair.evidence().first)
        for _ in 0..<2 {
            _ = try await pair.service.retractEvidence(
                RetractEvidenceRequest(name: piece.name), pair.host.context(service: "goals"))
        }
        let entries = try await Audit(runtime: pair.host.runtime).listAuditEntries(
            ListAuditEntriesRequest(parent: "organizations/acme/auditChains/trust-scoring"),
            pair.context(purpose: "audit")
        ).auditEntries
        #expect(entries.map(\.action) == ["evidence.retracted"] && entries.map(\.actor) == ["service:goals"])
        #expect(entries.map(\.resource) == [piece.name])
        #expect(Set(entries.flatMap(\.people)) == [coach, coachee])
    }
}
