import Schema
import ServiceKit
import Testing

@testable import Relationships

/// D3's rules: told in the transaction of the act (docs/domain.md §4.3), and words that promise (§4.5, M5).
@Suite struct TransparencyRuleTests {
    private func broken(_ pair: Pair) async throws -> [TransparencyBroken] {
        try await pair.host.events().compactMap { event in
            guard case .transparencyBroken(let breach) = event.payload else { return nil }
            return breach
        }
    }

    private func note(_ pair: Pair, by person: String, _ level: Note.Level = .pair) async throws -> Note {
        try await pair.service.createNote(
            CreateNoteRequest(parent: pair.name, note: Note(level: level, body: "Two steps.")), pair.by(person))
    }

    private func change(
        _ pair: Pair, _ note: Note, by person: String, to body: String = "One step.", notice: String = ""
    ) async throws -> Note {
        try await pair.service.updateNote(
            UpdateNoteRequest(
                note: Note(name: note.name, body: body), updateMask: .init(paths: ["body"]), revisionNotice: notice),
            pair.by(person))
    }

    // MARK: T1

    @Test func aNoteThatBothReadChangedWithoutAWord() async throws {
        let pair = try await Pair.active()
        let note = try await note(pair, by: pair.coach)
        try await pair.host.advance(hours: 2)
        _ = try await change(pair, note, by: pair.coach)
        #expect(try await broken(pair) == [TransparencyBroken(rule: .changedInSilence, subject: note.name)])
    }

    @Test func whatIsSaidIsShownAndBreaksNothing() async throws {
        let pair = try await Pair.active()
        let note = try await note(pair, by: pair.coach)
        try await pair.host.advance(hours: 2)
        let changed = try await change(pair, note, by: pair.coach, notice: "The second step is done.")
        #expect(changed.revisionNotice == "The second step is done.")
        #expect(try await broken(pair).isEmpty)
        #expect(
            await refusal {
                try await change(pair, note, by: pair.coach, to: "None.", notice: String(repeating: "x", count: 501))
            } != nil)
    }

    @Test func aSlipOfThePenANoteOfOnesOwnAndTheCoacheesNotes() async throws {
        let pair = try await Pair.active()
        let fresh = try await note(pair, by: pair.coach)
        try await pair.host.advance(microseconds: 59 * 60_000_000)
        _ = try await change(pair, fresh, by: pair.coach)
        let own = try await note(pair, by: pair.coach, .`self`)
        let theirs = try await note(pair, by: pair.coachee)
        try await pair.host.advance(hours: 2)
        _ = try await change(pair, own, by: pair.coach)
        _ = try await change(pair, theirs, by: pair.coachee)
        // The same words again are no change.
        _ = try await change(pair, fresh, by: pair.coach)
        #expect(try await broken(pair).isEmpty)
    }

    // MARK: T3

    private func end(_ pair: Pair, by person: String, why: String = "") async throws -> Relationship {
        try await pair.service.endRelationship(
            EndRelationshipRequest(name: pair.name, why: why), pair.by(person))
    }

    @Test func aCoachWhoEndsWithoutAReason() async throws {
        let pair = try await Pair.active()
        _ = try await end(pair, by: pair.coach)
        #expect(try await broken(pair) == [TransparencyBroken(rule: .endedWithoutReason, subject: pair.name)])
    }

    @Test func aReasonIsANoteThatBothRead() async throws {
        let pair = try await Pair.active()
        let ending = try await end(pair, by: pair.coach, why: "I move to another site.")
        #expect(try await broken(pair).isEmpty)
        let notes = try await pair.service.listNotes(ListNotesRequest(parent: pair.name), pair.by(pair.coachee)).notes
        #expect(notes.map(\.body) == ["I move to another site."] && notes.map(\.author) == [pair.coach])
        #expect(!"\(ending)".contains("another site"), "the programme reads the relationship")
        #expect(try await pair.host.events().allSatisfy { !"\($0)".contains("another site") })
    }

    @Test func aCoacheeOwesNoReasonAndTheSecondWordNeedsNone() async throws {
        let pair = try await Pair.active()
        _ = try await end(pair, by: pair.coachee)
        #expect(try await end(pair, by: pair.coach).state == .ended)
        #expect(try await broken(pair).isEmpty)
    }

    // MARK: M5

    @Test(arguments: [
        "I will send the list on Monday", "We'll look at it together.", "I promise an answer",
        "You can count on the slides.", "I'm going to ask HR",
    ])
    func wordsThatPromise(text: String) {
        #expect(PromiseWords.occur(in: text))
    }

    @Test(arguments: [
        "The territory is split.", "I will not decide this alone", "Will we meet?", "The will of the team", "",
        "We will never do that",
    ])
    func wordsThatDoNot(text: String) {
        #expect(!PromiseWords.occur(in: text))
    }
}
