import Schema
import ServiceKit
import ServiceKitTesting
import Testing

@testable import Relationships

/// Forgetting a person (docs/domain.md §6.5).
@Suite struct ErasureTests {
    // MARK: Who, and how

    @Test func thePersonOrAnOfficerAsks() async throws {
        for isOfficer in [false, true] {
            let pair = try await Pair.active()
            let context = isOfficer ? pair.officer : pair.by(pair.coachee)
            #expect(try await pair.erase(pair.coachee, by: context).state == .running)
        }
        let pair = try await Pair.active()
        for context in [pair.by(pair.coach), pair.admin, pair.auditor] {
            #expect(await refusal { try await pair.erase(pair.coachee, by: context) } == "NOT_PARTY")
        }
        let own = pair.host.context(person: pair.coachee, purpose: "programme_admin")
        #expect(await refusal { try await pair.erase(pair.coachee, by: own) } == "PURPOSE_MISSING")
    }

    @Test func itIsConfirmedByTheName() async throws {
        let pair = try await Pair.active()
        for confirmation in ["", "yes", pair.coach] {
            let request = ErasePersonRequest(name: pair.coachee, confirmation: confirmation)
            #expect(await refusal { try await pair.service.erasePerson(request, pair.officer) } == "INVALID_FIELD")
        }
        let stale = ErasePersonRequest(name: pair.coachee, confirmation: pair.coachee, etag: "\"99\"")
        #expect(await refusal { try await pair.service.erasePerson(stale, pair.officer) } == "ETAG_MISMATCH")
        try await pair.erase(pair.coachee)
        #expect(await refusal { try await pair.erase(pair.coachee) } == "WRONG_STATE")
    }

    // MARK: What goes

    @Test func whoItWasGoesAtOnce() async throws {
        let pair = try await Pair.active()
        try await pair.erase(pair.coachee)
        let seen = try await pair.service.getPerson(GetPersonRequest(name: pair.coachee), pair.by(pair.coach))
        #expect(seen.displayName == "erased person")
        let whole = try await pair.service.getPerson(GetPersonRequest(name: pair.coachee), pair.admin)
        #expect(whole.externalId.isEmpty && whole.manager.isEmpty && !whole.active && whole.eraseTime != nil)
        let relationship = try await pair.service.getRelationship(
            GetRelationshipRequest(name: pair.name), pair.by(pair.coach))
        #expect(relationship.state == .ended)
        // The directory's key is free for somebody else.
        _ = try await pair.service.createPerson(
            CreatePersonRequest(
                parent: pair.organization, person: Person(externalId: "hr-coachee", displayName: "somebody")),
            pair.admin)
        let mend = UpdatePersonRequest(
            person: Person(name: pair.coachee, displayName: "again"), updateMask: .init(paths: ["display_name"]))
        #expect(await refusal { try await pair.service.updatePerson(mend, pair.admin) } == "WRONG_STATE")
    }

    @Test func whatThePersonSaidGoesAndWhatTheOtherSaidStays() async throws {
        let pair = try await Pair.active()
        let own = try await pair.note(.pair, "mine", by: pair.coachee)
        let sealed = try await pair.note(.sealed, "mine, sealed", by: pair.coachee)
        let other = try await pair.note(.pair, "theirs", by: pair.coach)
        let promise = try await pair.agreed(pair.coachee, due: day(3), at: day(-1))
        let counter = try await pair.agreed(pair.coach, due: day(3), at: day(-1))
        try await pair.erase(pair.coachee)
        try await pair.forget()
        #expect(try await pair.read(own, by: pair.coach).body == "[erased]")
        #expect(try await pair.read(sealed, by: pair.coach).body == "[erased]")
        #expect(try await pair.read(other, by: pair.coach).body == "theirs")
        func text(_ promise: String) async throws -> String {
            try await pair.service.getCommitment(GetCommitmentRequest(name: promise), pair.by(pair.coach)).text
        }
        #expect(try await text(promise) == "[erased]")
        #expect(try await text(counter) == "review the call")
        // What both have signed stays until both are gone.
        func agreement() async throws -> String? {
            try await pair.service.listAgreements(
                ListAgreementsRequest(parent: pair.name), pair.host.context(service: "goals")
            ).agreements.first?.purpose
        }
        #expect(try await agreement() == "win back the quota")
        try await pair.erase(pair.coach)
        try await pair.forget()
        #expect(try await agreement() == "[erased]")
    }

    @Test("No byte of it is left in the files, and a restart in the middle changes nothing")
    func noByteIsLeft() async throws {
        let pair = try await Pair.active()
        let secret = "sesame-\(UInt64.random(in: .min ... .max))"
        _ = try await pair.note(.`self`, secret, by: pair.coachee)
        _ = try await pair.service.createCommitment(
            CreateCommitmentRequest(
                parent: pair.name,
                commitment: Commitment(text: String(repeating: secret, count: 50), dueTime: day(3).timestamp)),
            pair.by(pair.coachee))
        _ = try await pair.service.recordContextChange(
            RecordContextChangeRequest(parent: pair.name, contextChange: ContextChange(type: .other, effect: secret)),
            pair.by(pair.coachee))
        func isStored(_ text: String, in host: TestHost<RelationshipsService>) throws -> Bool {
            try host.storedBytes().firstRange(of: Array(text.utf8)) != nil
        }
        #expect(try isStored(secret, in: pair.host) && isStored("coachee of acme", in: pair.host))
        try await pair.erase(pair.coachee)
        let host = try await pair.host.restarted()
        try await pair.forget(on: host)
        #expect(try !isStored(secret, in: host))
        #expect(try !isStored("coachee of acme", in: host) && !isStored("hr-coachee", in: host))
        #expect(try isStored("coach of acme", in: host))
    }

    // MARK: Until all have done it

    @Test func itIsDoneWhenAllServicesHaveConfirmed() async throws {
        let pair = try await Pair.active()
        let erasure = try await pair.erase(pair.coachee)
        let event = try #require(try await pair.host.events().last { $0.type == "person.erased.v1" })
        #expect(event.payload == .personErased(PersonErased(person: pair.coachee, erasure: erasure.name)))
        try await pair.forget()
        for service in ["feedback", "goals", "goals", "trust-scoring"] {
            let now = try await pair.service.getErasure(GetErasureRequest(name: erasure.name), pair.officer)
            #expect(now.state == .running)
            _ = try await pair.service.confirmErasure(
                ConfirmErasureRequest(name: erasure.name, itemCount: 1), pair.host.context(service: service))
        }
        let done = try await pair.service.getErasure(GetErasureRequest(name: erasure.name), pair.officer)
        #expect(done.state == .succeeded && done.progressPercent == 100)
        #expect(done.steps.map(\.service) == ["relationships", "feedback", "goals", "trust-scoring"])
        let confirm = ConfirmErasureRequest(name: erasure.name)
        #expect(
            await refusal { try await pair.service.confirmErasure(confirm, pair.host.context(service: "gateway")) }
                == "ROLE_FORBIDDEN")
        #expect(await refusal { try await pair.service.confirmErasure(confirm, pair.officer) } == "ROLE_FORBIDDEN")
    }

    @Test func nothingIsDoneInTheirNameAnyMore() async throws {
        let pair = try await Pair.active()
        let other = try await pair.note(.pair, "theirs", by: pair.coach)
        try await pair.erase(pair.coachee)
        try await pair.forget()
        #expect(await refusal { try await pair.read(other, by: pair.coachee) } == "PERSON_ERASED")
        #expect(await refusal { try await pair.note(.pair, "again", by: pair.coachee) } != nil)
    }
}
