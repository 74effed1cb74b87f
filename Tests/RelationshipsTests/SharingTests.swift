import FoundationEssentials
import RPC
import Schema
import ServiceKit
import ServiceKitTesting
import Testing

@testable import Relationships

/// What leaves the pair, item by item (docs/domain.md §6.1).
@Suite struct SharingTests {
    func ask(
        _ pair: Pair, _ items: [String], by person: String, to recipient: String? = nil, expiry: Instant? = nil
    ) async throws -> SharingRequest {
        try await pair.service.createSharingRequest(
            CreateSharingRequestRequest(
                parent: pair.name,
                sharingRequest: SharingRequest(
                    recipient: recipient ?? pair.person("lead"), purpose: "the sponsor's review",
                    items: items.map { .init(resource: $0) }, expireTime: expiry?.timestamp)), pair.by(person))
    }

    func note(_ pair: Pair, _ level: Note.Level = .pair, by person: String) async throws -> String {
        try await pair.service.createNote(
            CreateNoteRequest(parent: pair.name, note: Note(level: level, body: "of the two")), pair.by(person)
        ).name
    }

    func read(_ pair: Pair, _ note: String, by person: String) async -> String? {
        await refusal { try await pair.service.getNote(GetNoteRequest(name: note), pair.by(person)) }
    }

    func approve(_ pair: Pair, _ sharing: SharingRequest, _ item: String, by person: String) async throws
        -> SharingRequest
    {
        try await pair.service.approveSharingItem(
            ApproveSharingItemRequest(name: sharing.name, resource: item), pair.by(person))
    }

    @Test func theRecipientReadsWhatTheCoacheeApprovesAndNothingElse() async throws {
        let pair = try await Pair.active()
        let lead = pair.person("lead")
        let (one, two) = (try await note(pair, by: pair.coachee), try await note(pair, by: pair.coachee))
        let sharing = try await ask(pair, [one, two], by: pair.coach)
        #expect(sharing.state == .requested && sharing.requester == pair.coach)
        #expect(await read(pair, one, by: lead) == "NOT_PARTY")
        let get = GetSharingRequestRequest(name: sharing.name)
        #expect(await refusal { try await pair.service.getSharingRequest(get, pair.by(lead)) } == "NOT_PARTY")

        #expect(await refusal { try await approve(pair, sharing, one, by: pair.coach) } == "ROLE_FORBIDDEN")
        #expect(await refusal { try await approve(pair, sharing, one, by: lead) } == "NOT_PARTY")
        #expect(try await approve(pair, sharing, one, by: pair.coachee).state == .partlyApproved)
        #expect(await read(pair, one, by: lead) == nil)
        #expect(await read(pair, two, by: lead) == "NOT_PARTY")
        #expect(await read(pair, one, by: pair.person("boss")) == "NOT_PARTY", "the recipient alone")
        #expect(try await pair.service.getSharingRequest(get, pair.by(lead)).items.map(\.resource) == [one])
        let list = ListNotesRequest(parent: pair.name)
        #expect(await refusal { try await pair.service.listNotes(list, pair.by(lead)) } == "NOT_PARTY")
        #expect(
            await refusal {
                try await pair.service.updateNote(UpdateNoteRequest(note: Note(name: one, body: "x")), pair.by(lead))
            } == "NOT_PARTY")

        // Both see that the recipient can, and has.
        let visibility = try await pair.service.listVisibility(ListVisibilityRequest(name: one), pair.by(pair.coachee))
        #expect(visibility.viewers.last?.person == lead && visibility.viewers.last?.right == .shared)
        #expect(visibility.viewers.last?.source == sharing.name)
        #expect(visibility.viewings.map(\.person) == [lead])
        #expect(visibility.viewings.map(\.right) == [.shared])

        let denied = try await pair.service.denySharingItem(
            DenySharingItemRequest(name: sharing.name, resource: two), pair.by(pair.coachee))
        #expect(denied.state == .released)
        #expect(await refusal { try await approve(pair, sharing, two, by: pair.coachee) } == "WRONG_STATE")
    }

    @Test func whatIsRecalledIsClosedFromTheAnswerOn() async throws {
        let pair = try await Pair.active()
        let lead = pair.person("lead")
        let notes = [try await note(pair, by: pair.coachee), try await note(pair, by: pair.coachee)]
        let sharing = try await ask(pair, notes, by: pair.coachee)
        for note in notes { _ = try await approve(pair, sharing, note, by: pair.coachee) }
        _ = try await pair.service.recallSharing(
            RecallSharingRequest(name: sharing.name, resource: notes[0]), pair.by(pair.coachee))
        #expect(await read(pair, notes[0], by: lead) == "NOT_PARTY")
        #expect(await read(pair, notes[1], by: lead) == nil)
        let all = try await pair.service.recallSharing(
            RecallSharingRequest(name: sharing.name), pair.by(pair.coachee))
        #expect(all.state == .withdrawn)
        #expect(await read(pair, notes[1], by: lead) == "NOT_PARTY")
        #expect(try await pair.events("sharing.").map(\.type).filter { $0 == "sharing.recalled.v1" }.count == 2)
    }

    @Test func whatHasExpiredIsClosed() async throws {
        let pair = try await Pair.active()
        let lead = pair.person("lead")
        let item = try await note(pair, by: pair.coachee)
        let expiry = pair.host.clock.now.adding(days: 10)
        let sharing = try await ask(pair, [item], by: pair.coach, expiry: expiry)
        _ = try await approve(pair, sharing, item, by: pair.coachee)
        try await pair.host.advance(days: 9)
        #expect(await read(pair, item, by: lead) == nil)
        try await pair.host.advance(days: 1)
        #expect(await read(pair, item, by: lead) == "NOT_PARTY")
        let get = GetSharingRequestRequest(name: sharing.name)
        #expect(try await pair.service.getSharingRequest(get, pair.by(pair.coach)).state == .expired)
        #expect(await refusal { try await pair.service.getSharingRequest(get, pair.by(lead)) } == "NOT_PARTY")
        #expect(await refusal { try await approve(pair, sharing, item, by: pair.coachee) } == "WRONG_STATE")
    }

    @Test func whatIsSealedLaterIsClosedAtOnce() async throws {
        let pair = try await Pair.active()
        let lead = pair.person("lead")
        let item = try await note(pair, by: pair.coachee)
        let sharing = try await ask(pair, [item], by: pair.coach)
        _ = try await approve(pair, sharing, item, by: pair.coachee)
        #expect(await read(pair, item, by: lead) == nil)
        _ = try await pair.service.updateNote(
            UpdateNoteRequest(note: Note(name: item, level: .sealed), updateMask: .init(paths: ["level"])),
            pair.by(pair.coachee))
        #expect(await read(pair, item, by: lead) == "NOT_PARTY")
    }

    @Test func onlySomeThingsCanBeShared() async throws {
        let pair = try await Pair.active()
        let item = try await note(pair, by: pair.coachee)
        let ofCoach = try await note(pair, by: pair.coach)
        for (items, recipient, reason) in [
            ([], nil, "INVALID_FIELD"), ([item, item], nil, "INVALID_FIELD"),
            (["\(pair.name)/trustProfile"], nil, "INVALID_FIELD"),
            (["\(pair.name)/evidence/0193aaaa-0000-7000-8000-000000000009"], nil, "INVALID_FIELD"),
            (["\(pair.name)/obstacles/o"], nil, "INVALID_FIELD"),
            (["\(pair.organization)/relationships/x/goals/g"], nil, "INVALID_FIELD"),
            ([item], pair.coach, "INVALID_FIELD"), ([item], pair.person("nobody"), "INVALID_FIELD"),
            ([item], "organizations/other/people/lead", "INVALID_FIELD"),
            ([try await note(pair, .sealed, by: pair.coachee)], nil, "LEVEL_FORBIDDEN"),
            ([try await note(pair, .`self`, by: pair.coachee)], nil, "LEVEL_FORBIDDEN"),
            ([ofCoach], nil, "ROLE_FORBIDDEN"), (["\(pair.name)/notes/none"], nil, "NOT_FOUND"),
        ] as [([String], String?, String)] {
            #expect(
                await refusal { try await ask(pair, items, by: pair.coachee, to: recipient) } == reason, "\(items)")
        }
        #expect(await refusal { try await ask(pair, [ofCoach], by: pair.coach) } == nil)
        let late = pair.host.clock.now.adding(days: 401)
        #expect(await refusal { try await ask(pair, [item], by: pair.coach, expiry: late) } == "INVALID_FIELD")
    }

    @Test(
        arguments: [
            ([.open, .open], .requested), ([.approved, .open], .partlyApproved), ([.approved, .denied], .released),
            ([.denied, .denied], .refused), ([.recalled, .denied], .withdrawn), ([.recalled, .open], .requested),
        ] as [([SharingRequest.Decision], SharingRequest.State)])
    func theStateFollowsTheItems(decisions: [SharingRequest.Decision], state: SharingRequest.State) {
        #expect(SharingRequest.state(of: decisions) == state)
    }
}
