import RPC
import Schema
import ServiceKit
import Storage
import Testing
import TrustModel

@testable import TrustScoring

/// Roll-ups are kept for 60 months (docs/domain.md §6.10).
@Suite struct RollupRetentionTests {
    /// August 2026 with twelve people; September and October with one more, so that August's numbers are repeated.
    private func threeMonths() async throws -> RollupOrganization {
        let acme = try await RollupOrganization()
        for number in 0..<12 { try await join(acme, number) }
        try await acme.publish()
        acme.set(now: 123)
        try await join(acme, 12)
        try await acme.publish()
        acme.set(now: 154)
        try await acme.publish()
        return acme
    }

    private func join(_ acme: RollupOrganization, _ number: Int) async throws {
        try await acme.place("p\(number)", in: "A")
        try await acme.pair("p\(number)", "c\(number)")
    }

    /// Until a day, with all that falls due.
    private func live(_ acme: RollupOrganization, until instant: TrustModel.Instant) async throws {
        try await acme.host.advance(microseconds: instant.microseconds - acme.host.clock.now.microseconds)
    }

    private func stored(_ acme: RollupOrganization, _ month: String) async throws -> [RollupCell] {
        try await acme.host.runtime.database.read {
            try RollupTables.allCells(of: ResourceName(acme.rollupName(month), RollupTables.Form.rollups), in: $0)
        }
    }

    @Test("A roll-up goes 60 months after its end; its hashes stay, and the chain still holds")
    func theChainHolds() async throws {
        let acme = try await threeMonths()
        let before = try await acme.service.verifyRollups(
            VerifyRollupsRequest(parent: RollupOrganization.name), acme.auditor)
        #expect(before.rollupCount == 3 && before.removedCount == 0)
        let end = RollupRetention.end(of: try #require(RollupMonth("2026-08")))
        #expect(end == RollupMonth("2031-08")?.end)
        try await live(acme, until: end.advanced(byHours: -1))
        #expect(try await acme.cells().count == 2)
        try await live(acme, until: end)
        let get = GetRollupRequest(name: acme.rollupName())
        #expect(await reason { try await acme.service.getRollup(get, acme.administrator) } == "NOT_FOUND")
        #expect(await reason { try await acme.cells() } == "NOT_PARTY")
        let after = try await acme.service.verifyRollups(
            VerifyRollupsRequest(parent: RollupOrganization.name), acme.auditor)
        #expect(after.rollupCount == 3 && after.removedCount == 1 && after.headHash == before.headHash)

        try await acme.host.runtime.database.write { transaction in
            _ = try transaction.execute("UPDATE rollup_link SET hash = 'x'")
        }
        #expect(await reason { try await acme.verified() } == "CHAIN_BROKEN")
    }

    @Test("What later months still repeat and compare with stays until nothing does") func whatRulesNeed() async throws
    {
        let acme = try await threeMonths()
        try await live(acme, until: RollupRetention.end(of: try #require(RollupMonth("2026-08"))))
        #expect(try await stored(acme, "2026-08").count == 2, "the last numbers of both cells")
        try await acme.publish()
        let repeated = try await acme.cell("A", month: "2031-08")
        #expect(repeated.coacheeCount?.value == 12, "13 are too near to the 12 of five years ago")
        #expect(try repeated.figure(.insufficientShare).asOf == day(92).timestamp)
        #expect(try await acme.verified() == 4)

        for number in 13..<18 { try await join(acme, number) }
        try await live(acme, until: try #require(RollupMonth("2031-09")).end.advanced(byHours: -1))
        #expect(
            try await acme.service.listRollups(
                ListRollupsRequest(parent: RollupOrganization.name), acme.administrator
            ).rollups.count == 3, "the next goes in an hour")
        try await live(acme, until: try #require(RollupMonth("2031-09")).end)
        try await acme.publish()
        #expect(try await acme.cell("A", month: "2031-09").coacheeCount?.value == 18)
        // What nothing repeats any more goes with the next roll-up whose time is over.
        try await live(acme, until: RollupRetention.end(of: try #require(RollupMonth("2026-10"))))
        let scored =
            try await acme.host.runtime.database.read { try RollupTables.records(of: RollupOrganization.name, in: $0) }
            .first { $0.month.description == "2026-08" }?.shown[.active] ?? []
        #expect(scored.isEmpty)
        let audits = try await acme.host.runtime.database.read {
            try $0.query(
                "SELECT length(audit) FROM rollup_record WHERE month < ?", [Value(RollupMonth("2027-01")?.number ?? 0)]
            )
            .map { try $0.int(0) }
        }
        #expect(audits.allSatisfy { $0 == 0 }, "the proof goes with the roll-up")
        #expect(try await acme.verified() == 5)
    }

    @Test func exportsAndBasesGoAsWell() async throws {
        let acme = try await threeMonths()
        let cell = try await acme.cell("A")
        _ = try await acme.service.exportRollup(
            ExportRollupRequest(name: acme.rollupName(), cells: [cell.name], epsilon: 0.5), acme.administrator)
        try await live(acme, until: RollupRetention.end(of: try #require(RollupMonth("2026-08"))))
        let left = try await acme.host.runtime.database.read { snapshot in
            try ["rollup_export", "association_report"].map {
                try snapshot.first("SELECT count(*) FROM \($0)")?.int(0)
            } + [
                try snapshot.first("SELECT count(*) FROM rollup_private WHERE cell LIKE '%2026-08%'")?.int(0)
            ]
        }
        #expect(left == [0, 0, 0])
    }

    @Test func monthsThatWouldBeGoneAreNotMade() async throws {
        let acme = try await RollupOrganization()
        let old = PublishRollupRequest(parent: RollupOrganization.name, month: "2021-08")
        #expect(await reason { try await acme.service.publishRollup(old, acme.administrator) } == "INVALID_FIELD")
        let young = PublishRollupRequest(parent: RollupOrganization.name, month: "2021-09")
        #expect(await reason { try await acme.service.publishRollup(young, acme.administrator) } == nil)
    }
}
