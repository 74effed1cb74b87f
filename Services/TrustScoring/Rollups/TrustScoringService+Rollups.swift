import RPC
import Schema
import ServiceKit
import Storage
import TrustModel

/// Numbers of groups for an organisation (docs/domain.md §5): made for administrators, read by everybody once published,
/// proved to auditors (§6.9).
extension TrustScoringService {
    func publishRollup(_ request: PublishRollupRequest, _ context: ServerContext) async throws -> Rollup {
        let organization = try ResourceName(request.parent, "organizations")
        try RollupReader(context, of: organization.text).requireAdministrator()
        return try await runtime.mutate(request, context, in: organization.text, answering: RollupTables.rollups) {
            change in
            let published = try RollupTables.published(of: organization, in: change.transaction)
            var rollup = try Rollup.asked(request, in: organization, after: published, at: Instant(change.now))
            let name = try ResourceName(rollup.name, RollupTables.Form.rollups)
            guard try RollupTables.enqueue(name, in: change.transaction) else {
                throw Refusal(
                    .failedPrecondition, "WRONG_STATE",
                    "another roll-up of this organisation is being made; wait for it")
            }
            guard let failed = try change.find(RollupTables.rollups, rollup.name) else {
                return try change.insert(RollupTables.rollups, rollup)
            }
            rollup.etag = failed.etag
            rollup.createTime = failed.createTime
            return try change.save(rollup)
        }
    }

    func getRollup(_ request: GetRollupRequest, _ context: ServerContext) async throws -> Rollup {
        try await rollup(try ResourceName(request.name, RollupTables.Form.rollups), context)
    }

    func listRollups(_ request: ListRollupsRequest, _ context: ServerContext) async throws -> ListRollupsResponse {
        let reader = try RollupReader(context, of: try ResourceName(request.parent, "organizations").text)
        let page = try await runtime.page(context, RollupTables.rollups, request) { reader.sees($0) }
        return ListRollupsResponse(rollups: page.items, nextPageToken: page.nextPageToken)
    }

    func getRollupCell(_ request: GetRollupCellRequest, _ context: ServerContext) async throws -> RollupCell {
        let name = try ResourceName(request.name, RollupTables.Form.cells)
        try await requirePublished(name.parent, context)
        return try await runtime.database.read { snapshot in
            guard let cell = try RollupTables.cells.find(name.text, in: snapshot) else {
                throw Refusal.notFound(name.text)
            }
            return cell
        }
    }

    func listRollupCells(
        _ request: ListRollupCellsRequest, _ context: ServerContext
    ) async throws -> ListRollupCellsResponse {
        try await requirePublished(try ResourceName(request.parent, RollupTables.Form.rollups), context)
        let page = try await runtime.page(context, RollupTables.cells, request)
        return ListRollupCellsResponse(rollupCells: page.items, nextPageToken: page.nextPageToken)
    }

    // MARK: Proof

    func getRollupAudit(_ request: GetRollupAuditRequest, _ context: ServerContext) async throws -> RollupAudit {
        let name = try ResourceName(parentOf: request.name, singleton: "audit", RollupTables.Form.rollups)
        let reader = try RollupReader(context, of: name.organization)
        guard reader.isAuditor else { throw Refusal.purposeMissing("audit") }
        try await requirePublished(name, context)
        return try await runtime.database.read { snapshot in
            guard let month = RollupMonth(name.id),
                let audit = try RollupTables.audit(of: month, in: name.organization, in: snapshot)
            else { throw Refusal.notFound(request.name) }
            return audit
        }
    }

    func verifyRollups(
        _ request: VerifyRollupsRequest, _ context: ServerContext
    ) async throws -> VerifyRollupsResponse {
        let organization = try ResourceName(request.parent, "organizations")
        let reader = try RollupReader(context, of: organization.text)
        guard reader.isAuditor || reader.isAdministrator else { throw Refusal.purposeMissing("audit") }
        let (removed, rollups) = try await runtime.database.read { snapshot in
            (
                try RollupLink.removed(of: organization.text, in: snapshot),
                try RollupTables.published(of: organization, in: snapshot)
            )
        }
        var previous: RollupLink?
        for link in removed {
            guard link.follows(previous) else {
                throw Refusal(
                    .dataLoss, "CHAIN_BROKEN",
                    "the hash of roll-up \(link.sequence) of \(organization), which went with its retention, was changed"
                )
            }
            previous = link
        }
        for rollup in rollups {
            let follows = try await runtime.database.read { [previous] snapshot in
                guard let audit = try RollupTables.audit(of: rollup.month, in: organization.text, in: snapshot) else {
                    return false
                }
                let name = try ResourceName(rollup.name, RollupTables.Form.rollups)
                return rollup.follows(
                    previous, cells: try RollupTables.allCells(of: name, in: snapshot),
                    try AssociationTables.all(of: name, in: snapshot), audit: audit)
            }
            guard follows else {
                throw Refusal(
                    .dataLoss, "CHAIN_BROKEN", "\(rollup.name) was changed after it was published, or one is missing")
            }
            previous = RollupLink(rollup)
        }
        return VerifyRollupsResponse(
            rollupCount: Int64(removed.count + rollups.count), headHash: previous?.hash ?? "",
            removedCount: Int64(removed.count))
    }

    // MARK: Access

    /// - Throws: `Refusal` PERMISSION_DENIED, NOT_PARTY for what is not published and for what is not there, the same to those
    ///   who cannot make one; NOT_FOUND to those who can.
    func rollup(_ name: ResourceName, _ context: ServerContext) async throws -> Rollup {
        let reader = try RollupReader(context, of: name.organization)
        let rollup = try await runtime.database.read { try RollupTables.rollups.find(name.text, in: $0) }
        if let rollup, reader.sees(rollup) { return rollup }
        throw reader.seesAll ? Refusal.notFound(name.text) : Refusal.notParty
    }

    /// Nothing of a roll-up is shown before it is whole, whoever asks.
    @discardableResult
    func requirePublished(_ name: ResourceName, _ context: ServerContext) async throws -> Rollup {
        let rollup = try await rollup(name, context)
        guard rollup.state == .published else {
            throw Refusal.wrongState("the roll-up", is: rollup.state, needs: "PUBLISHED")
        }
        return rollup
    }
}

/// What a caller may see of an organisation's roll-ups (docs/domain.md §6.9).
struct RollupReader: Sendable {
    private let caller: Caller

    /// - Throws: `Refusal` NOT_PARTY for everybody of another organisation.
    init(_ context: ServerContext, of organization: String) throws {
        caller = try context.caller
        guard caller.belongs(to: organization) else { throw Refusal.notParty }
    }

    var isAdministrator: Bool { caller.isProgrammeAdmin && caller.purpose == "programme_admin" }
    var isAuditor: Bool { caller.service != nil || caller.purpose == "audit" }
    var seesAll: Bool { isAdministrator || isAuditor }

    func sees(_ rollup: Rollup) -> Bool { seesAll || rollup.state == .published }

    func requireAdministrator() throws {
        guard caller.isProgrammeAdmin else {
            throw Refusal.roleForbidden("Only programme administrators do this.")
        }
        guard isAdministrator else { throw Refusal.purposeMissing("programme_admin") }
    }
}
