import FoundationEssentials
import RPC
import Schema
import ServiceKit
import ServiceKitTesting
import Testing

@testable import Relationships

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
