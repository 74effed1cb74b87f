import RPC
import Schema
import ServiceKit
import Standard
import Storage
import Testing
import TrustModel

@testable import TrustScoring

/// What an organisation learns, and who of it (docs/domain.md §5, §6.9).
@Suite struct RollupTests {
    @Test("S44 and K5, golden G-29: a cell of four is hidden with its complement") func goldenG29ThroughTheService()
        async throws
    {
        let acme = try await RollupOrganization()
        try await acme.settle()
        let rollup = try await acme.publish()
        #expect(rollup.state == .published && rollup.progressPercent == 100)
        #expect(rollup.name == acme.rollupName() && rollup.endTime == day(92).timestamp)
        #expect(rollup.sequence == 1 && rollup.previousHash.isEmpty && rollup.hash.count == 64)

        let cells = try await acme.cells()
        #expect(Int(rollup.cellCount) == cells.count)
        #expect(
            cells.map(\.unit) == [
                "", "Coaches", "Eng", "Eng/A", "Eng/B", "Fin", "HR", "Ops", "Sales", "Sales/Key", "Sales/N", "Sales/S",
            ], "all of the tree, none absent")
        #expect(cells.allSatisfy { $0.figures.map(\.metric.rawValue) == Array(1...21) })
        for (unit, reason) in [
            ("Sales/Key", RollupCell.Reason.tooFewCoachees), ("Ops", .tooFewCoachees), ("Coaches", .tooFewCoachees),
            ("Sales/S", .complementary), ("Fin", .complementary),
        ] {
            let cell = try await acme.cell(unit)
            #expect(cell.coacheeCount == nil && cell.reason == reason)
            #expect(try cell.figure(.trustLevel).reason == reason && cell.value(.trustLevel) == nil)
        }
        let root = try await acme.cell("")
        #expect(root.coacheeCount?.value == 47 && root.reason == .unspecified)
        let trust = try #require(try root.value(.trustLevel))
        #expect(trust > 0.6 && trust < 1 && (trust * 100).rounded() == trust * 100)
        let interval = try #require(try root.figure(.trustLevel).interval)
        #expect(interval.lower <= trust && trust <= interval.upper)
        #expect(try root.figure(.trustLevel).asOf == day(92).timestamp)
        #expect(try root.value(.insufficientShare) == 0)
        #expect(try root.value(.exposure) == 100)
        #expect(try root.figure(.teamClimate).reason == .tooFewCoachees, "nobody answered")
        #expect(try root.figure(.durability180Days).reason == .notDefined, "nobody has been together for so long")
        #expect(try root.value(.leadersReliability) != nil, "eight leaders have 19 coachees")
        #expect(try root.value(.alertLoad) == 0)
        #expect(try await acme.host.events().map(\.type) == ["rollup.published.v1"])
        #expect(try await acme.host.events().first?.organization == RollupOrganization.name)
    }

    @Test func pairsWithoutEvidenceEnterNoMeanAndAreCounted() async throws {
        let acme = try await RollupOrganization()
        for number in 0..<8 {
            try await acme.place("p\(number)", in: "A")
            try await acme.pair("p\(number)", "c\(number)", rating: number < 6 ? 5 : nil)
        }
        try await acme.publish()
        let cell = try await acme.cell("A")
        #expect(cell.coacheeCount?.value == 8)
        #expect(try cell.value(.insufficientShare) == 25)
        #expect(try cell.value(.trustLevel) != nil)
    }

    @Test func teamClimateIsOfTheMonthsAnswers() async throws {
        let acme = try await RollupOrganization()
        try await acme.settle(climate: 4)
        try await acme.publish()
        #expect(try await acme.cell("").value(.teamClimate) == 0.75)
    }

    @Test("S45: what is told of the culture says of how many, of when and how surely")
    func everyNumberSaysOfWhat() async throws {
        let acme = try await RollupOrganization()
        try await acme.settle(climate: 4)
        let rollup = try await acme.publish()
        let root = try await acme.cell("")
        #expect(root.name.hasPrefix(rollup.name + "/cells/"))
        #expect(root.coacheeCount?.value == 47)
        let means: Set<RollupCell.Metric> = [
            .trustLevel, .healthyShare, .reliabilityLevel, .integrityLevel, .competenceLevel, .empathyLevel,
            .teamClimate,
        ]
        for figure in root.figures where means.contains(figure.metric) {
            let value = try #require(figure.value?.value, "\(figure.metric)")
            let interval = try #require(figure.interval, "\(figure.metric)")
            #expect(interval.lower <= value && value <= interval.upper, "\(figure.metric)")
            #expect(figure.asOf == rollup.endTime, "\(figure.metric)")
        }
    }

    @Test("S46: how leaders coach is told of three of them, with five coachees, and not of one", arguments: [1, 2, 3])
    func leadersAreNotToldOfOneByOne(count: Int) async throws {
        let acme = try await RollupOrganization()
        for number in 0..<count { try await acme.place("leader\(number)", in: "Board", level: 1) }
        for number in 0..<3 { try await acme.place("coach\(number)", in: "Board") }
        for number in 0..<12 {
            try await acme.place("p\(number)", in: "A")
            try await acme.pair("p\(number)", number < 6 ? "leader\(number % count)" : "coach\(number % 3)")
        }
        try await acme.publish()
        let figure = try await acme.cell("A").figure(.leadersReliability)
        #expect((figure.value != nil) == (count == 3))
        #expect(figure.reason == (count == 3 ? .unspecified : .tooFewCoaches))
    }

    @Test func programmesAreTheOneDimension() async throws {
        let acme = try await RollupOrganization()
        for number in 0..<16 {
            try await acme.place("p\(number)", in: "A")
            try await acme.pair(
                "p\(number)", "c\(number)", programme: "\(RollupOrganization.name)/programmes/\(number < 8 ? "x" : "y")"
            )
        }
        try await acme.publish(PublishRollupRequest(parent: RollupOrganization.name, byProgramme: true))
        let cell = try await acme.cell("A", "\(RollupOrganization.name)/programmes/x")
        #expect(cell.coacheeCount?.value == 8)
        #expect(try cell.figure(.exposure).reason == .notDefined && cell.figure(.leadersEmpathy).reason == .notDefined)
        acme.set(now: 123)
        #expect(await reason { try await acme.publish() } == "ROLLUP_DIMENSION")
        let other = PublishRollupRequest(parent: RollupOrganization.name, byProgramme: true, leaderLevel: 3)
        #expect(await reason { try await acme.publish(other) } == "ROLLUP_DIMENSION")
    }

    @Test func theLargestMinimumHolds() async throws {
        let acme = try await RollupOrganization()
        try await acme.settle()
        try await acme.tell([
            acme.organizationEvent(
                "programme.changed.v1",
                .programmeChanged(
                    ProgrammeChanged(programme: "\(RollupOrganization.name)/programmes/x", minimumGroupSize: 9)),
                at: day(-3))
        ])
        let rollup = try await acme.publish(PublishRollupRequest(parent: RollupOrganization.name, minimumCoachees: 7))
        #expect(rollup.minimumCoachees == 9)
        #expect(try await acme.cell("Sales/N").reason == .tooFewCoachees, "8 of 9")
        let low = PublishRollupRequest(parent: RollupOrganization.name, minimumCoachees: 4)
        #expect(await reason { try await acme.service.publishRollup(low, acme.administrator) } == "INVALID_FIELD")
    }

    // MARK: Months

    @Test func monthsThatAreOverInTheirOrder() async throws {
        let acme = try await RollupOrganization()
        func asked(_ month: String) async -> String? {
            await reason {
                try await acme.publish(PublishRollupRequest(parent: RollupOrganization.name, month: month))
            }
        }
        for month in ["2026-13", "august", "2026-8", "26-08", "2026-08-01"] {
            #expect(await asked(month) == "INVALID_FIELD")
        }
        #expect(await asked("2026-09") == "INVALID_FIELD", "not over yet")
        #expect(await asked("2026-07") == nil)
        #expect(await asked("2026-06") == "WRONG_STATE")
        #expect(await asked("2026-07") == "WRONG_STATE")
        #expect(await asked("2026-08") == nil)
        let all = try await acme.service.listRollups(ListRollupsRequest(parent: RollupOrganization.name), acme.somebody)
        #expect(all.rollups.map(\.name) == ["2026-07", "2026-08"].map(acme.rollupName))
    }

    @Test func monthsBeginAndEndAtMidnight() throws {
        let month = try #require(RollupMonth("2026-08"))
        #expect(month.start == day(61) && month.end == day(92))
        #expect(RollupMonth(over: day(92)) == month)
        #expect(RollupMonth(over: Instant(microseconds: day(92).microseconds - 1)).description == "2026-07")
        let leap = try #require(RollupMonth("2028-02"))
        #expect(leap.end.days(since: leap.start) == 29)
        #expect(try #require(RollupMonth("2027-12")).next.description == "2028-01")
        #expect(TrustScoringService.quarter(of: day(92)) == "2026-Q3")
        #expect(TrustScoringService.quarter(of: day(122)) == "2026-Q4")
    }

    /// One coachee more is none that anybody can see; five more are.
    @Test func smallChangesAreFrozen() async throws {
        let acme = try await RollupOrganization()
        for number in 0..<12 {
            try await acme.place("p\(number)", in: "A")
            try await acme.pair("p\(number)", "c\(number)", rating: 5)
        }
        try await acme.publish()
        let before = try await acme.cell("A")
        acme.set(now: 123)
        try await acme.place("p12", in: "A")
        try await acme.pair("p12", "c12", rating: 1)
        try await acme.publish()
        let frozen = try await acme.cell("A", month: "2026-09")
        #expect(frozen.coacheeCount?.value == 12)
        var expected = try before.figure(.trustLevel)
        expected.frozen = true
        #expect(try frozen.figure(.trustLevel) == expected, "the value of August")
        acme.set(now: 154)
        for number in 13..<17 {
            try await acme.place("p\(number)", in: "A")
            try await acme.pair("p\(number)", "c\(number)", rating: 1)
        }
        try await acme.publish()
        let changed = try await acme.cell("A", month: "2026-10")
        #expect(changed.coacheeCount?.value == 17)
        #expect(try !changed.figure(.trustLevel).frozen)
    }

    // MARK: A restart

    @Test func whatARestartInterruptsBeginsAgain() async throws {
        let acme = try await RollupOrganization()
        try await acme.settle()
        let asked = try await acme.service.publishRollup(
            PublishRollupRequest(parent: RollupOrganization.name), acme.administrator)
        // It died after it had written some cells.
        try await acme.host.runtime.database.write { transaction in
            var running = try #require(try RollupTables.rollups.find(asked.name, in: transaction))
            running.state = .running
            _ = try RollupTables.rollups.update(running, in: transaction)
            _ = try RollupTables.cells.insert(
                RollupCell(name: asked.name + "/cells/c000001", unit: "half"), in: transaction)
        }
        #expect(await reason { try await acme.cells() } == "NOT_PARTY", "nothing is shown before it is whole")
        let again = acme.restarted()
        try await again.make()
        #expect(try await again.cells().count == 12)
        #expect(
            try await again.service.getRollup(GetRollupRequest(name: asked.name), again.somebody).state == .published)
        #expect(try await again.verified() == 1)
    }

    @Test func oneAtATimeAndAgainAfterAFailure() async throws {
        let acme = try await RollupOrganization()
        try await acme.settle()
        let request = PublishRollupRequest(parent: RollupOrganization.name)
        let asked = try await acme.service.publishRollup(request, acme.administrator)
        #expect(await reason { try await acme.service.publishRollup(request, acme.administrator) } == "WRONG_STATE")
        try await acme.host.runtime.database.write { transaction in
            var failed = try #require(try RollupTables.rollups.find(asked.name, in: transaction))
            failed.state = .running
            failed.fail(Refusal(.internal, "INTERNAL", "a fault"))
            _ = try RollupTables.rollups.update(failed, in: transaction)
            try RollupTables.dequeue(asked.name, in: transaction)
        }
        #expect(
            await reason { try await acme.service.getRollup(GetRollupRequest(name: asked.name), acme.somebody) }
                == "NOT_PARTY")
        let seen = try await acme.service.getRollup(GetRollupRequest(name: asked.name), acme.administrator)
        #expect(seen.state == .failed && seen.failureReason == "INTERNAL")
        let published = try await acme.publish()
        #expect(published.state == .published && published.failureReason.isEmpty)
    }

    // MARK: Who

    @Test func whoMayDoWhat() async throws {
        let acme = try await RollupOrganization()
        try await acme.settle()
        try await acme.publish()
        let (service, host, name) = (acme.service, acme.host, acme.rollupName())
        let request = PublishRollupRequest(parent: RollupOrganization.name)
        let wrongPurpose = host.context(person: RollupOrganization.person("admin"), roles: ["programme_admin"])
        let stranger = host.context(
            person: "organizations/other/people/admin", purpose: "programme_admin", roles: ["programme_admin"])
        func denied(_ context: ServerContext, _ body: (ServerContext) async throws -> some Sendable) async -> String? {
            await reason { try await body(context) }
        }
        let publish = { try await service.publishRollup(request, $0) }
        #expect(await denied(acme.somebody, publish) == "ROLE_FORBIDDEN")
        #expect(await denied(acme.auditor, publish) == "ROLE_FORBIDDEN")
        #expect(await denied(wrongPurpose, publish) == "PURPOSE_MISSING")
        #expect(await denied(stranger, publish) == "NOT_PARTY")

        for context in [acme.somebody, acme.administrator, acme.auditor, host.context(service: "gateway")] {
            #expect(try await service.getRollup(GetRollupRequest(name: name), context).state == .published)
            let cells = try await service.listRollupCells(ListRollupCellsRequest(parent: name), context).rollupCells
            let first = try #require(cells.first)
            #expect(try await service.getRollupCell(GetRollupCellRequest(name: first.name), context) == first)
            #expect(
                try await service.listRollups(ListRollupsRequest(parent: RollupOrganization.name), context).rollups
                    .count == 1)
        }
        #expect(await denied(stranger) { try await service.getRollup(GetRollupRequest(name: name), $0) } == "NOT_PARTY")
        #expect(
            await denied(stranger) { try await service.listRollupCells(ListRollupCellsRequest(parent: name), $0) }
                == "NOT_PARTY")
        #expect(
            await denied(stranger) {
                try await service.listRollups(ListRollupsRequest(parent: RollupOrganization.name), $0)
            } == "NOT_PARTY")
        let missing = GetRollupRequest(name: acme.rollupName("2026-01"))
        #expect(await denied(acme.somebody) { try await service.getRollup(missing, $0) } == "NOT_PARTY")
        #expect(await denied(acme.administrator) { try await service.getRollup(missing, $0) } == "NOT_FOUND")

        let audit = GetRollupAuditRequest(name: name + "/audit")
        #expect(await denied(acme.somebody) { try await service.getRollupAudit(audit, $0) } == "PURPOSE_MISSING")
        #expect(await denied(acme.administrator) { try await service.getRollupAudit(audit, $0) } == "PURPOSE_MISSING")
        #expect(await denied(stranger) { try await service.getRollupAudit(audit, $0) } == "NOT_PARTY")
        #expect(await denied(acme.auditor) { try await service.getRollupAudit(audit, $0) } == nil)
        let verify = VerifyRollupsRequest(parent: RollupOrganization.name)
        #expect(await denied(acme.somebody) { try await service.verifyRollups(verify, $0) } == "PURPOSE_MISSING")
        #expect(await denied(acme.administrator) { try await service.verifyRollups(verify, $0) } == nil)
    }

    // MARK: Proof

    @Test func theProofIsOfWhatIsShown() async throws {
        let acme = try await RollupOrganization()
        try await acme.settle()
        try await acme.publish()
        let audit = try await acme.service.getRollupAudit(
            GetRollupAuditRequest(name: acme.rollupName() + "/audit"), acme.auditor)
        #expect(audit.systems.count == Cohort.allCases.count && audit.earlierRollupCount == 0)
        let scored = try #require(audit.systems.first { $0.metric == .trustLevel })
        // The root, Eng with A and B, HR, Sales, Sales/N, and the leaders' cells.
        let cells = Dictionary(uniqueKeysWithValues: try await acme.cells().map { ($0.name, $0) })
        for row in scored.rows {
            let people = row.groups.reduce(0) { $0 + Int(scored.groupSizes[Int($1)]) }
            #expect(people >= 5)
            let cell = try #require(cells[row.cell])
            #expect(try cell.value(.trustLevel) != nil || cell.value(.leadersReliability) != nil)
        }
        #expect(scored.rows.count >= 7 && Int(scored.rank) <= scored.rows.count)
    }

    @Test func aChangedCellBreaksTheChain() async throws {
        let acme = try await RollupOrganization()
        try await acme.settle()
        try await acme.publish()
        acme.set(now: 123)
        let second = try await acme.publish()
        #expect(second.sequence == 2 && second.previousHash.count == 64)
        #expect(try await acme.verified() == 2)
        try await acme.host.runtime.database.write { transaction in
            var cell = try #require(
                try RollupTables.cells.find(acme.rollupName() + "/cells/c000000", in: transaction))
            cell.coacheeCount = Int32Value(value: 48)
            _ = try RollupTables.cells.update(cell, in: transaction)
        }
        #expect(await reason { try await acme.verified() } == "CHAIN_BROKEN")
    }
}

extension RollupOrganization {
    func verified() async throws -> Int64 {
        try await service.verifyRollups(VerifyRollupsRequest(parent: Self.name), auditor).rollupCount
    }
}
