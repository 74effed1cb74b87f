import RPC
import Schema
import ServiceKit

extension GoalsService {
    func listVisibility(_ request: ListVisibilityRequest, _ context: ServerContext) async throws
        -> ListVisibilityResponse
    {
        throw Refusal(.unimplemented, "NOT_BUILT", "not built yet")
    }
}
