import RPC
import Schema
import ServiceKit
import Storage
import TrustModel

/// Whether a programme treats groups differently (docs/domain.md §4.4 b): asked by programme administrators and
/// data-protection officers, read by them and by auditors (§6.9).
extension TrustScoringService {
    func runFairness(_ request: RunFairnessRequest, _ context: ServerContext) async throws -> FairnessRun {
        let organization = try ResourceName(request.parent, "organizations")
        try FairnessReader(context, of: organization.text).requireAsker()
        let programme = try ResourceName(request.programme, "organizations", "programmes")
        guard programme.organization == organization.text else {
            throw Refusal.invalid("programme", "a programme of this organisation")
        }
        let run = try await runtime.mutate(
            request, context, in: organization.text, answering: FairnessTables.runs
        ) { change in
            guard try PlaceStore.isKnown(programme: programme.text, in: change.transaction) else {
                throw Refusal.notFound(programme.text)
            }
            let last = try FairnessTables.last(programme.text, in: change.transaction)
            let run = try FairnessRun.asked(
                request, name: change.newName("fairnessRuns", in: organization.text),
                last: last.map { Instant(microseconds: $0) }, at: Instant(change.now))
            guard try FairnessTables.enqueue(run, in: change.transaction) else {
                throw Refusal(
                    .failedPrecondition, "WRONG_STATE",
                    "another fairness run of this programme waits or goes on; wait for it or cancel it")
            }
            return try change.insert(FairnessTables.runs, run)
        }
        return try FairnessReader(context, of: organization.text).shown(run)
    }

    func cancelFairnessRun(_ request: CancelFairnessRunRequest, _ context: ServerContext) async throws -> FairnessRun {
        let name = try ResourceName(request.name, FairnessTables.form)
        let reader = try FairnessReader(context, of: name.organization)
        try reader.requireAsker()
        let run = try await runtime.mutate(
            request, context, in: name.organization, answering: FairnessTables.runs
        ) { change in
            var run = try change.get(FairnessTables.runs, name.text)
            try run.cancel()
            try FairnessTables.dequeue(name.text, in: change.transaction)
            return try change.save(run)
        }
        return reader.shown(run)
    }

    func getFairnessRun(_ request: GetFairnessRunRequest, _ context: ServerContext) async throws -> FairnessRun {
        let name = try ResourceName(request.name, FairnessTables.form)
        let reader = try FairnessReader(context, of: name.organization)
        try reader.requireReader()
        let run = try await runtime.database.read { try FairnessTables.runs.find(name.text, in: $0) }
        guard let run else { throw Refusal.notFound(name.text) }
        return reader.shown(run)
    }

    func listFairnessRuns(
        _ request: ListFairnessRunsRequest, _ context: ServerContext
    ) async throws -> ListFairnessRunsResponse {
        let organization = try ResourceName(request.parent, "organizations")
        let reader = try FairnessReader(context, of: organization.text)
        try reader.requireReader()
        let page = try await runtime.page(
            context, FairnessTables.runs, request, hiding: reader.readsMethod ? [] : ["method", "tests"])
        return ListFairnessRunsResponse(
            fairnessRuns: page.items.map(reader.shown), nextPageToken: page.nextPageToken)
    }
}

/// What a caller may see of an organisation's fairness runs (docs/domain.md §6.9): verdicts, or also how they came about.
struct FairnessReader: Sendable {
    private let caller: Caller

    /// - Throws: `Refusal` NOT_PARTY for everybody of another organisation, and for services.
    init(_ context: ServerContext, of organization: String) throws {
        caller = try context.caller
        guard caller.service == nil, caller.belongs(to: organization) else { throw Refusal.notParty }
    }

    private var isAdministrator: Bool { caller.isProgrammeAdmin && caller.purpose == "programme_admin" }
    private var isOfficer: Bool { caller.purpose == "privacy" }
    var readsMethod: Bool { isOfficer || caller.purpose == "audit" }

    func shown(_ run: FairnessRun) -> FairnessRun { readsMethod ? run : run.verdictsAlone }

    func requireAsker() throws {
        guard isAdministrator || isOfficer else { throw refusal }
    }

    func requireReader() throws {
        guard isAdministrator || readsMethod else { throw refusal }
    }

    private var refusal: Refusal {
        caller.isProgrammeAdmin
            ? Refusal.purposeMissing("programme_admin")
            : Refusal.roleForbidden("Fairness runs are for programme administrators and data-protection officers.")
    }
}
