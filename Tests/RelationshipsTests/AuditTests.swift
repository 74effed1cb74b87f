import Schema
import Storage
import Testing

@testable import Relationships
@testable import ServiceKit

/// Who did what, hash-chained (docs/domain.md §6.9, §6.10).
@Suite struct AuditTests {
    func verify(_ pair: Pair) async throws -> VerifyAuditChainResponse {
        try await Audit(runtime: pair.host.runtime).verifyAuditChain(
            VerifyAuditChainRequest(name: "\(pair.organization)/auditChains/relationships"), pair.auditor)
    }

    @Test func aReadingOfTheOtherOnesNoteIsAnEntryOnceADay() async throws {
        let pair = try await Pair.active()
        let note = try await pair.note(.pair, "hard to say", by: pair.coachee)
        for _ in 0..<3 { _ = try await pair.read(note, by: pair.coach) }
        _ = try await pair.read(note, by: pair.coachee)
        let entries = try await pair.audit().filter { $0.action == "resource.read" }
        #expect(entries.map(\.resource) == [note.name] && entries.map(\.actor) == [pair.coach])
        #expect(entries.map(\.people) == [[pair.coachee]] && entries.map(\.purpose) == ["coaching"])
        // Those whom it is about read it, and nobody else without the purpose.
        #expect(try await pair.audit(by: pair.by(pair.coachee)).map(\.resource).contains(note.name))
        #expect(try await pair.audit(by: pair.by(pair.coach)).isEmpty)
        #expect(try await pair.audit(by: pair.by(pair.person("lead"))).isEmpty)
    }

    @Test func actsOfOversightAreEntries() async throws {
        let pair = try await Pair.active()
        let hold = try await pair.hold(pair.coachee)
        _ = try await pair.release(hold)
        _ = try await pair.service.updateProgramme(
            UpdateProgrammeRequest(
                programme: Programme(name: pair.programme, minimumGroupSize: 6),
                updateMask: .init(paths: ["minimum_group_size"])), pair.admin)
        _ = try await pair.service.exportData(ExportDataRequest(name: pair.coachee), pair.officer)
        let sealed = try await pair.note(.sealed, "no", by: pair.coachee)
        let share = CreateSharingRequestRequest(
            parent: pair.name,
            sharingRequest: SharingRequest(
                recipient: pair.person("lead"), purpose: "to know", items: [.init(resource: sealed.name)]))
        #expect(
            await refusal { try await pair.service.createSharingRequest(share, pair.by(pair.coachee)) }
                == "LEVEL_FORBIDDEN")
        try await pair.erase(pair.coachee)
        let entries = try await pair.audit()
        #expect(
            entries.map(\.action) == [
                "legal_hold.created", "legal_hold.released", "policy.changed", "export.requested", "sharing.refused",
                "person.erased",
            ])
        #expect(entries.filter { $0.decision == .refused }.map(\.resource) == [sealed.name])
        #expect(try await verify(pair).entryCount == 6)
    }

    @Test("A changed, a missing and a moved entry are named", arguments: [1, 2, 3])
    func theFirstBrokenEntryIsNamed(number: Int64) async throws {
        let pair = try await Pair.active()
        for _ in 0..<3 { _ = try await pair.hold(pair.coachee) }
        #expect(try await verify(pair).entryCount == 3)
        let content = try await pair.host.runtime.database.read { snapshot in
            try #require(
                try snapshot.first("SELECT content FROM audit_entry WHERE sequence = ?", [.integer(number)])
            ).blob(0)
        }
        for flipped in [0, content.count / 2, content.count - 1] {
            var bytes = content
            bytes[flipped] ^= 1
            try await pair.host.runtime.database.write { [bytes] in
                try $0.execute(
                    "UPDATE audit_entry SET content = ? WHERE sequence = ?", [.blob(bytes), .integer(number)])
            }
            do {
                _ = try await verify(pair)
                Issue.record("byte \(flipped) of entry \(number) was not missed")
            } catch let refusal as Refusal {
                #expect(refusal.reason == "CHAIN_BROKEN" && refusal.code == .dataLoss)
                #expect(refusal.message.contains("/entries/\(number) "))
            }
        }
        try await pair.host.runtime.database.write {
            try $0.execute("DELETE FROM audit_entry WHERE sequence = ?", [.integer(number)])
        }
        // The last one is missed by whoever has kept the head.
        if number < 3 {
            #expect(await refusal { try await verify(pair) } == "CHAIN_BROKEN")
        } else {
            #expect(try await verify(pair).entryCount == 2)
        }
    }

    @Test func theChainIsForAuditorsAlone() async throws {
        let pair = try await Pair.active()
        for context in [pair.by(pair.coach), pair.admin] {
            #expect(
                await refusal {
                    try await Audit(runtime: pair.host.runtime).verifyAuditChain(
                        VerifyAuditChainRequest(name: "\(pair.organization)/auditChains/relationships"), context)
                } == "PURPOSE_MISSING")
        }
        #expect(
            await refusal {
                try await Audit(runtime: pair.host.runtime).listAuditEntries(
                    ListAuditEntriesRequest(parent: "organizations/other/auditChains/relationships"), pair.auditor)
            } == "NOT_PARTY")
    }
}
