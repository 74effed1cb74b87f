import RPC
import Schema
import ServiceKit

extension GoalsService {
    private static let visibleKinds = [
        VisibleKind(Tables.goals), VisibleKind(Tables.checkIns), VisibleKind(Tables.revisions),
        VisibleKind(Tables.attainments), VisibleKind(Tables.obstacles), VisibleKind(Tables.opportunities),
        VisibleKind(Tables.supportActions),
    ]

    func listVisibility(
        _ request: ListVisibilityRequest, _ context: ServerContext
    ) async throws -> ListVisibilityResponse {
        try await runtime.visibility(request, context, of: Self.visibleKinds)
    }
}
