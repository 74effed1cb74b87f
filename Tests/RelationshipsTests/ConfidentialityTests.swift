import FoundationEssentials
import RPC
import Schema
import ServiceKit
import ServiceKitTesting
import Testing

@testable import Relationships

/// Levels, and who has seen what (docs/domain.md §6.8, §6.9).
@Suite struct ConfidentialityTests {
    func write(
        _ pair: Pair, _ level: Note.Level, by person: String, _ body: String = "hard to say"
    ) async throws -> Note {
        try await pair.service.createNote(
            CreateNoteRequest(parent: pair.name, note: Note(level: level, body: body)), pair.by(person))
    }

    func update(_ pair: Pair, _ note: Note, _ patch: Note, _ paths: [String], by person: String) async throws -> Note {
        var patch = patch
        patch.name = note.name
        return try await pair.service.updateNote(
            UpdateNoteRequest(note: patch, updateMask: .init(paths: paths)), pair.by(person))
    }

    func visibility(_ pair: Pair, _ name: String, by person: String) async throws -> ListVisibilityResponse {
        try await pair.service.listVisibility(ListVisibilityRequest(name: name), pair.by(person))
    }

    // MARK: SEALED

    @Test("S07: a sealed note is for the two, and for no search") func aSealedNoteIsForTheTwoAndForNoSearch()
        async throws
    {
        let pair = try await Pair.active()
        let note = try await write(pair, .sealed, by: pair.coachee)
        for reader in [pair.coach, pair.coachee] {
            #expect(
                try await pair.service.getNote(GetNoteRequest(name: note.name), pair.by(reader)).body == "hard to say")
            func found(_ filter: String) async throws -> Int {
                try await pair.service.listNotes(
                    ListNotesRequest(parent: pair.name, filter: filter), pair.by(reader)
                ).notes.count
            }
            #expect(try await found("") == 1)
            #expect(try await found("level = SEALED") == 1)
            #expect(try await found("body = \"hard to say\"") == 0)
            #expect(try await found("NOT body = \"x\"") == 0)
        }
        for context in [pair.admin, pair.by(pair.person("lead")), pair.host.context(service: "goals")] {
            #expect(
                ["NOT_PARTY", "NOT_FOUND"].contains(
                    await refusal { try await pair.service.getNote(GetNoteRequest(name: note.name), context) }))
        }
    }

    @Test func whatIsSealedIsUnsealedByBoth() async throws {
        let pair = try await Pair.active()
        let note = try await write(pair, .sealed, by: pair.coachee)
        let agree = AgreeNoteLevelRequest(name: note.name, level: .pair)
        #expect(await refusal { try await pair.service.agreeNoteLevel(agree, pair.by(pair.coach)) } == "WRONG_STATE")
        let offered = try await update(pair, note, Note(level: .pair), ["level"], by: pair.coachee)
        #expect(offered.level == .sealed && offered.offeredLevel == .pair)
        #expect(
            await refusal { try await pair.service.agreeNoteLevel(agree, pair.by(pair.coachee)) } == "ROLE_FORBIDDEN")
        let agreed = try await pair.service.agreeNoteLevel(agree, pair.by(pair.coach))
        #expect(agreed.level == .pair && agreed.offeredLevel == .unspecified)
        // More secrecy needs nobody's word, nor does what was for oneself.
        #expect(try await update(pair, note, Note(level: .sealed), ["level"], by: pair.coachee).level == .sealed)
        #expect(try await update(pair, note, Note(level: .`self`), ["level"], by: pair.coachee).level == .`self`)
        #expect(await refusal { try await pair.service.agreeNoteLevel(agree, pair.by(pair.coach)) } == "NOT_FOUND")
        #expect(try await update(pair, note, Note(level: .pair), ["level"], by: pair.coachee).level == .pair)
    }

    // MARK: Who can see it, who has

    @Test func readersAndReadingsAreTold() async throws {
        let pair = try await Pair.active()
        let note = try await write(pair, .pair, by: pair.coachee)
        let own = try await write(pair, .`self`, by: pair.coachee)
        let before = try await visibility(pair, note.name, by: pair.coachee)
        #expect(
            before.viewers == [
                Viewer(person: pair.coachee, right: .author), Viewer(person: pair.coach, right: .party),
            ])
        #expect(before.viewings.isEmpty)
        #expect(
            try await visibility(pair, own.name, by: pair.coachee).viewers == [
                Viewer(person: pair.coachee, right: .author)
            ])
        #expect(await refusal { try await visibility(pair, own.name, by: pair.coach) } == "NOT_FOUND")
        #expect(await refusal { try await visibility(pair, note.name, by: pair.person("lead")) } == "NOT_PARTY")
        #expect(await refusal { try await visibility(pair, "\(pair.name)/goals/g", by: pair.coach) } == "BAD_NAME")

        let read = GetNoteRequest(name: note.name)
        _ = try await pair.service.getNote(read, pair.by(pair.coachee))
        #expect(try await visibility(pair, note.name, by: pair.coachee).viewings.isEmpty, "one's own")
        let first = pair.host.clock.now
        for _ in 0..<3 { _ = try await pair.service.getNote(read, pair.by(pair.coach)) }
        try await pair.host.advance(days: 1)
        _ = try await pair.service.listNotes(ListNotesRequest(parent: pair.name), pair.by(pair.coach))
        for asker in [pair.coachee, pair.coach] {
            let viewings = try await visibility(pair, note.name, by: asker).viewings
            #expect(viewings.map(\.person) == [pair.coach, pair.coach], "once a day")
            #expect(viewings.allSatisfy { $0.right == .party && $0.source.isEmpty })
            let time = try Instant(#require(viewings.first?.time))
            #expect(time >= first && time - first < 60_000_000)
        }
    }

    @Test func viewingsComeInPages() async throws {
        let pair = try await Pair.active()
        let note = try await write(pair, .pair, by: pair.coachee)
        for _ in 0..<5 {
            _ = try await pair.service.getNote(GetNoteRequest(name: note.name), pair.by(pair.coach))
            try await pair.host.advance(days: 1)
        }
        var request = ListVisibilityRequest(name: note.name, pageSize: 2)
        var sizes: [Int] = []
        var days: Set<Int64> = []
        repeat {
            let page = try await pair.service.listVisibility(request, pair.by(pair.coachee))
            #expect(page.viewers.isEmpty == !request.pageToken.isEmpty, "on the first page")
            sizes.append(page.viewings.count)
            days.formUnion(page.viewings.compactMap { $0.time?.seconds }.map { $0 / 86_400 })
            request.pageToken = page.nextPageToken
        } while !request.pageToken.isEmpty
        #expect(sizes == [2, 2, 1])
        #expect(days.count == 5)
    }
}

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

/// What the law may open (docs/domain.md §6.8).
@Suite struct BreakGlassTests {
    struct Scene {
        let pair: Pair
        let sealed: String
        var officer: ServerContext { pair.host.context(person: pair.person("dpo"), purpose: "privacy") }
        var ombudsperson: ServerContext { pair.by(pair.person("boss")) }

        init() async throws {
            pair = try await Pair.active()
            _ = try await pair.service.updateProgramme(
                UpdateProgrammeRequest(
                    programme: Programme(name: pair.programme, ombudsperson: pair.person("boss")),
                    updateMask: .init(paths: ["ombudsperson"])), pair.admin)
            sealed = try await pair.service.createNote(
                CreateNoteRequest(parent: pair.name, note: Note(level: .sealed, body: "sealed words")),
                pair.by(pair.coachee)
            ).name
            _ = try await pair.service.createNote(
                CreateNoteRequest(parent: pair.name, note: Note(level: .pair, body: "plain words")),
                pair.by(pair.coachee))
        }

        func ask(
            _ reason: BreakGlassCase.Reason = .imminentHarm, silence: Instant? = nil, by context: ServerContext? = nil
        ) async throws -> BreakGlassCase {
            try await pair.service.requestBreakGlass(
                RequestBreakGlassRequest(
                    parent: pair.name,
                    breakGlassCase: BreakGlassCase(
                        reason: reason, justification: "a threat was reported", silenceEndTime: silence?.timestamp)),
                context ?? officer)
        }

        func approve(_ glass: BreakGlassCase, by context: ServerContext? = nil) async throws -> BreakGlassCase {
            try await pair.service.approveBreakGlass(
                ApproveBreakGlassRequest(name: glass.name), context ?? ombudsperson)
        }

        func read(by context: ServerContext) async -> String? {
            await refusal { try await pair.service.getNote(GetNoteRequest(name: sealed), context) }
        }

        func cases(by context: ServerContext) async throws -> Int {
            try await pair.service.listBreakGlassCases(ListBreakGlassCasesRequest(parent: pair.name), context)
                .breakGlassCases.count
        }
    }

    // MARK: When the officer is erased

    @Test func theOfficersWordsGoAndTheCaseStays() async throws {
        let scene = try await Scene()
        let pair = scene.pair
        let dpo = pair.person("dpo")
        _ = try await pair.service.createPerson(
            CreatePersonRequest(parent: pair.organization, personId: "dpo", person: Person(displayName: "officer")),
            pair.admin)
        let closed = try await scene.approve(try await scene.ask(.law))
        _ = try await pair.service.closeBreakGlass(CloseBreakGlassRequest(name: closed.name), scene.officer)
        let open = try await scene.approve(try await scene.ask())
        let asked = try await scene.ask(.courtOrder)
        let other = try await scene.ask(by: pair.host.context(person: pair.person("other"), purpose: "privacy"))

        try await pair.erase(dpo, by: pair.host.context(person: pair.person("second"), purpose: "privacy"))
        try await pair.forget()
        func now(_ glass: BreakGlassCase) async throws -> BreakGlassCase {
            try await pair.service.getBreakGlassCase(GetBreakGlassCaseRequest(name: glass.name), pair.by(pair.coachee))
        }
        // That it happened, why by the list of reasons, when, and by whose name: as before.
        for (glass, state) in [(closed, BreakGlassCase.State.closed), (open, .closed), (asked, .refused)] {
            let left = try await now(glass)
            #expect(left.state == state && left.reason == glass.reason && left.requester == dpo)
            #expect(left.openTime == glass.openTime && left.justification == "[erased]")
        }
        #expect(try await now(other) == other, "another officer's")
        #expect(await scene.read(by: scene.officer) != nil)
        let actions = try await pair.audit(by: pair.host.context(person: pair.coachee)).map(\.action)
        #expect(actions.filter { $0 == "break_glass.closed" }.count == 2)
        #expect(actions.contains("break_glass.refused"))
    }

    @Test func anOfficersExportHasTheirOwnCases() async throws {
        let scene = try await Scene()
        _ = try await scene.ask()
        var types: [String] = []
        for person in ["dpo", "boss"] {
            try await scene.pair.host.runtime.personalData(
                of: scene.pair.person(person), in: "", kinds: RelationshipsService.kinds
            ) { types += $0.map(\.type) }
        }
        #expect(types.filter { $0 == BreakGlassCase.fullName }.count == 1)
    }

    @Test func twoRolesOpenItForThreeDaysAndBothPartiesAreTold() async throws {
        let scene = try await Scene()
        let pair = scene.pair
        #expect(await scene.read(by: scene.officer) == "NOT_PARTY")
        let asked = try await scene.ask()
        #expect(asked.state == .requested)
        #expect(await refusal { try await scene.ask() } == "WRONG_STATE", "one at a time")
        #expect(await scene.read(by: scene.officer) == "NOT_PARTY", "asking opens nothing")
        #expect(await refusal { try await scene.approve(asked, by: scene.officer) } == "ROLE_FORBIDDEN")
        for party in [pair.coach, pair.coachee] {
            #expect(await refusal { try await scene.approve(asked, by: pair.by(party)) } == "ROLE_FORBIDDEN")
        }
        #expect(await refusal { try await scene.approve(asked, by: pair.admin) } == "NOT_PARTY")
        let open = try await scene.approve(asked)
        #expect(open.state == .open && open.approver == pair.person("boss"))
        #expect(await scene.read(by: scene.officer) == nil)
        #expect(await scene.read(by: scene.ombudsperson) == "NOT_PARTY", "who agrees does not read")
        #expect(
            await scene.read(by: pair.by(pair.person("dpo"))) == "NOT_PARTY", "for the purpose of privacy alone")
        let notes = try await pair.service.listNotes(ListNotesRequest(parent: pair.name), scene.officer).notes
        #expect(notes.map(\.body) == ["sealed words"], "nothing but what is sealed")
        let list = ListSessionsRequest(parent: pair.name)
        #expect(await refusal { try await pair.service.listSessions(list, scene.officer) } == "NOT_PARTY")
        #expect(
            await refusal {
                try await pair.service.createNote(
                    CreateNoteRequest(parent: pair.name, note: Note(level: .pair, body: "x")), scene.officer)
            } == "NOT_PARTY")

        #expect(try await pair.events("breakglass.").map(\.type) == ["breakglass.used.v1"])
        for party in [pair.coach, pair.coachee] {
            #expect(try await scene.cases(by: pair.by(party)) == 1)
            let visibility = try await pair.service.listVisibility(
                ListVisibilityRequest(name: scene.sealed), pair.by(party))
            #expect(visibility.viewers.last?.right == .breakGlass && visibility.viewers.last?.source == asked.name)
            #expect(visibility.viewings.map(\.person) == [pair.person("dpo")])
        }
        try await pair.host.advance(hours: 71)
        #expect(await scene.read(by: scene.officer) == nil)
        try await pair.host.advance(hours: 1)
        #expect(await scene.read(by: scene.officer) == "NOT_PARTY")
        let get = GetBreakGlassCaseRequest(name: asked.name)
        #expect(try await pair.service.getBreakGlassCase(get, scene.officer).state == .closed)
    }

    @Test func whereTheLawForbidsItThePartiesAreToldLater() async throws {
        let scene = try await Scene()
        let pair = scene.pair
        let end = pair.host.clock.now.adding(days: 30)
        #expect(await refusal { try await scene.ask(.imminentHarm, silence: end) } == "INVALID_FIELD")
        let late = pair.host.clock.now.adding(days: 401)
        #expect(await refusal { try await scene.ask(.law, silence: late) } == "INVALID_FIELD")
        let glass = try await scene.ask(.courtOrder, silence: end)
        _ = try await scene.approve(glass)
        #expect(await scene.read(by: scene.officer) == nil)
        let get = GetBreakGlassCaseRequest(name: glass.name)
        let asked = ListVisibilityRequest(name: scene.sealed)
        for party in [pair.coach, pair.coachee] {
            #expect(try await scene.cases(by: pair.by(party)) == 0)
            #expect(
                await refusal { try await pair.service.getBreakGlassCase(get, pair.by(party)) } == "NOT_FOUND")
            let visibility = try await pair.service.listVisibility(asked, pair.by(party))
            #expect(visibility.viewers.allSatisfy { $0.right != .breakGlass } && visibility.viewings.isEmpty)
        }
        #expect(try await pair.events("breakglass.").isEmpty)
        #expect(try await scene.cases(by: scene.officer) == 1)
        #expect(try await scene.cases(by: scene.ombudsperson) == 1)
        try await pair.host.advance(days: 30)
        #expect(try await pair.events("breakglass.").count == 1)
        #expect(try await scene.cases(by: pair.by(pair.coachee)) == 1)
        let viewings = try await pair.service.listVisibility(asked, pair.by(pair.coachee)).viewings
        #expect(viewings.map(\.person) == [pair.person("dpo")])
    }

    @Test func itIsRefusedAndClosedByTheTwoRoles() async throws {
        let scene = try await Scene()
        let pair = scene.pair
        let refused = try await scene.ask(.law)
        let refuse = RefuseBreakGlassRequest(name: refused.name)
        #expect(
            await refusal { try await pair.service.refuseBreakGlass(refuse, scene.officer) } == "ROLE_FORBIDDEN")
        #expect(try await pair.service.refuseBreakGlass(refuse, scene.ombudsperson).state == .refused)
        #expect(await refusal { try await scene.approve(refused) } == "WRONG_STATE")
        #expect(await scene.read(by: scene.officer) == "NOT_PARTY")
        let open = try await scene.approve(scene.ask(.law))
        let close = CloseBreakGlassRequest(name: open.name)
        #expect(
            await refusal { try await pair.service.closeBreakGlass(close, pair.by(pair.coach)) } == "NOT_PARTY")
        _ = try await pair.service.closeBreakGlass(close, scene.officer)
        #expect(await scene.read(by: scene.officer) == "NOT_PARTY")
    }

    @Test func nobodyElseMayAsk() async throws {
        let scene = try await Scene()
        let pair = scene.pair
        for context in [
            pair.by(pair.coach), pair.host.context(person: pair.coach, purpose: "privacy"),
        ] {
            #expect(await refusal { try await scene.ask(by: context) } == "ROLE_FORBIDDEN")
        }
        for context in [
            pair.admin, pair.by(pair.person("dpo")),
            pair.host.context(person: "organizations/other/people/dpo", purpose: "privacy"),
        ] {
            #expect(await refusal { try await scene.ask(by: context) } == "NOT_PARTY")
        }
        #expect(await refusal { try await scene.ask(.unspecified) } == "INVALID_FIELD")
    }
}

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
