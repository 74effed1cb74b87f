import Schema
import ServiceKitTesting
import Storage
import Testing

@testable import ServiceKit
@testable import TrustModel
@testable import TrustScoring

/// What trust-scoring forgets, and when (docs/domain.md §5.2 P7, §6.10).
@Suite struct ForgettingTests {
    @Test("Evidence, the score and all that came of them go when their time after the end is over")
    func endOfRetention() async throws {
        let pair = try await Pair(now: 60)
        let facts = pair.facts
        for number in 0..<6 {
            try await pair.tell(facts.held("s\(number)", start: day(Double(7 * number))))
            try await pair.tell(facts.pulse(.understood, 5, at: day(Double(7 * number) + 1)), from: "feedback")
        }
        #expect(try await pair.evidence().count == 12)
        let known = try await pair.profile().score
        let ended = Event.Payload.retentionEnded(RetentionEnded(data: .notes))
        try await pair.tell(facts.event("retention.ended.v1", ended, at: day(60)))
        #expect(try await pair.evidence().count == 12, "the time of notes is another one")
        try await pair.tell(
            facts.event("retention.ended.v1", .retentionEnded(RetentionEnded(data: .evidence)), at: day(60)))
        #expect(try await pair.evidence().isEmpty)
        for view in [pair, pair.restarted()] {
            let profile = try await view.profile()
            #expect(profile.score < known && !profile.numberShown)
        }
        let outcomes = try await pair.service.getOutcomes(
            GetOutcomesRequest(name: pair.relationship.name + "/outcomes"), pair.context())
        #expect(outcomes.outcomes.allSatisfy { $0.value == nil })
    }

    @Test("P7: who was erased is in no later roll-up, and past ones stay as they were")
    func erasedPeople() async throws {
        let acme = try await RollupOrganization()
        try await acme.settle()
        try await acme.publish()
        #expect(try await acme.cell("").coacheeCount?.value == 47)
        let people = ["sales-n-0", "sales-n-1", "eng-a-0", "eng-a-1", "eng-b-0", "eng-b-1"]
        for person in people { try await acme.erase(person, at: day(94)) }
        let gone = people.map(RollupOrganization.person)
        acme.set(now: 123)
        try await acme.publish()
        let september = RollupOrganization.monthNames[1]
        #expect(try await acme.cell("", month: september).coacheeCount?.value == 41)
        #expect(try await acme.cell("").coacheeCount?.value == 47)
        let places = try await acme.host.runtime.database.read { snapshot in
            try gone.map { try snapshot.first("SELECT 1 FROM person_place WHERE person = ?", [.text($0)]) }
        }
        #expect(places.allSatisfy { $0 == nil })
    }

    /// The value of August, which stood because hardly anybody had come or gone, would hold the one who was erased.
    @Test("P7: a number that holds an erased person is not repeated, and a new one that would tell of them is hidden")
    func erasureOfOne() async throws {
        let acme = try await RollupOrganization()
        func join(_ numbers: Range<Int>) async throws {
            for number in numbers {
                try await acme.place("p\(number)", in: number % 2 == 0 ? "A" : "B")
                try await acme.pair("p\(number)", "c\(number)", rating: number < 24 ? 5 : 4)
            }
        }
        try await join(0..<24)
        try await acme.publish()
        #expect(try await acme.cell("A").value(.trustLevel) != nil)
        try await acme.erase("p0", at: day(94))
        try await acme.erase("c1", at: day(94))
        acme.set(now: 123)
        try await acme.publish()
        for unit in ["", "A", "B"] {
            let cell = try await acme.cell(unit, month: "2026-09")
            #expect(cell.coacheeCount == nil && cell.reason != .unspecified, "\(unit)")
            for figure in cell.figures where figure.metric != .exposure {
                #expect(figure.value == nil && !figure.frozen, "\(unit) \(figure.metric)")
            }
        }
        acme.set(now: 154)
        try await join(24..<36)
        try await acme.publish()
        let changed = try await acme.cell("", month: "2026-10")
        #expect(changed.coacheeCount?.value == 34, "36 less a coachee and a coachee of the coach")
        #expect(try !changed.figure(.trustLevel).frozen)
        #expect(try await acme.tellsOfFewerThanFive() == nil)
    }

    /// Months of joining, leaving and erasure through the service: what is shown of any month holds nobody who was erased
    /// before, and no two sums differ by one to four people.
    @Test("P7: differences over releases, units and erasures tell of nobody") func attack() async throws {
        let acme = try await RollupOrganization()
        let seed = UInt64.random(in: .min ... .max)
        print("erasures over releases: seed \(seed)")
        var random = SplitMix64(state: seed)
        var present: [Int] = []
        var next = 0
        var erased: Set<UInt64> = []
        for month in 0..<6 {
            let now = 93 + 31 * Double(month)
            acme.set(now: now)
            for _ in 0..<(month == 0 ? 40 : .random(in: 0...6, using: &random)) {
                let unit = ["A", "A/X", "A/Y", "B", "B/X"].randomElement(using: &random) ?? "A"
                try await acme.place("p\(next)", in: unit)
                try await acme.pair("p\(next)", "c\(Int.random(in: 0..<12, using: &random))")
                present.append(next)
                next += 1
            }
            for _ in 0..<(month == 0 ? 0 : .random(in: 1...3, using: &random)) {
                let gone = present.remove(at: .random(in: present.indices, using: &random))
                try await acme.erase("p\(gone)", at: day(now))
                erased.insert(pseudonym(RollupOrganization.person("p\(gone)")))
            }
            try await acme.publish()
            let shown = try await acme.shownSums()
            // Which may show nothing at all.
            let latest = try await acme.latestMonth()
            #expect(
                shown.filter { $0.month.description == latest }.allSatisfy { erased.isDisjoint(with: $0.people) })
            for cell in try await acme.cells(latest) {
                for figure in cell.figures where figure.frozen && figure.metric == .trustLevel {
                    let base = try #require(figure.month)
                    let sum = shown.first { $0.month == base && $0.unit == cell.unit }
                    #expect(try erased.isDisjoint(with: #require(sum).people), "\(cell.unit) repeats \(base)")
                }
            }
        }
        #expect(!erased.isEmpty)
        #expect(try await acme.tellsOfFewerThanFive() == nil)
    }

    @Test("Evidence that its service takes back is an entry of the audit chain, once")
    func retraction() async throws {
        let pair = try await Pair(now: 60)
        try await pair.tell(pair.facts.attainment(1, "a1", review: day(42)), from: "goals")
        let piece = try #require(try await pair.evidence().first)
        for _ in 0..<2 {
            _ = try await pair.service.retractEvidence(
                RetractEvidenceRequest(name: piece.name), pair.host.context(service: "goals"))
        }
        let entries = try await Audit(runtime: pair.host.runtime).listAuditEntries(
            ListAuditEntriesRequest(parent: "organizations/acme/auditChains/trust-scoring"),
            pair.context(purpose: "audit")
        ).auditEntries
        #expect(entries.map(\.action) == ["evidence.retracted"] && entries.map(\.actor) == ["service:goals"])
        #expect(entries.map(\.resource) == [piece.name])
        #expect(Set(entries.flatMap(\.people)) == [coach, coachee])
    }
}

extension RollupOrganization {
    /// As Relationships tells of it; what trust-scoring keeps of the person goes.
    func erase(_ id: String, at instant: Instant) async throws {
        let erased = PersonErased(person: Self.person(id), erasure: "\(Self.person(id))/erasures/one")
        let event = organizationEvent("person.erased.v1", .personErased(erased), at: instant)
        try await host.runtime.database.write { try ErasureJobs.take(event, in: $0) }
        // Relationships, which wants to hear that it is done, does not answer.
        await #expect(throws: (any Error).self) { try await RunningErasure(service, host.runtime).runAll() }
    }

    fileprivate struct Sum {
        var month: RollupMonth
        var unit: String
        var people: Set<UInt64>
    }

    fileprivate func latestMonth() async throws -> String {
        let rollups = try await service.listRollups(ListRollupsRequest(parent: Self.name), somebody).rollups
        return try #require(rollups.last?.name.split(separator: "/").last.map(String.init))
    }

    /// Of whom trust levels were shown in each month, as the service remembers it.
    fileprivate func shownSums() async throws -> [Sum] {
        let records = try await host.runtime.database.read { try RollupTables.records(of: Self.name, in: $0) }
        return records.enumerated().flatMap { place, record in
            RollupRecord.history(of: .scored, in: records).filter { $0.release == place && $0.key.slice == nil }.map {
                Sum(
                    month: record.month, unit: $0.key.unit.joined(separator: "/"), people: Set($0.members.map(\.person))
                )
            }
        }
    }

    /// Two sums, one of which holds the other and 1 to 4 people more.
    fileprivate func tellsOfFewerThanFive() async throws -> String? {
        let sums = try await shownSums()
        for one in sums {
            for other in sums where other.people.isSubset(of: one.people) {
                if (1...4).contains(one.people.count - other.people.count) {
                    return "\(one.unit) of \(one.month) less \(other.unit) of \(other.month)"
                }
            }
        }
        return nil
    }
}
