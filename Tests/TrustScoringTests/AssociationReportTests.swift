import RPC
import Schema
import ServiceKit
import Standard
import Storage
import Testing
import TrustModel

@testable import TrustScoring

/// Whether results go with trust in a programme (docs/domain.md S38, §3.12).
@Suite struct AssociationReportTests {
    private static func programme(_ id: String) -> String { "\(RollupOrganization.name)/programmes/\(id)" }

    /// Where safety follows trust, where it goes either way, and where there are too few.
    private func settled() async throws -> RollupOrganization {
        let acme = try await RollupOrganization()
        for number in 0..<36 {
            try await acme.course("f\(number)", number, in: Self.programme("follows"), isFollowing: true)
            try await acme.course("e\(number)", number, in: Self.programme("either"), isFollowing: number % 2 == 0)
        }
        for number in 0..<29 {
            try await acme.course("s\(number)", number, in: Self.programme("small"), isFollowing: true)
        }
        return acme
    }

    @Test("S38: a report for each programme, with interval, label and sources; of fewer than 30 it is withheld")
    func reports() async throws {
        let acme = try await settled()
        try await acme.publish()
        let all = try await acme.reports()
        #expect(all.map(\.programme) == ["either", "follows", "small"].map(Self.programme))
        #expect(
            all.allSatisfy { report in
                report.associations.map(\.result.rawValue) == [1, 2, 3, 4, 5]
                    && report.caution.contains("association, not cause") && report.caution.contains("Graßmann")
            })

        let follows = try #require(all[1].associations.first)
        let correlation = try #require(follows.correlation?.value)
        let interval = try #require(follows.interval)
        #expect(correlation > 0.2 && interval.lower > 0 && interval.upper <= 1)
        #expect((correlation * 100).rounded() == correlation * 100, "to 0.01")
        #expect(follows.relationshipCount == 35 && follows.coachCount == 10, "36 and 12, downwards to multiples of 5")
        #expect(follows.asOf == day(92).timestamp && !follows.frozen && follows.reason == .unspecified)

        let either = try #require(all[0].associations.first)
        let spanning = try #require(either.interval)
        #expect(either.correlation != nil && spanning.lower < 0 && spanning.upper > 0, "shown although it spans 0")

        for association in all[2].associations + all[1].associations.suffix(1) {
            #expect(association.correlation == nil && association.interval == nil)
            #expect(association.reason == .tooFewRelationships)
            #expect(association.relationshipCount == 0 && association.coachCount == 0, "nor how many there are")
        }
    }

    @Test("S38: one report of a month, which stays as it was until five people have come or gone")
    func smallChangesAreFrozen() async throws {
        let acme = try await settled()
        try await acme.publish()
        let before = try await acme.report("follows").associations[0]
        acme.set(now: 123)
        try await acme.course("late", 3, in: Self.programme("follows"), isFollowing: false)
        try await acme.publish()
        let frozen = try await acme.report("follows", month: "2026-09").associations[0]
        #expect(frozen.frozen && frozen.correlation == before.correlation && frozen.interval == before.interval)
        #expect(frozen.asOf == day(92).timestamp && frozen.relationshipCount == 35)
        acme.set(now: 154)
        for number in 0..<4 {
            try await acme.course("later\(number)", number, in: Self.programme("follows"), isFollowing: false)
        }
        try await acme.publish()
        let changed = try await acme.report("follows", month: "2026-10").associations[0]
        #expect(!changed.frozen && changed.asOf == day(153).timestamp && changed.relationshipCount == 40)
        #expect(try await acme.verified() == 3)
    }

    @Test("P7: a report that held an erased person is withheld until five people have come or gone")
    func erasure() async throws {
        let acme = try await settled()
        try await acme.publish()
        try await acme.erase("f3", at: day(94))
        acme.set(now: 123)
        try await acme.publish()
        let withheld = try await acme.report("follows", month: "2026-09").associations[0]
        #expect(withheld.correlation == nil && withheld.reason == .derivable)
        #expect(try await acme.report("either", month: "2026-09").associations[0].correlation != nil)
        #expect(try await acme.report("follows").associations[0].correlation != nil, "the past is not computed anew")
    }

    @Test func whoReadsThem() async throws {
        let acme = try await settled()
        try await acme.publish()
        let (service, host) = (acme.service, acme.host)
        let list = ListAssociationReportsRequest(parent: acme.rollupName())
        let get = GetAssociationReportRequest(name: acme.rollupName() + "/associationReports/follows")
        func denied(_ context: ServerContext) async -> [String?] {
            [
                await reason { try await service.listAssociationReports(list, context) },
                await reason { try await service.getAssociationReport(get, context) },
            ]
        }
        for context in [acme.administrator, acme.auditor, host.context(service: "gateway")] {
            #expect(await denied(context) == [nil, nil])
        }
        #expect(await denied(acme.somebody) == ["ROLE_FORBIDDEN", "ROLE_FORBIDDEN"])
        let coaching = host.context(person: RollupOrganization.person("admin"), roles: ["programme_admin"])
        #expect(await denied(coaching) == ["PURPOSE_MISSING", "PURPOSE_MISSING"])
        let stranger = host.context(
            person: "organizations/other/people/admin", purpose: "programme_admin", roles: ["programme_admin"])
        #expect(await denied(stranger) == ["NOT_PARTY", "NOT_PARTY"])
        let missing = GetAssociationReportRequest(name: acme.rollupName() + "/associationReports/none")
        #expect(await reason { try await service.getAssociationReport(missing, acme.administrator) } == "NOT_FOUND")
        let early = ListAssociationReportsRequest(parent: acme.rollupName("2026-01"))
        #expect(await reason { try await service.listAssociationReports(early, acme.administrator) } == "NOT_FOUND")
    }

    @Test func aChangedReportBreaksTheChain() async throws {
        let acme = try await settled()
        try await acme.publish()
        #expect(try await acme.verified() == 1)
        try await acme.host.runtime.database.write { transaction in
            var report = try #require(
                try AssociationTables.reports.find(
                    acme.rollupName() + "/associationReports/follows", in: transaction))
            report.associations[0].correlation = DoubleValue(value: 1)
            _ = try AssociationTables.reports.update(report, in: transaction)
        }
        #expect(await reason { try await acme.verified() } == "CHAIN_BROKEN")
    }

    /// Groups of more than a year ago go, but for the last that was shown of each.
    @Test func whatNothingIsComparedWithGoes() async throws {
        let acme = try await RollupOrganization()
        @Sendable func record(_ month: Int, _ programme: String) -> AssociationRecord {
            AssociationRecord(
                programme: Self.programme(programme), result: .openness, month: RollupMonth(number: month),
                members: [1: 2, 3: 4], association: .init(relationshipCount: 30))
        }
        let kept = try await acme.host.runtime.database.write { transaction in
            let name = RollupOrganization.name
            try AssociationTables.keep(
                (100...120).map { record($0, "x") } + [record(90, "y"), record(91, "y")], of: name,
                month: RollupMonth(number: 120), in: transaction)
            return try AssociationTables.records(of: name, before: RollupMonth(number: 121), in: transaction)
        }
        #expect(kept.filter { $0.programme.hasSuffix("x") }.map(\.month.number) == Array(109...120))
        #expect(kept.filter { $0.programme.hasSuffix("y") }.map(\.month.number) == [91])
        #expect(kept.allSatisfy { $0.members == [1: 2, 3: 4] && $0.association.relationshipCount == 30 })
    }
}

extension RollupOrganization {
    /// A pair of fourteen weeks: trust rises in one of them, and two weeks later the coachee finds it safer, or less safe, to
    /// raise things. Twelve coaches have three coachees each.
    func course(_ coachee: String, _ number: Int, in programme: String, isFollowing: Bool) async throws {
        try await place(coachee, in: "A")
        let relationship = try await pair(coachee, "coach\(number % 12)", rating: nil, programme: programme)
        let facts = Facts(relationship: relationship.name)
        let rise = 5 + number % 4
        let events = (0..<13).flatMap { week in
            let rating: Int32 = week < rise ? 3 : 5
            let safe: Int32 = week < rise + 2 ? 3 : isFollowing ? 5 : 1
            return [Pulse.Item.dependable, .honest, .useful, .understood].enumerated().map { place, item in
                facts.pulse(item, rating, at: day(Double(7 * week) + 0.1 * Double(place)))
            } + [facts.pulse(.safeToRaise, safe, at: day(Double(7 * week) + 0.5))]
        }
        try await host.runtime.database.write { transaction in
            for event in events { try service.apply(event, from: "feedback", in: transaction) }
        }
        service.applied(events)
    }

    func reports(_ month: String = monthNames[0]) async throws -> [AssociationReport] {
        try await service.listAssociationReports(
            ListAssociationReportsRequest(parent: rollupName(month)), administrator
        ).associationReports
    }

    func report(_ programme: String, month: String = monthNames[0]) async throws -> AssociationReport {
        try #require(try await reports(month).first { $0.programme.hasSuffix("/" + programme) })
    }
}
