import Schema
import ServiceKit
import Testing

@testable import Relationships

/// Revised decisions, notes, reflections and ignored changes of context (docs/domain.md §6.1, rules 12 and 29).
@Suite struct WrittenWordTests {
    // MARK: Decisions

    func decide(_ pair: Pair, why: String = "", at instant: Instant) async throws -> Decision {
        try await pair.service.recordDecision(
            RecordDecisionRequest(
                parent: pair.name, decision: Decision(what: "territory", why: why, affects: [pair.coachee]),
                occurredAt: instant.timestamp), pair.by(pair.coach))
    }

    func revise(
        _ pair: Pair, _ decision: Decision, _ what: String, why: String, by person: String, at instant: Instant
    ) async throws -> Decision {
        try await pair.service.reviseDecision(
            ReviseDecisionRequest(
                name: decision.name, decision: Decision(what: what, why: why), occurredAt: instant.timestamp),
            pair.by(person))
    }

    @Test func aRevisionKeepsWhatWasSaidAndGivesNotice() async throws {
        let pair = try await Pair.active(importing: true)
        let first = try await decide(pair, why: "fairness", at: day(1))
        #expect(
            await refusal { try await revise(pair, first, "x", why: "y", by: pair.coachee, at: day(2)) }
                == "ROLE_FORBIDDEN")
        #expect(
            await refusal { try await revise(pair, first, "territory", why: "fairness", by: pair.coach, at: day(2)) }
                == "INVALID_FIELD", "nothing new")
        #expect(
            await refusal { try await revise(pair, first, "territory", why: "", by: pair.coach, at: day(2)) }
                == "INVALID_FIELD", "a reason is not taken back")
        let second = try await revise(pair, first, "half the territory", why: "balance", by: pair.coach, at: day(2))
        #expect(second.name == first.name && second.revision == 2 && second.explainTime == first.explainTime)
        #expect(second.earlier.map(\.what) == ["territory"] && second.earlier.map(\.why) == ["fairness"])
        #expect(
            try await pair.events("decision.") == [
                Fact("decision.recorded.v1", day(1)), Fact("decision.explained.v1", day(1)),
                Fact("decision.revised.v1", day(2)),
            ], "one decision is explained once")
    }

    @Test func aRevisionMayBringTheReasonInTime() async throws {
        let pair = try await Pair.active(importing: true)
        let first = try await decide(pair, at: day(1))
        _ = try await revise(pair, first, "territory", why: "balance", by: pair.coach, at: day(3))
        try await pair.reach(day(10))
        #expect(
            try await pair.events("decision.").suffix(2) == [
                Fact("decision.revised.v1", day(3)), Fact("decision.explained.v1", day(3)),
            ])
    }

    @Test func aNoWithinSevenDaysTakesTheExplanationBack() async throws {
        let pair = try await Pair.active(importing: true)
        let decision = try await decide(pair, why: "because", at: day(1))
        func answer(_ word: Decision.KnowWhy, by person: String, at instant: Instant) async throws -> Decision {
            try await pair.service.answerKnowWhy(
                AnswerKnowWhyRequest(name: decision.name, knowWhy: word, occurredAt: instant.timestamp),
                pair.by(person))
        }
        #expect(await refusal { try await answer(.no, by: pair.coach, at: day(2)) } == "ROLE_FORBIDDEN")
        #expect(await refusal { try await answer(.no, by: pair.coachee, at: day(8).next) } == "WRONG_STATE")
        #expect(try await answer(.yes, by: pair.coachee, at: day(2)).knowWhy == .yes)
        #expect(try await answer(.no, by: pair.coachee, at: day(8)).knowWhy == .no)
        #expect(await refusal { try await answer(.yes, by: pair.coachee, at: day(8)) } == "WRONG_STATE", "final")
        #expect(
            try await pair.events("decision.").suffix(2) == [
                Fact("decision.explained.v1", day(1)), Fact("decision.unexplained.v1", day(8)),
            ])
        guard case .decisionChanged(let payload) = try await pair.lastEvent("decision.unexplained.v1")?.payload else {
            throw Refusal.notFound("payload")
        }
        #expect(payload.knowWhyDenied && payload.affectsTrustor && payload.authorRole == .trustee)
    }

    @Test func whatIsUnexplainedIsNotDeniedAsWell() async throws {
        let pair = try await Pair.active(importing: true)
        let decision = try await decide(pair, at: day(1))
        let answer = { (instant: Instant) in
            AnswerKnowWhyRequest(name: decision.name, knowWhy: .no, occurredAt: instant.timestamp)
        }
        #expect(
            await refusal { try await pair.service.answerKnowWhy(answer(day(2)), pair.by(pair.coachee)) }
                == "WRONG_STATE")
        _ = try await pair.service.explainDecision(
            ExplainDecisionRequest(name: decision.name, why: "late", occurredAt: day(5).timestamp), pair.by(pair.coach)
        )
        _ = try await pair.service.answerKnowWhy(answer(day(6)), pair.by(pair.coachee))
        #expect(
            try await pair.events("decision.unexplained") == [Fact("decision.unexplained.v1", day(3))],
            "the silence has counted already")
    }

    // MARK: Notes

    func write(_ pair: Pair, _ level: Note.Level, by person: String) async throws -> Note {
        try await pair.service.createNote(
            CreateNoteRequest(parent: pair.name, note: Note(level: level, body: "remember")), pair.by(person))
    }

    func notes(_ pair: Pair, _ reader: String, deleted: Bool = false) async throws -> [Note] {
        try await pair.service.listNotes(
            ListNotesRequest(parent: pair.name, showDeleted: deleted), pair.by(reader)
        ).notes
    }

    @Test func aNoteForOneselfIsForNobodyElse() async throws {
        let pair = try await Pair.active()
        let own = try await write(pair, .`self`, by: pair.coach)
        let shared = try await write(pair, .pair, by: pair.coach)
        #expect(try await notes(pair, pair.coach) == [own, shared])
        #expect(try await notes(pair, pair.coachee) == [shared])
        let get = GetNoteRequest(name: own.name)
        #expect(await refusal { try await pair.service.getNote(get, pair.by(pair.coachee)) } == "NOT_FOUND")
        #expect(
            await refusal { try await pair.service.getNote(get, pair.host.context(service: "goals")) } == "NOT_FOUND")
        for context in [pair.admin, pair.by(pair.person("other"))] {
            #expect(await refusal { try await pair.service.getNote(get, context) } == "NOT_PARTY")
        }
        let filtered = try await pair.service.listNotes(
            ListNotesRequest(parent: pair.name, filter: "body = \"remember\" AND level = SELF"), pair.by(pair.coachee))
        #expect(filtered.notes.isEmpty)
        #expect(await refusal { try await write(pair, .unspecified, by: pair.coach) } == "INVALID_FIELD")
        #expect(try await pair.host.events().allSatisfy { !"\($0)".contains("remember") })
    }

    @Test func theAuthorAloneChangesTextAndLevel() async throws {
        let pair = try await Pair.active()
        let own = try await write(pair, .`self`, by: pair.coach)
        func update(_ patch: Note, _ paths: [String], by person: String) async throws -> Note {
            var patch = patch
            patch.name = own.name
            return try await pair.service.updateNote(
                UpdateNoteRequest(note: patch, updateMask: .init(paths: paths)), pair.by(person))
        }
        #expect(await refusal { try await update(Note(body: "x"), ["body"], by: pair.coachee) } == "NOT_FOUND")
        #expect(try await update(Note(level: .pair), ["level"], by: pair.coach).level == .pair)
        #expect(try await notes(pair, pair.coachee).map(\.body) == ["remember"])
        #expect(await refusal { try await update(Note(body: "x"), ["body"], by: pair.coachee) } == "ROLE_FORBIDDEN")
        #expect(await refusal { try await update(Note(), ["body"], by: pair.coach) } == "INVALID_FIELD")
        #expect(await refusal { try await update(Note(author: "x"), ["author"], by: pair.coach) } == "BAD_MASK")
    }

    @Test func aDeletedNoteComesBackWithinThirtyDays() async throws {
        let pair = try await Pair.active()
        let note = try await write(pair, .pair, by: pair.coach)
        let delete = DeleteNoteRequest(name: note.name)
        #expect(await refusal { try await pair.service.deleteNote(delete, pair.by(pair.coachee)) } == "ROLE_FORBIDDEN")
        #expect(try await pair.service.deleteNote(delete, pair.by(pair.coach)).isDeleted)
        #expect(try await notes(pair, pair.coach).isEmpty)
        #expect(try await notes(pair, pair.coach, deleted: true).count == 1)
        #expect(try await notes(pair, pair.coachee, deleted: true).isEmpty)
        let undelete = UndeleteNoteRequest(name: note.name)
        #expect(
            await refusal { try await pair.service.undeleteNote(undelete, pair.by(pair.coachee)) } == "NOT_FOUND")
        _ = try await pair.service.undeleteNote(undelete, pair.by(pair.coach))
        #expect(try await notes(pair, pair.coachee).count == 1)
        _ = try await pair.service.deleteNote(delete, pair.by(pair.coach))
        try await pair.host.advance(days: 31)
        #expect(try await notes(pair, pair.coach, deleted: true).isEmpty)
        #expect(
            await refusal { try await pair.service.undeleteNote(undelete, pair.by(pair.coach)) } == "NOT_FOUND")
    }

    @Test func notesGoWhenTheRetentionOfTheProgrammeIsOver() async throws {
        let pair = try await Pair.active()
        _ = try await pair.service.updateProgramme(
            UpdateProgrammeRequest(
                programme: Programme(name: pair.programme, retentionDays: 60),
                updateMask: .init(paths: ["retention_days"])), pair.admin)
        _ = try await write(pair, .`self`, by: pair.coach)
        let deleted = try await write(pair, .pair, by: pair.coach)
        for person in [pair.coach, pair.coachee] {
            _ = try await pair.service.endRelationship(EndRelationshipRequest(name: pair.name), pair.by(person))
        }
        try await pair.host.advance(days: 59)
        _ = try await pair.service.deleteNote(DeleteNoteRequest(name: deleted.name), pair.by(pair.coach))
        #expect(try await notes(pair, pair.coach, deleted: true).count == 2)
        try await pair.host.advance(days: 1)
        #expect(try await notes(pair, pair.coach, deleted: true).isEmpty)
        try await pair.host.advance(days: 60)
    }

    // MARK: Reflections

    func reflect(
        _ pair: Pair, by person: String, actions: [String] = [], at instant: Instant
    ) async throws -> Schema.Reflection {
        try await pair.service.submitReflection(
            SubmitReflectionRequest(
                parent: pair.name,
                reflection: Schema.Reflection(
                    answers: [.init(question: "What helped?", text: "candour")], actions: actions),
                occurredAt: pair.at(instant)), pair.by(person))
    }

    func reflections(_ pair: Pair, _ reader: String) async throws -> [Schema.Reflection] {
        try await pair.service.listReflections(ListReflectionsRequest(parent: pair.name), pair.by(reader)).reflections
    }

    @Test func reflectionsAreBlindUntilBothHaveReflected() async throws {
        let pair = try await Pair.active(importing: true)
        let promise = try await pair.agreed(pair.coach, due: day(20), at: day(0))
        let first = try await reflect(pair, by: pair.coach, actions: [promise], at: day(1))
        #expect(!first.isRevealed)
        #expect(try await reflections(pair, pair.coach).count == 1)
        #expect(try await reflections(pair, pair.coachee).isEmpty)
        let get = GetReflectionRequest(name: first.name)
        #expect(await refusal { try await pair.service.getReflection(get, pair.by(pair.coachee)) } == "NOT_FOUND")
        #expect(
            await refusal { try await reflect(pair, by: pair.coach, at: day(2)) } == "WRONG_STATE", "once a round")
        #expect(try await pair.events("reflection.").isEmpty)
        let second = try await reflect(pair, by: pair.coachee, actions: [promise], at: day(3))
        #expect(second.revealTime == day(3).timestamp)
        for reader in [pair.coach, pair.coachee] {
            #expect(try await reflections(pair, reader).map(\.party) == [pair.coach, pair.coachee])
        }
        guard case .reflectionCompleted(let payload) = try await pair.lastEvent("reflection.completed.v1")?.payload
        else { throw Refusal.notFound("payload") }
        #expect(
            payload
                == ReflectionCompleted(
                    reflection: first.name, byTrustor: true, byTrustee: true, actions: [promise]))
        try await pair.reach(day(30))
        #expect(try await pair.events("reflection.") == [Fact("reflection.completed.v1", day(3))])
    }

    @Test func oneWhoReflectsAloneIsReadAfterAWeek() async throws {
        let pair = try await Pair.active(importing: true)
        _ = try await reflect(pair, by: pair.coachee, at: day(1))
        try await pair.reach(day(8))
        #expect(try await reflections(pair, pair.coach).isEmpty)
        try await pair.reach(day(8).next)
        #expect(try await reflections(pair, pair.coach).map(\.revealTime) == [day(8).timestamp])
        guard case .reflectionCompleted(let payload) = try await pair.lastEvent("reflection.completed.v1")?.payload
        else { throw Refusal.notFound("payload") }
        #expect(payload.byTrustor && !payload.byTrustee)
        #expect(try await !reflect(pair, by: pair.coach, at: day(9)).isRevealed, "a new round")
    }

    @Test func actionsAreCommitmentsOfThePair() async throws {
        let pair = try await Pair.active(importing: true)
        for (action, reason) in [
            ("\(pair.name)/commitments/0193aaaa-0000-7000-8000-00000000000b", "NOT_FOUND"),
            ("organizations/acme/relationships/else/commitments/1", "INVALID_FIELD"), ("x", "INVALID_FIELD"),
        ] {
            #expect(
                await refusal { try await reflect(pair, by: pair.coach, actions: [action], at: day(1)) } == reason)
        }
    }

    // MARK: Changes of context

    func change(_ pair: Pair, effective: Instant? = nil, at instant: Instant) async throws -> ContextChange {
        try await pair.service.recordContextChange(
            RecordContextChangeRequest(
                parent: pair.name,
                contextChange: ContextChange(
                    type: .market, effectiveTime: effective?.timestamp, effect: "recall", external: true),
                occurredAt: instant.timestamp), pair.by(pair.coachee))
    }

    func ignore(_ pair: Pair, _ change: ContextChange, by person: String, at instant: Instant) async throws {
        _ = try await pair.service.reportContextIgnored(
            ReportContextIgnoredRequest(name: change.name, occurredAt: instant.timestamp), pair.by(person))
    }

    @Test func whatNothingFollowedFromIsReportedAfterTwoWeeks() async throws {
        let pair = try await Pair.active(importing: true)
        let change = try await change(pair, effective: day(0), at: day(1))
        #expect(
            await refusal { try await ignore(pair, change, by: pair.coachee, at: day(15).adding(microseconds: -1)) }
                == "WRONG_STATE", "the coach knows of it since day 1")
        #expect(await refusal { try await ignore(pair, change, by: pair.coach, at: day(15)) } == "ROLE_FORBIDDEN")
        try await ignore(pair, change, by: pair.coachee, at: day(15))
        #expect(
            await refusal { try await ignore(pair, change, by: pair.coachee, at: day(16)) } == "WRONG_STATE", "once")
        #expect(try await pair.events("context.ignored") == [Fact("context.ignored.v1", day(15))])
    }

    @Test func anAnswerThatGoalsTellsOfForbidsTheReport() async throws {
        let pair = try await Pair.active(importing: true)
        let supported = try await change(pair, at: day(1))
        let revised = try await change(pair, at: day(1))
        let untouched = try await change(pair, at: day(1))
        let events = [
            Event(
                type: "support.planned.v1", relationship: pair.name, actorRole: .trustee,
                payload: .supportPlanned(SupportPlanned(contextChange: supported.name, firstAdaptation: true))),
            Event(
                type: "support.planned.v1", relationship: pair.name, actorRole: .trustor,
                payload: .supportPlanned(SupportPlanned(contextChange: untouched.name))),
            Event(
                type: "goal.revised.v1", relationship: pair.name, actorRole: .trustor,
                payload: .revisionChanged(RevisionChanged(noChange: true, contextChange: revised.name))),
        ]
        try await pair.host.runtime.database.write { [service = pair.service] transaction in
            for event in events { try service.apply(event, from: "goals", in: transaction) }
        }
        for answered in [supported, revised] {
            #expect(
                await refusal { try await ignore(pair, answered, by: pair.coachee, at: day(20)) } == "WRONG_STATE")
        }
        #expect(await refusal { try await ignore(pair, untouched, by: pair.coachee, at: day(20)) } == nil)
        try await pair.host.runtime.database.write { [service = pair.service] in
            try service.forget("goals", in: $0)
        }
        #expect(await refusal { try await ignore(pair, supported, by: pair.coachee, at: day(20)) } == nil)
    }
}
