import RPC
import Schema
import ServiceKit
import ServiceKitTesting
import Standard
import Testing

@testable import Relationships

/// People who take part in one programme, brought there by the service's own RPCs.
struct Market {
    let host: TestHost<RelationshipsService>
    let organization = "organizations/acme"

    var service: RelationshipsService { host.service }
    var programme: String { "\(organization)/programmes/sales" }
    var matching: RunningMatch { RunningMatch(runtime: host.runtime) }

    init(
        _ programme: Programme = Programme(displayName: "Sales", kind: .coaching, excludeReportingLine: true)
    ) async throws {
        host = try await TestHost(RelationshipsService.self, at: day(0))
        _ = try await service.createProgramme(
            CreateProgrammeRequest(parent: organization, programmeId: "sales", programme: programme), admin)
    }

    func person(_ id: String) -> String { "\(organization)/people/\(id)" }

    var admin: ServerContext {
        host.context(person: person("admin"), purpose: "programme_admin", roles: ["programme_admin"])
    }

    func by(_ id: String) -> ServerContext { host.context(person: person(id)) }

    /// A person who is new, and takes part.
    func enroll(
        _ id: String, _ role: Enrollment.Role, capacity: Int32 = 1, topics: [String] = [], exclusions: [String] = [],
        preferences: [String] = [], languages: [String] = [], zone: String = "", manager: String = ""
    ) async throws {
        _ = try await service.createPerson(
            CreatePersonRequest(
                parent: organization, personId: id,
                person: Person(
                    displayName: id, manager: manager.isEmpty ? "" : person(manager), timeZone: zone,
                    languages: languages)), admin)
        _ = try await service.enroll(
            EnrollRequest(
                parent: programme,
                enrollment: Enrollment(
                    person: person(id), role: role, capacity: capacity, topics: topics,
                    exclusions: exclusions.map(person), preferences: preferences.map(person))), by(id))
    }

    func propose(seed: Int64 = 0) async throws -> MatchRun {
        try await service.proposeMatches(ProposeMatchesRequest(parent: programme, seed: seed), admin)
    }

    /// Asks for a run and lets it happen.
    @discardableResult
    func run(seed: Int64 = 0) async throws -> MatchRun {
        let run = try await propose(seed: seed)
        try await matching.runAll()
        return try await get(run)
    }

    func get(_ run: MatchRun) async throws -> MatchRun {
        try await service.getMatchRun(GetMatchRunRequest(name: run.name), admin)
    }

    func proposals(by context: ServerContext? = nil, filter: String = "") async throws -> [MatchProposal] {
        try await service.listMatchProposals(
            ListMatchProposalsRequest(parent: programme, filter: filter), context ?? admin
        ).matchProposals
    }

    /// Coachee and coach of the open proposals.
    func pairs() async throws -> [String: String] {
        let open = try await proposals(filter: "state = PROPOSED")
        return Dictionary(uniqueKeysWithValues: open.map { (id($0.trustor), id($0.trustee)) })
    }

    func waiting(by context: ServerContext? = nil) async throws -> [WaitlistEntry] {
        try await service.listWaitlistEntries(
            ListWaitlistEntriesRequest(parent: programme), context ?? admin
        ).waitlistEntries
    }

    func explain(_ run: MatchRun, _ trustor: String, _ trustee: String) async throws -> MatchExplanation {
        try await service.getMatchExplanation(
            GetMatchExplanationRequest(name: run.name, trustee: person(trustee), trustor: person(trustor)), admin)
    }

    @discardableResult
    func accept(_ proposal: MatchProposal, by context: ServerContext) async throws -> MatchProposal {
        try await service.acceptMatchProposal(AcceptMatchProposalRequest(name: proposal.name), context)
    }

    @discardableResult
    func decline(_ proposal: MatchProposal, by context: ServerContext) async throws -> MatchProposal {
        try await service.declineMatchProposal(DeclineMatchProposalRequest(name: proposal.name), context)
    }

    func id(_ name: String) -> String { name.split(separator: "/").last.map(String.init) ?? "" }
}
