import Schema
import ServiceKit
import Testing

@testable import Relationships

/// What the law wants kept (docs/domain.md §6.10).
@Suite struct LegalHoldTests {
    @Test func anOfficerHoldsAndReleases() async throws {
        let pair = try await Pair.active()
        let hold = try await pair.hold(pair.coachee)
        #expect(hold.state == .active && hold.requester == pair.person("dpo"))
        let released = try await pair.release(hold)
        #expect(released.state == .released && released.releaser == pair.person("dpo"))
        #expect(await refusal { try await pair.release(hold) } == "WRONG_STATE")
    }

    @Test func nobodyElseDoes() async throws {
        let pair = try await Pair.active()
        let hold = try await pair.hold(pair.name)
        for context in [pair.by(pair.coachee), pair.by(pair.coach), pair.admin, pair.auditor] {
            let create = CreateLegalHoldRequest(
                parent: pair.organization, legalHold: LegalHold(subject: pair.name, reason: "why not"))
            #expect(await refusal { try await pair.service.createLegalHold(create, context) } == "PURPOSE_MISSING")
            let release = ReleaseLegalHoldRequest(name: hold.name)
            #expect(await refusal { try await pair.service.releaseLegalHold(release, context) } == "PURPOSE_MISSING")
        }
        let list = ListLegalHoldsRequest(parent: pair.organization)
        #expect(try await pair.service.listLegalHolds(list, pair.auditor).legalHolds.map(\.name) == [hold.name])
        #expect(
            await refusal { try await pair.service.listLegalHolds(list, pair.by(pair.coachee)) } == "PURPOSE_MISSING")
    }

    @Test func itNamesSomethingOfTheOrganisationAndSaysWhy() async throws {
        let pair = try await Pair.active()
        for (subject, reason) in [
            (pair.programme, "x"), ("organizations/other/people/coach", "x"), (pair.coach, ""),
            (pair.coach, String(repeating: "x", count: 2001)),
        ] {
            let draft = LegalHold(subject: subject, reason: reason)
            let request = CreateLegalHoldRequest(parent: pair.organization, legalHold: draft)
            let reason = await refusal { try await pair.service.createLegalHold(request, pair.officer) }
            #expect(["INVALID_FIELD", "BAD_NAME"].contains(reason))
        }
        #expect(await refusal { try await pair.hold(pair.person("nobody")) } == "NOT_FOUND")
    }

    @Test("Erasure waits for a hold on the person, the relationship or the partner")
    func erasureWaits() async throws {
        for held in [\Pair.coachee, \Pair.name, \Pair.coach] {
            let pair = try await Pair.active()
            let hold = try await pair.hold(pair[keyPath: held])
            #expect(await refusal { try await pair.erase(pair.coachee) } == "LEGAL_HOLD")
            _ = try await pair.release(hold)
            #expect(try await pair.erase(pair.coachee).state == .running)
        }
    }

    @Test("An officer's reason goes with the officer, not before the hold is released") func theOfficersReason()
        async throws
    {
        let pair = try await Pair.active()
        _ = try await pair.service.createPerson(
            CreatePersonRequest(parent: pair.organization, personId: "dpo", person: Person(displayName: "officer")),
            pair.admin)
        let over = try await pair.release(try await pair.hold(pair.coach))
        let holds = try await pair.hold(pair.coachee)
        let second = pair.host.context(person: pair.person("second"), purpose: "privacy")
        try await pair.erase(pair.person("dpo"), by: second)
        try await pair.forget()
        func reason(_ hold: LegalHold) async throws -> String {
            try await pair.service.getLegalHold(GetLegalHoldRequest(name: hold.name), second).reason
        }
        #expect(try await reason(over) == "[erased]")
        #expect(try await reason(holds) == "a lawsuit")
        _ = try await pair.service.releaseLegalHold(ReleaseLegalHoldRequest(name: holds.name), second)
        #expect(try await reason(holds) == "[erased]")
    }

    @Test func erasureWaitsForABreakGlassCase() async throws {
        let pair = try await Pair.active()
        _ = try await pair.service.updateProgramme(
            UpdateProgrammeRequest(
                programme: Programme(name: pair.programme, ombudsperson: pair.person("boss")),
                updateMask: .init(paths: ["ombudsperson"])), pair.admin)
        let glass = try await pair.service.requestBreakGlass(
            RequestBreakGlassRequest(
                parent: pair.name, breakGlassCase: BreakGlassCase(reason: .law, justification: "a court asks")),
            pair.officer)
        _ = try await pair.service.approveBreakGlass(
            ApproveBreakGlassRequest(name: glass.name), pair.by(pair.person("boss")))
        #expect(await refusal { try await pair.erase(pair.coachee) } == "LEGAL_HOLD")
        _ = try await pair.service.closeBreakGlass(CloseBreakGlassRequest(name: glass.name), pair.officer)
        #expect(try await pair.erase(pair.coachee).state == .running)
    }
}
