import RPC
import Schema
import ServiceKit
import Standard
import Testing
import TrustModel

@testable import TrustScoring

/// Numbers with noise, and what they cost (docs/domain.md §5.3).
@Suite struct RollupExportTests {
    /// Draws the same numbers in every export.
    private struct Fixed: RandomNumberGenerator {
        var state: UInt64 = 7

        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state ^ (state >> 31)
        }
    }

    private func published() async throws -> RollupOrganization {
        let acme = try await RollupOrganization(noise: { Fixed() })
        try await acme.settle()
        try await acme.publish()
        return acme
    }

    private func request(
        _ acme: RollupOrganization, _ units: [String], epsilon: Double, id: String = ""
    ) async throws -> ExportRollupRequest {
        let cells = try await acme.cells()
        return ExportRollupRequest(
            name: acme.rollupName(), cells: units.compactMap { unit in cells.first { $0.unit == unit }?.name },
            epsilon: epsilon, requestId: id)
    }

    @Test func stateEpsilonCountAndInterval() async throws {
        let acme = try await published()
        let export = try await acme.service.exportRollup(
            try await request(acme, ["", "Eng"], epsilon: 0.5), acme.administrator)
        #expect(export.epsilon == 1 && export.epsilonLeft == 1 && export.quarter == "2026-Q3")
        let root = try #require(export.cells.first)
        #expect(root.coacheeCount == 47 && root.epsilon == 0.5)
        let interval = try #require(root.trustInterval)
        // Half of ε for each number: b = 1/(47 · 0.25), 95 % within b ln 20.
        #expect(near(interval.upper - root.trustMean, 2.995732 / (47 * 0.25)) || interval.upper == 1)
        let own = try #require(try await acme.cell("").value(.trustLevel))
        #expect(root.trustMean != own, "noise was added")
        #expect((0...1).contains(root.trustMean))
    }

    @Test func theBudgetOfAQuarterIsSpentOnceAndForGood() async throws {
        let acme = try await published()
        let one = try await request(acme, [""], epsilon: 1.5)
        _ = try await acme.service.exportRollup(one, acme.administrator)
        #expect(await reason { try await acme.service.exportRollup(one, acme.administrator) } == "PRIVACY_BUDGET")
        // A restart forgets nothing.
        let again = acme.restarted()
        let rest = try await request(again, [""], epsilon: 0.6)
        #expect(await reason { try await again.service.exportRollup(rest, again.administrator) } == "PRIVACY_BUDGET")
        let small = try await request(again, [""], epsilon: 0.5)
        #expect(try await again.service.exportRollup(small, again.administrator).epsilonLeft == 0)
        // The next quarter has a budget of its own.
        again.set(now: 123)
        #expect(try await again.service.exportRollup(small, again.administrator).quarter == "2026-Q4")
    }

    @Test func aRepeatedRequestGetsWhatWasDrawnAndCostsNothing() async throws {
        let acme = try await published()
        let once = try await request(acme, [""], epsilon: 1.5, id: "6a6f0dbf-5f61-4a0a-8c1a-6b8c86a1c1d1")
        let export = try await acme.service.exportRollup(once, acme.administrator)
        #expect(try await acme.service.exportRollup(once, acme.administrator) == export)
        #expect(
            try await acme.service.getRollupExport(GetRollupExportRequest(name: export.name), acme.administrator)
                == export)
        let all = try await acme.service.listRollupExports(
            ListRollupExportsRequest(parent: acme.rollupName()), acme.auditor)
        #expect(all.rollupExports == [export])
    }

    @Test func suppressedCellsAreNotExportedAndCostNothing() async throws {
        let acme = try await published()
        let hidden = try await request(acme, ["Ops"], epsilon: 2)
        #expect(await reason { try await acme.service.exportRollup(hidden, acme.administrator) } == "SUPPRESSED")
        let shown = try await request(acme, [""], epsilon: 2)
        #expect(await reason { try await acme.service.exportRollup(shown, acme.administrator) } == nil)
    }

    @Test func whoMayExportAndWhat() async throws {
        let acme = try await published()
        let fine = try await request(acme, [""], epsilon: 0.1)
        for (context, expected) in [(acme.somebody, "ROLE_FORBIDDEN"), (acme.auditor, "ROLE_FORBIDDEN")] {
            #expect(await reason { try await acme.service.exportRollup(fine, context) } == expected)
        }
        func refused(_ change: (inout ExportRollupRequest) -> Void) async -> String? {
            var request = fine
            change(&request)
            return await reason { [request] in try await acme.service.exportRollup(request, acme.administrator) }
        }
        for epsilon in [0, -1, 2.5, .nan] { #expect(await refused { $0.epsilon = epsilon } == "INVALID_FIELD") }
        #expect(await refused { $0.cells = [] } == "INVALID_FIELD")
        #expect(await refused { $0.cells += $0.cells } == "INVALID_FIELD")
        #expect(await refused { $0.cells = [acme.rollupName("2026-01") + "/cells/c000000"] } == "INVALID_FIELD")
        #expect(await refused { $0.etag = "\"99\"" } == "ETAG_MISMATCH")
        #expect(await refused { $0.name = acme.rollupName("2026-01") } == "NOT_FOUND")
        let list = ListRollupExportsRequest(parent: acme.rollupName())
        #expect(await reason { try await acme.service.listRollupExports(list, acme.somebody) } == "ROLE_FORBIDDEN")
    }
}
