import RPC
import Schema
import ServiceKit
import ServiceKitTesting
import Standard
import Testing

@testable import Relationships

/// A coach and a coachee of one organisation, brought together through the service's own RPCs. Everything is said at an
/// instant while history is imported, and now otherwise.
struct Pair {
    let host: TestHost<RelationshipsService>
    let organization: String
    let importing: Bool
    private(set) var name = ""

    var service: RelationshipsService { host.service }
    var programme: String { "\(organization)/programmes/sales" }

    func person(_ id: String) -> String { "\(organization)/people/\(id)" }
    var coach: String { person("coach") }
    var coachee: String { person("coachee") }

    /// The people and the programme are there, nobody works together yet.
    static func strangers(
        _ organization: String = "acme", importing: Bool = false, on host: TestHost<RelationshipsService>? = nil,
        programme: Programme = Programme(displayName: "Sales", kind: .coaching)
    ) async throws -> Pair {
        // An import tells of the past; everything else happens at the clock, which begins on day -2.
        let start = importing ? day(400) : day(-2)
        let ownHost = host == nil ? try await TestHost(RelationshipsService.self, at: start) : nil
        let pair = Pair(
            host: try #require(host ?? ownHost), organization: "organizations/\(organization)", importing: importing)
        for (id, manager) in [("coach", "boss"), ("coachee", "lead"), ("lead", "boss"), ("other", ""), ("boss", "")] {
            _ = try await pair.service.createPerson(
                CreatePersonRequest(
                    parent: pair.organization, personId: id,
                    person: Person(
                        externalId: "hr-\(id)", displayName: "\(id) of \(organization)",
                        manager: manager.isEmpty ? "" : pair.person(manager))), pair.admin)
        }
        _ = try await pair.service.createProgramme(
            CreateProgrammeRequest(parent: pair.organization, programmeId: "sales", programme: programme), pair.admin)
        return pair
    }

    /// Requested on day -2 and accepted on day -1.
    static func accepted(
        importing: Bool = false, organization: String = "acme", on host: TestHost<RelationshipsService>? = nil
    ) async throws -> Pair {
        var pair = try await strangers(organization, importing: importing, on: host)
        pair.name = try await pair.request(at: day(-2)).name
        _ = try await pair.service.acceptRequest(
            AcceptRequestRequest(name: pair.name, occurredAt: pair.at(day(-1))), pair.by(pair.coach))
        return pair
    }

    /// Signed and active since day -1; in an import, everything up to day 400 lies in the past.
    static func active(
        importing: Bool = false, organization: String = "acme", on host: TestHost<RelationshipsService>? = nil
    ) async throws -> Pair {
        let pair = try await accepted(importing: importing, organization: organization, on: host)
        try await pair.signAgreement(at: day(-1))
        _ = try await pair.service.activateRelationship(
            ActivateRelationshipRequest(name: pair.name, occurredAt: pair.at(day(-1))), pair.by(pair.coach))
        return pair
    }

    var admin: ServerContext {
        host.context(person: person("admin"), purpose: "programme_admin", roles: ["programme_admin"])
    }

    func by(_ person: String) -> ServerContext {
        host.context(person: person, scopes: importing ? ["import"] : [])
    }

    /// The date that a request carries.
    func at(_ instant: Instant) -> Timestamp? {
        importing ? instant.timestamp : nil
    }

    func request(
        trustee: String? = nil, trustor: String? = nil, by person: String? = nil, at instant: Instant = day(0)
    ) async throws -> Relationship {
        try await service.requestRelationship(
            RequestRelationshipRequest(
                parent: organization,
                relationship: Relationship(
                    programme: programme, trustee: trustee ?? coach, trustor: trustor ?? coachee,
                    importing: importing), occurredAt: at(instant)), by(person ?? coachee))
    }

    @discardableResult
    func signAgreement(at instant: Instant, purpose: String = "win back the quota") async throws -> Agreement {
        let draft = try await service.reviseAgreement(
            ReviseAgreementRequest(
                parent: name, agreement: Agreement(purpose: purpose), occurredAt: at(instant)), by(coach))
        let sign = SignAgreementRequest(name: draft.name, occurredAt: at(instant))
        _ = try await service.signAgreement(sign, by(coach))
        return try await service.signAgreement(sign, by(coachee))
    }

    // MARK: Promises

    func promise(_ owner: String, due: Instant, at instant: Instant) async throws -> String {
        try await service.createCommitment(
            CreateCommitmentRequest(
                parent: name, commitment: Commitment(text: "review the call", dueTime: due.timestamp),
                occurredAt: at(instant)), by(owner)
        ).name
    }

    /// A promise that the other one has accepted at once.
    func agreed(_ owner: String, due: Instant, at instant: Instant) async throws -> String {
        let promise = try await promise(owner, due: due, at: instant)
        try await accept(promise, by: owner == coach ? coachee : coach, at: instant)
        return promise
    }

    @discardableResult
    func accept(_ promise: String, by person: String, at instant: Instant) async throws -> Commitment {
        try await service.acceptCommitment(AcceptCommitmentRequest(name: promise, occurredAt: at(instant)), by(person))
    }

    @discardableResult
    func claim(_ promise: String, by person: String, at instant: Instant) async throws -> Commitment {
        try await service.claimKept(ClaimKeptRequest(name: promise, occurredAt: at(instant)), by(person))
    }

    @discardableResult
    func confirm(_ promise: String, by person: String, at instant: Instant) async throws -> Commitment {
        try await service.confirmKept(ConfirmKeptRequest(name: promise, occurredAt: at(instant)), by(person))
    }

    func commitment(_ promise: String) async throws -> Commitment {
        try await service.getCommitment(GetCommitmentRequest(name: promise), by(coachee))
    }

    // MARK: Sessions

    func session(
        on start: Instant, template: Session.Template = .open, intent: String = "", by person: String? = nil,
        at instant: Instant
    ) async throws -> String {
        try await service.scheduleSession(
            ScheduleSessionRequest(
                parent: name,
                session: Session(
                    startTime: start.timestamp, durationMinutes: 60, mode: .video, template: template,
                    intent: intent), occurredAt: at(instant)), by(person ?? coach)
        ).name
    }

    @discardableResult
    func attest(
        _ session: String, _ outcome: Attestation.Outcome = .held, by person: String, at instant: Instant
    ) async throws -> Session {
        try await service.attestSession(
            AttestSessionRequest(name: session, outcome: outcome, occurredAt: at(instant)), by(person))
    }

    // MARK: Breaches

    func acknowledge(_ breachCase: String, by person: String? = nil, at instant: Instant) async throws -> BreachCase {
        try await service.acknowledgeBreach(
            AcknowledgeBreachRequest(
                name: breachCase, what: "no review", effect: "a lost week", change: "a slot in the calendar",
                occurredAt: at(instant)), by(person ?? coach))
    }

    func acceptRepair(_ breachCase: String, by person: String? = nil, at instant: Instant) async throws -> BreachCase {
        try await service.acceptRepair(
            AcceptRepairRequest(name: breachCase, occurredAt: at(instant)), by(person ?? coachee))
    }

    func breachCases() async throws -> [BreachCase] {
        try await service.listBreachCases(ListBreachCasesRequest(parent: name), by(coachee)).breachCases
    }

    // MARK: What happened

    /// Moves an imported relationship's clock: any fact makes happen what fell due before it.
    func reach(_ instant: Instant) async throws {
        _ = try await service.recordContextChange(
            RecordContextChangeRequest(
                parent: name, contextChange: ContextChange(type: .other, effect: "none"), occurredAt: at(instant)),
            by(coachee))
    }

    /// Type and instant of what was published about a kind of resource, in order.
    func events(_ prefix: String) async throws -> [Fact] {
        try await host.events().filter { $0.type.hasPrefix(prefix) && $0.relationship == name }.map {
            Fact(type: $0.type, occurredAt: try Instant($0.occurredAt ?? Timestamp()))
        }
    }

    func lastEvent(_ type: String) async throws -> Event? {
        try await host.events().last { $0.type == type && $0.relationship == name }
    }
}

struct Fact: Equatable, CustomStringConvertible {
    let type: String
    let occurredAt: Instant

    init(_ type: String, _ occurredAt: Instant) {
        self.init(type: type, occurredAt: occurredAt)
    }

    init(type: String, occurredAt: Instant) {
        self.type = type
        self.occurredAt = occurredAt
    }

    var description: String {
        "\(type) on day \(Double(occurredAt - dayZero) / Double(Instant.microsecondsPerDay))"
    }
}

/// The reason with which a call is refused; nil when it is answered.
func refusal<T>(_ body: () async throws -> T) async -> String? {
    do {
        _ = try await body()
        return nil
    } catch let refusal as Refusal {
        return refusal.reason
    } catch {
        return "\(error)"
    }
}
