import Schema
import ServiceKit
import ServiceKitTesting
import Testing

@testable import Relationships

/// An export leaves out nothing that the person may read (docs/domain.md §6.5, §6.9).
@Suite struct ExportedKindsTests {
    /// JSON of one type, of all that belongs to no relationship and of one relationship.
    private func exported(
        _ type: String, of person: String, in relationship: String = "", from host: TestHost<RelationshipsService>
    ) async throws -> [String] {
        var found: [String] = []
        try await host.runtime.personalData(of: person, in: relationship, kinds: RelationshipsService.kinds) {
            found += $0.filter { $0.type == type }.map(\.json)
        }
        return found
    }

    @Test func proposalsAndThePlaceOnAWaitingList() async throws {
        let market = try await Market()
        try await market.enroll("mira", .trustor, topics: ["negotiation"], preferences: ["jonas"])
        try await market.enroll("leo", .trustor, topics: ["writing"])
        try await market.enroll("jonas", .trustee, topics: ["negotiation"], preferences: ["mira"])
        try await market.run()
        func proposals(_ id: String) async throws -> [String] {
            try await exported(MatchProposal.fullName, of: market.person(id), from: market.host)
        }
        func places(_ id: String) async throws -> [String] {
            try await exported(WaitlistEntry.fullName, of: market.person(id), from: market.host)
        }
        let own = try await proposals("mira")
        #expect(own.count == 1 && own[0].contains("negotiation"))
        #expect(try await proposals("jonas") == own)
        #expect(try await proposals("leo").isEmpty)
        let place = try await places("leo")
        #expect(place.count == 1 && place[0].contains(market.person("leo")))
        #expect(!place[0].contains("exclusions\":[{"), "how often which rule left a coach out is for administrators")
        for id in ["mira", "jonas"] { #expect(try await places(id).isEmpty) }
    }

    @Test func whatTwoHadInCommonGoesWithEitherAndSoDoesAPlace() async throws {
        let market = try await Market()
        try await market.enroll("mira", .trustor, topics: ["negotiation"], preferences: ["jonas"])
        try await market.enroll("leo", .trustor)
        try await market.enroll("lea", .trustor)
        try await market.enroll("jonas", .trustee, topics: ["negotiation"], preferences: ["mira"])
        try await market.run()
        let officer = market.host.context(person: market.person("dpo"), purpose: "privacy")
        func erase(_ id: String) async throws {
            let name = market.person(id)
            _ = try await market.service.erasePerson(ErasePersonRequest(name: name, confirmation: name), officer)
            try await RunningErasure(market.service, market.host.runtime).runAll()
        }
        try await erase("mira")
        let left = try #require(try await market.proposals().first)
        #expect(left.state == .withdrawn && left.trustor == market.person("mira"))
        #expect(left.contributions.allSatisfy { $0.shared.isEmpty })
        #expect(try market.host.storedBytes().firstRange(of: Array("negotiation".utf8)) != nil, "Jonas still offers it")
        try await erase("leo")
        let waiting = try await market.waiting()
        #expect(waiting.map { market.id($0.person) } == ["lea"] && waiting.map(\.position) == [1])
    }

    @Test func handOversForTheTwoAndForTheNewCoach() async throws {
        let pair = try await Pair.active()
        let handOver = try await pair.service.handOverRelationship(
            HandOverRelationshipRequest(name: pair.name, trustee: pair.person("other")), pair.by(pair.coach))
        func exported(_ person: String, in relationship: String) async throws -> Int {
            try await self.exported(HandOver.fullName, of: person, in: relationship, from: pair.host).count
        }
        for person in [pair.coach, pair.coachee] { #expect(try await exported(person, in: pair.name) == 1) }
        #expect(try await exported(pair.person("other"), in: handOver.successor) == 1)
        #expect(try await exported(pair.coachee, in: handOver.successor) == 0, "once is enough")
    }

    @Test func reportsThatOneOfTheTwoIsSilent() async throws {
        let pair = try await Pair.active()
        try await pair.host.advance(days: 15)
        _ = try await pair.service.reportInactivity(
            ReportInactivityRequest(name: pair.name), pair.by(pair.coachee))
        for person in [pair.coach, pair.coachee] {
            let reports = try await exported(InactivityReport.fullName, of: person, in: pair.name, from: pair.host)
            #expect(reports.count == 1)
        }
    }
}
