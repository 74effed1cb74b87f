import RPC
import Schema
import ServiceKit

/// Numbers of groups for an organisation (docs/domain.md §5).
extension TrustScoringService {
    func publishRollup(_ request: PublishRollupRequest, _ context: ServerContext) async throws -> Rollup {
        throw Refusal.rollupsNotBuilt
    }

    func getRollup(_ request: GetRollupRequest, _ context: ServerContext) async throws -> Rollup {
        throw Refusal.rollupsNotBuilt
    }

    func listRollups(_ request: ListRollupsRequest, _ context: ServerContext) async throws -> ListRollupsResponse {
        throw Refusal.rollupsNotBuilt
    }

    func getRollupCell(_ request: GetRollupCellRequest, _ context: ServerContext) async throws -> RollupCell {
        throw Refusal.rollupsNotBuilt
    }

    func listRollupCells(
        _ request: ListRollupCellsRequest, _ context: ServerContext
    ) async throws -> ListRollupCellsResponse {
        throw Refusal.rollupsNotBuilt
    }

    func getRollupAudit(_ request: GetRollupAuditRequest, _ context: ServerContext) async throws -> RollupAudit {
        throw Refusal.rollupsNotBuilt
    }

    func verifyRollups(
        _ request: VerifyRollupsRequest, _ context: ServerContext
    ) async throws -> VerifyRollupsResponse {
        throw Refusal.rollupsNotBuilt
    }

    func exportRollup(_ request: ExportRollupRequest, _ context: ServerContext) async throws -> RollupExport {
        throw Refusal.rollupsNotBuilt
    }

    func getRollupExport(_ request: GetRollupExportRequest, _ context: ServerContext) async throws -> RollupExport {
        throw Refusal.rollupsNotBuilt
    }

    func listRollupExports(
        _ request: ListRollupExportsRequest, _ context: ServerContext
    ) async throws -> ListRollupExportsResponse {
        throw Refusal.rollupsNotBuilt
    }
}

extension Refusal {
    fileprivate static let rollupsNotBuilt = Refusal(.unimplemented, "NOT_BUILT", "roll-ups are not built yet")
}
