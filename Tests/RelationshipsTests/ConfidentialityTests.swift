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
