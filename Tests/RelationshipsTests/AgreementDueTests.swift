import FoundationEssentials
import RPC
import Schema
import ServiceKit
import ServiceKitTesting
import Testing

@testable import Relationships

/// What has changed since they agreed (docs/domain.md §6.1, §6.9).
@Suite struct AgreementDueTests {
    func change(_ pair: Pair, _ person: String, _ patch: Person, _ path: String) async throws {
        var patch = patch
        patch.name = person
        _ = try await pair.service.updatePerson(
            UpdatePersonRequest(person: patch, updateMask: .init(paths: [path])), pair.admin)
    }

    func relationship(_ pair: Pair) async throws -> Relationship {
        try await pair.service.getRelationship(GetRelationshipRequest(name: pair.name), pair.by(pair.coach))
    }

    func schedule(_ pair: Pair) async -> String? {
        let now = pair.host.clock.now
        return await refusal { try await pair.session(on: now.adding(days: 1), at: now) }
    }

    @Test func aNewManagerAsksForANewRevisionBeforeTheNextSession() async throws {
        let pair = try await Pair.active()
        #expect(await schedule(pair) == nil)
        try await change(pair, pair.coachee, Person(manager: pair.person("boss")), "manager")
        var found = try await relationship(pair)
        #expect(found.agreementDueReason == .managerChanged && found.agreementDueTime != nil && !found.dualRole)
        #expect(await schedule(pair) == "AGREEMENT_NOT_SIGNED")
        try await pair.signAgreement(at: pair.host.clock.now, purpose: "as before, under another manager")
        found = try await relationship(pair)
        #expect(found.agreementDueTime == nil && found.agreementDueReason == .unspecified)
        #expect(await schedule(pair) == nil)
        #expect(
            try await pair.events("agreement.").map(\.type).suffix(4) == [
                "agreement.due.v1", "agreement.revised.v1", "agreement.signed.v1", "agreement.current.v1",
            ])
    }

    @Test func aCoachWhoBecomesTheManagerHasTwoRoles() async throws {
        let pair = try await Pair.active()
        try await change(pair, pair.coachee, Person(manager: pair.coach), "manager")
        var found = try await relationship(pair)
        #expect(found.dualRole && found.agreementDueReason == .dualRoleChanged)
        try await change(pair, pair.coachee, Person(manager: pair.person("lead")), "manager")
        found = try await relationship(pair)
        #expect(!found.dualRole && found.agreementDueReason == .dualRoleChanged)
    }

    @Test func anotherRoleOfEitherIsAChangeAndAnotherNameIsNone() async throws {
        let pair = try await Pair.active()
        try await change(pair, pair.coach, Person(displayName: "Renamed"), "display_name")
        try await change(pair, pair.person("lead"), Person(unit: "Sales"), "unit")
        #expect(try await relationship(pair).agreementDueTime == nil)
        try await change(pair, pair.coach, Person(unit: "Sales"), "unit")
        #expect(try await relationship(pair).agreementDueReason == .roleChanged)
    }
}
