import Schema
import ServiceKit
import Testing

@testable import Relationships

/// What goes when, after the end (docs/domain.md §6.10).
@Suite struct RetentionTests {
    func items(_ pair: Pair) async throws -> [RetentionItem] {
        try await pair.service.listRetentionItems(
            ListRetentionItemsRequest(parent: pair.organization), pair.officer
        ).retentionItems
    }

    func hasEnded(_ data: RetainedData, _ pair: Pair) async throws -> Bool {
        try await pair.host.events().contains { $0.payload == .retentionEnded(RetentionEnded(data: data)) }
    }

    func notes(_ pair: Pair) async throws -> Int {
        try await pair.service.listNotes(ListNotesRequest(parent: pair.name), pair.by(pair.coach)).notes.count
    }

    @Test func notesTwelveMonthsEvidenceTwentyFourAuditThirtySix() async throws {
        let pair = try await Pair.active()
        let note = try await pair.note(.pair, "hard to say", by: pair.coachee)
        _ = try await pair.read(note, by: pair.coach)
        #expect(try await items(pair).isEmpty)
        try await pair.end()
        #expect(try await items(pair).map(\.data) == [.notes, .evidence, .audit])
        try await pair.host.advance(days: 364)
        #expect(try await notes(pair) > 0)
        try await pair.host.advance(days: 1)
        #expect(try await notes(pair) == 0)
        #expect(try await items(pair).map(\.data) == [.evidence, .audit])
        try await pair.host.advance(days: 364)
        #expect(try await !hasEnded(.evidence, pair))
        try await pair.host.advance(days: 1)
        #expect(try await hasEnded(.evidence, pair))
        #expect(try await pair.audit().contains { $0.resource == note.name })
        try await pair.host.advance(days: 365)
        #expect(try await hasEnded(.audit, pair))
        let entries = try await pair.audit()
        #expect(!entries.contains { $0.resource == note.name } && entries.contains { $0.removed })
        #expect(try await items(pair).isEmpty)
        // The chain still holds.
        #expect(try await AuditTests().verify(pair).removedCount > 0)
    }

    @Test func whatIsHeldStaysUntilItIsReleased() async throws {
        let pair = try await Pair.active()
        _ = try await pair.note(.pair, "hard to say", by: pair.coachee)
        try await pair.end()
        let hold = try await pair.hold(pair.coach)
        #expect(try await items(pair).allSatisfy(\.held))
        try await pair.host.advance(days: 400)
        #expect(try await notes(pair) > 0)
        #expect(try await items(pair).map(\.data) == [.notes, .evidence, .audit])
        _ = try await pair.release(hold)
        try await pair.host.advance(microseconds: 1)
        #expect(try await notes(pair) == 0)
        #expect(try await items(pair).map(\.data) == [.evidence, .audit])
    }

    /// As a program of before has left it: notes have their duty, evidence and audit entries have none.
    private func endedEarlier(_ pair: Pair) async throws {
        try await pair.end()
        try await pair.host.runtime.database.write { transaction in
            for table in ["retention_item", "retention_of_earlier_ends"] {
                try transaction.execute("DELETE FROM \(table)")
            }
        }
        try await pair.host.runtime.act(as: "test", in: pair.organization) { change in
            for kind in [DutyKind.evidenceRetentionEnds, .auditRetentionEnds] {
                try change.cancel(kind, for: pair.name)
            }
        }
    }

    @Test("What had ended before a program with retention ran is kept as long as what ends today") func earlierEnds()
        async throws
    {
        let pair = try await Pair.active()
        let note = try await pair.note(.pair, "hard to say", by: pair.coachee)
        _ = try await pair.read(note, by: pair.coach)
        try await endedEarlier(pair)
        try await pair.host.advance(days: 700)
        #expect(try await items(pair).isEmpty)
        try await EarlierEnds(runtime: pair.host.runtime).run()
        // The time of the notes is over, and so it is told; the others' counts from the end.
        try await pair.host.advance(microseconds: 1)
        #expect(try await items(pair).map(\.data) == [.evidence, .audit])
        #expect(try await !hasEnded(.evidence, pair))
        try await pair.host.advance(days: 30)
        #expect(try await hasEnded(.evidence, pair))
        try await pair.host.advance(days: 365)
        #expect(try await hasEnded(.audit, pair))
        #expect(try await !pair.audit().contains { $0.resource == note.name })
    }

    @Test func aTimeThatRunsAlreadyRunsOn() async throws {
        let pair = try await Pair.active()
        try await endedEarlier(pair)
        _ = try await pair.service.updateProgramme(
            UpdateProgrammeRequest(
                programme: Programme(name: pair.programme, retentionDays: 30),
                updateMask: .init(paths: ["retention_days"])), pair.admin)
        try await EarlierEnds(runtime: pair.host.runtime).run()
        let due = try await items(pair)
        #expect(due.map(\.data) == [.notes, .evidence, .audit])
        #expect(try Instant(#require(due.first?.removeTime)) > pair.host.clock.now.adding(days: 300))
    }

    @Test func itIsLookedForOnceInTheLifeOfADatabase() async throws {
        let pair = try await Pair.active()
        try await endedEarlier(pair)
        try await EarlierEnds(runtime: pair.host.runtime).run()
        try await pair.host.runtime.database.write { try $0.execute("DELETE FROM retention_item") }
        try await EarlierEnds(runtime: pair.host.runtime).run()
        #expect(try await items(pair).isEmpty)
    }

    @Test func aRunningProgrammeOnlyKeepsShorter() throws {
        let programme = try Programme.created(
            Programme(displayName: "Sales", kind: .coaching, evidenceRetentionMonths: 12),
            name: "organizations/acme/programmes/sales")
        #expect(programme.keptEvidenceMonths == 12 && programme.keptAuditMonths == 36)
        var longer = programme
        longer.evidenceRetentionMonths = 13
        #expect(refusal { _ = try programme.updated(by: longer, at: dayZero) } == "WRONG_STATE")
        var shorter = programme
        shorter.auditRetentionMonths = 6
        #expect(try programme.updated(by: shorter, at: dayZero).keptAuditMonths == 6)
        for (evidence, audit) in [(25, 36), (24, 37), (-1, 36)] as [(Int32, Int32)] {
            var wrong = programme
            wrong.evidenceRetentionMonths = evidence
            wrong.auditRetentionMonths = audit
            #expect(refusal { _ = try Programme.created(wrong, name: programme.name) } == "INVALID_FIELD")
        }
    }
}
