import RPC
import Schema
import ServiceKit
import ServiceKitTesting
import Testing

@testable import Relationships

/// docs/domain.md §6.1 and S43: a new coach takes over, and the coachee says what goes along.
@Suite struct HandOverTests {
    private func handOver(_ pair: Pair, by context: ServerContext? = nil) async throws -> HandOver {
        try await pair.service.handOverRelationship(
            HandOverRelationshipRequest(name: pair.name, trustee: pair.person("other")), context ?? pair.by(pair.coach))
    }

    private func consent(
        _ pair: Pair, _ handOver: HandOver, _ resource: String, withdraw: Bool = false, by person: String? = nil
    ) async throws -> HandOver {
        try await pair.service.consentToHandOver(
            ConsentToHandOverRequest(name: handOver.name, resource: resource, withdraw: withdraw),
            pair.by(person ?? pair.coachee))
    }

    private func relationship(_ pair: Pair, _ name: String? = nil) async throws -> Relationship {
        try await pair.service.getRelationship(GetRelationshipRequest(name: name ?? pair.name), pair.admin)
    }

    /// The new coach accepts, both sign, and it begins.
    private func begin(_ pair: Pair, _ successor: String) async throws {
        let other = pair.by(pair.person("other"))
        _ = try await pair.service.acceptRequest(AcceptRequestRequest(name: successor), other)
        let draft = try await pair.service.reviseAgreement(
            ReviseAgreementRequest(parent: successor, agreement: Agreement(purpose: "go on")), other)
        for context in [other, pair.by(pair.coachee)] {
            _ = try await pair.service.signAgreement(SignAgreementRequest(name: draft.name), context)
        }
        _ = try await pair.service.activateRelationship(ActivateRelationshipRequest(name: successor), other)
    }

    @Test func whatTheCoacheeNamesGoesAlongAndNothingElse() async throws {
        let pair = try await Pair.active()
        let goes = try await pair.agreed(pair.coachee, due: day(30), at: day(0))
        let stays = try await pair.agreed(pair.coachee, due: day(30), at: day(0))
        let coachs = try await pair.agreed(pair.coach, due: day(30), at: day(0))
        let note = try await pair.service.createNote(
            CreateNoteRequest(parent: pair.name, note: Note(level: .pair, body: "quiet")), pair.by(pair.coachee))
        let goal = "\(pair.name)/goals/0193aaaa-0000-7000-8000-000000000009"

        let handOver = try await handOver(pair)
        #expect(handOver.state == .open && handOver.items.isEmpty)
        #expect(await refusal { try await consent(pair, handOver, goes, by: pair.coach) } == "ROLE_FORBIDDEN")
        for other in [coachs, note.name, "\(pair.organization)/relationships/x/goals/y", ""] {
            #expect(await refusal { try await consent(pair, handOver, other) } == "INVALID_FIELD", "\(other)")
        }
        _ = try await consent(pair, handOver, goes)
        _ = try await consent(pair, handOver, stays)
        _ = try await consent(pair, handOver, stays, withdraw: true)
        #expect(try await consent(pair, handOver, goal).items.map(\.resource) == [goes, goal])
        #expect(try await relationship(pair).state == .active, "until the new one begins")

        try await begin(pair, handOver.successor)
        let old = try await relationship(pair)
        #expect(old.state == .ended && old.endReason == .handedOver && old.successor == handOver.successor)
        let carried = try await pair.service.listCommitments(
            ListCommitmentsRequest(parent: handOver.successor), pair.by(pair.coachee)
        ).commitments
        #expect(carried.count == 1 && carried[0].owner == pair.coachee && carried[0].state == .proposed)
        #expect(carried[0].dueTime == day(30).timestamp)
        #expect(try await pair.commitment(goes).state == .released, "the old one binds nobody any more")
        let notes = try await pair.service.listNotes(
            ListNotesRequest(parent: handOver.successor), pair.by(pair.coachee)
        ).notes
        #expect(notes.isEmpty, "notes never go")
        let event = try #require(try await pair.lastEvent("relationship.handed_over.v1"))
        guard case .relationshipHandedOver(let told)? = event.payload else { throw Refusal.notFound("payload") }
        #expect(told.successor == handOver.successor && told.items == [goal])
        let done = try await pair.service.getHandOver(GetHandOverRequest(name: handOver.name), pair.by(pair.coachee))
        #expect(done.state == .completed && done.completeTime == old.endTime)
        #expect(await refusal { try await consent(pair, handOver, goes, withdraw: true) } == "WRONG_STATE")
    }

    @Test func historyStaysWithTheOldPair() async throws {
        let pair = try await Pair.active()
        let handOver = try await handOver(pair)
        try await begin(pair, handOver.successor)
        let other = pair.by(pair.person("other"))
        let get = ListCommitmentsRequest(parent: pair.name)
        #expect(await refusal { try await pair.service.listCommitments(get, other) } == "NOT_PARTY")
        #expect(await refusal { try await pair.service.listCommitments(get, pair.by(pair.coach)) } == nil)
        let foreign = ListCommitmentsRequest(parent: handOver.successor)
        #expect(await refusal { try await pair.service.listCommitments(foreign, pair.by(pair.coach)) } == "NOT_PARTY")
    }

    @Test func whoReadsIt() async throws {
        let pair = try await Pair.active()
        let goes = try await pair.agreed(pair.coachee, due: day(30), at: day(0))
        let handOver = try await handOver(pair, by: pair.admin)
        _ = try await consent(pair, handOver, goes)
        let get = GetHandOverRequest(name: handOver.name)
        for person in [pair.coach, pair.coachee, pair.person("other")] {
            #expect(try await pair.service.getHandOver(get, pair.by(person)).items.count == 1)
        }
        #expect(try await pair.service.getHandOver(get, pair.admin).items.isEmpty)
        #expect(await refusal { try await pair.service.getHandOver(get, pair.by(pair.person("boss"))) } == "NOT_PARTY")
        let list = ListHandOversRequest(parent: pair.name)
        #expect(try await pair.service.listHandOvers(list, pair.admin).handOvers.map(\.items.count) == [0])
        #expect(
            await refusal { try await pair.service.listHandOvers(list, pair.by(pair.person("other"))) } == "NOT_PARTY")
    }

    @Test func aRequestThatComesToNothingChangesNothing() async throws {
        let pair = try await Pair.active()
        let declined = try await handOver(pair)
        #expect(await refusal { try await handOver(pair) } == "WRONG_STATE", "one at a time")
        _ = try await pair.service.declineRequest(
            DeclineRequestRequest(name: declined.successor), pair.by(pair.person("other")))
        func state(_ handOver: HandOver) async throws -> HandOver.State {
            try await pair.service.getHandOver(GetHandOverRequest(name: handOver.name), pair.by(pair.coachee)).state
        }
        #expect(try await state(declined) == .cancelled)
        let expired = try await handOver(pair)
        try await pair.host.advance(days: 14)
        #expect(try await state(expired) == .cancelled)
        #expect(try await relationship(pair).state == .active)
    }

    @Test func anotherCoachAndOnlyByThoseItConcerns() async throws {
        let pair = try await Pair.active()
        let same = HandOverRelationshipRequest(name: pair.name, trustee: pair.coach)
        #expect(
            await refusal { try await pair.service.handOverRelationship(same, pair.by(pair.coach)) } == "INVALID_FIELD")
        #expect(await refusal { try await handOver(pair, by: pair.by(pair.person("boss"))) } == "NOT_PARTY")
        let stale = HandOverRelationshipRequest(name: pair.name, trustee: pair.person("other"), etag: "\"1\"")
        #expect(
            await refusal { try await pair.service.handOverRelationship(stale, pair.by(pair.coach)) } == "ETAG_MISMATCH"
        )
        let waiting = try await Pair.accepted()
        #expect(await refusal { try await handOver(waiting) } == "WRONG_STATE")
    }
}
