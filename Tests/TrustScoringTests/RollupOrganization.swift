import RPC
import Schema
import ServiceKit
import ServiceKitTesting
import Standard
import Storage
import Testing
import TrustModel

@testable import TrustScoring

/// An organisation of coached people in units, before a service that hears of it; the clock shows 2 September 2026.
struct RollupOrganization: Sendable {
    static let name = "organizations/acme"
    static let monthNames = ["2026-08", "2026-09", "2026-10"]

    let host: TestHost<TrustScoringService>
    let service: TrustScoringService

    init(
        noise: @Sendable @escaping () -> any RandomNumberGenerator = { SystemRandomNumberGenerator() }
    ) async throws {
        host = try await TestHost(TrustScoringService.self, at: ServiceKit.Instant(microseconds: day(93).microseconds))
        service = TrustScoringService(host.runtime, remembering: 100, noise: noise)
    }

    private init(_ host: TestHost<TrustScoringService>, _ service: TrustScoringService) {
        self.host = host
        self.service = service
    }

    /// The same database under a service that knows nothing yet.
    func restarted() -> RollupOrganization {
        RollupOrganization(host, TrustScoringService(host.runtime, remembering: 100))
    }

    static func person(_ id: String) -> String { "\(name)/people/\(id)" }

    /// A person of a unit, as Relationships tells of it.
    func place(_ id: String, in unit: String, level: Int32 = 5, active: Bool = true, at instant: Instant = day(-2))
        async throws
    {
        try await tell([
            organizationEvent(
                "person.changed.v1",
                .personChanged(
                    PersonChanged(person: Self.person(id), unit: unit, level: level, active: active)), at: instant)
        ])
    }

    func organizationEvent(_ type: String, _ payload: Event.Payload, at instant: Instant) -> Event {
        Event(
            id: IdentifierGenerator().next(at: instant.microseconds).description, type: type,
            organization: Self.name, occurredAt: instant.timestamp, recordedAt: instant.timestamp, payload: payload)
    }

    func tell(_ events: [Event]) async throws {
        try await host.runtime.database.write { transaction in
            for event in events { try service.apply(event, from: "relationships", in: transaction) }
        }
        service.applied(events)
    }

    /// A pair that has met for ten weeks: the coachee's ratings are its evidence.
    /// - Parameter rating: 1 to 5; nil for a pair that nothing is known about.
    @discardableResult
    func pair(
        _ coachee: String, _ coach: String, rating: Int32? = 5, programme: String = "", climate: Int32? = nil,
        start: Instant = day(-1)
    ) async throws -> Relationship {
        var relationship = try await host.relationship(trustor: Self.person(coachee), trustee: Self.person(coach))
        relationship.startTime = start.timestamp
        relationship.programme = programme
        relationship.etag = "\"2\""
        try await host.put(relationship)
        let facts = Facts(relationship: relationship.name)
        var events: [Event] = []
        if let rating {
            for week in 0..<10 {
                for (number, item) in [Pulse.Item.dependable, .honest, .useful, .understood].enumerated() {
                    events.append(facts.pulse(item, rating, at: day(Double(7 * week) + 0.1 * Double(number))))
                }
            }
        }
        if let climate {
            for (number, item) in [Pulse.Item.teamSpeakUp, .teamShareIdeas, .teamRely].enumerated() {
                events.append(facts.pulse(item, climate, at: day(70 + 0.1 * Double(number))))
            }
        }
        try await host.runtime.database.write { [events] transaction in
            for event in events { try service.apply(event, from: "feedback", in: transaction) }
        }
        service.applied(events)
        return relationship
    }

    /// The units and sizes of G-29 (docs/domain.md §3.16): each coachee has a coach of another three.
    static let units = [
        ("Sales/N", 8), ("Sales/S", 6), ("Sales/Key", 3), ("Eng/A", 9), ("Eng/B", 7), ("Ops", 4), ("Fin", 5), ("HR", 5),
    ]

    func settle(climate: Int32? = nil) async throws {
        for (unit, size) in Self.units {
            let stem = unit.lowercased().replacing("/", with: "-")
            for coach in 0..<3 { try await place("\(stem)-coach\(coach)", in: "Coaches", level: coach == 0 ? 1 : 4) }
            for number in 0..<size {
                try await place("\(stem)-\(number)", in: unit)
                try await pair(
                    "\(stem)-\(number)", "\(stem)-coach\(number % 3)", rating: number % 4 == 0 ? 4 : 5, climate: climate
                )
            }
        }
    }

    // MARK: Calls

    var administrator: ServerContext {
        host.context(person: Self.person("admin"), purpose: "programme_admin", roles: ["programme_admin"])
    }
    var auditor: ServerContext { host.context(person: Self.person("dpo"), purpose: "audit") }
    var somebody: ServerContext { host.context(person: Self.person("fin-0")) }

    func rollupName(_ month: String = monthNames[0]) -> String { "\(Self.name)/rollups/\(month)" }

    /// Asks for the latest month, and makes it.
    @discardableResult
    func publish(_ request: PublishRollupRequest = PublishRollupRequest(parent: name)) async throws -> Rollup {
        let rollup = try await service.publishRollup(request, administrator)
        #expect(rollup.state == .pending)
        try await make()
        return try await service.getRollup(GetRollupRequest(name: rollup.name), administrator)
    }

    func make() async throws {
        try await RunningRollup(runtime: host.runtime, policy: service.scores.policy).runAll()
    }

    func cells(_ month: String = monthNames[0]) async throws -> [RollupCell] {
        try await service.listRollupCells(
            ListRollupCellsRequest(parent: rollupName(month), pageSize: 500), somebody
        ).rollupCells
    }

    func cell(_ unit: String, _ programme: String = "", month: String = monthNames[0]) async throws -> RollupCell {
        try #require(try await cells(month).first { $0.unit == unit && $0.programme == programme })
    }

    func set(now: Double) {
        host.clock.advance(by: day(now).microseconds - host.clock.now.microseconds)
    }
}

extension RollupCell {
    func figure(_ metric: Metric) throws -> Figure { try #require(figures.first { $0.metric == metric }) }
    func value(_ metric: Metric) throws -> Double? { try figure(metric).value?.value }
}
