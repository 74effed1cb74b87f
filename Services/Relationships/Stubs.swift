import RPC
import Schema
import ServiceKit

extension RelationshipsService {
    func agreeNoteLevel(_ request: AgreeNoteLevelRequest, _ context: ServerContext) async throws -> Note {
        throw Refusal(.unimplemented, "NOT_BUILT", "not built yet")
    }

    func createSharingRequest(_ request: CreateSharingRequestRequest, _ context: ServerContext) async throws
        -> SharingRequest
    {
        throw Refusal(.unimplemented, "NOT_BUILT", "not built yet")
    }

    func approveSharingItem(_ request: ApproveSharingItemRequest, _ context: ServerContext) async throws
        -> SharingRequest
    {
        throw Refusal(.unimplemented, "NOT_BUILT", "not built yet")
    }

    func denySharingItem(_ request: DenySharingItemRequest, _ context: ServerContext) async throws -> SharingRequest {
        throw Refusal(.unimplemented, "NOT_BUILT", "not built yet")
    }

    func recallSharing(_ request: RecallSharingRequest, _ context: ServerContext) async throws -> SharingRequest {
        throw Refusal(.unimplemented, "NOT_BUILT", "not built yet")
    }

    func getSharingRequest(_ request: GetSharingRequestRequest, _ context: ServerContext) async throws -> SharingRequest
    {
        throw Refusal(.unimplemented, "NOT_BUILT", "not built yet")
    }

    func listSharingRequests(_ request: ListSharingRequestsRequest, _ context: ServerContext) async throws
        -> ListSharingRequestsResponse
    {
        throw Refusal(.unimplemented, "NOT_BUILT", "not built yet")
    }

    func requestBreakGlass(_ request: RequestBreakGlassRequest, _ context: ServerContext) async throws -> BreakGlassCase
    {
        throw Refusal(.unimplemented, "NOT_BUILT", "not built yet")
    }

    func approveBreakGlass(_ request: ApproveBreakGlassRequest, _ context: ServerContext) async throws -> BreakGlassCase
    {
        throw Refusal(.unimplemented, "NOT_BUILT", "not built yet")
    }

    func refuseBreakGlass(_ request: RefuseBreakGlassRequest, _ context: ServerContext) async throws -> BreakGlassCase {
        throw Refusal(.unimplemented, "NOT_BUILT", "not built yet")
    }

    func closeBreakGlass(_ request: CloseBreakGlassRequest, _ context: ServerContext) async throws -> BreakGlassCase {
        throw Refusal(.unimplemented, "NOT_BUILT", "not built yet")
    }

    func getBreakGlassCase(_ request: GetBreakGlassCaseRequest, _ context: ServerContext) async throws -> BreakGlassCase
    {
        throw Refusal(.unimplemented, "NOT_BUILT", "not built yet")
    }

    func listBreakGlassCases(_ request: ListBreakGlassCasesRequest, _ context: ServerContext) async throws
        -> ListBreakGlassCasesResponse
    {
        throw Refusal(.unimplemented, "NOT_BUILT", "not built yet")
    }

    func checkViewingRight(_ request: CheckViewingRightRequest, _ context: ServerContext) async throws
        -> CheckViewingRightResponse
    {
        throw Refusal(.unimplemented, "NOT_BUILT", "not built yet")
    }

    func listVisibility(_ request: ListVisibilityRequest, _ context: ServerContext) async throws
        -> ListVisibilityResponse
    {
        throw Refusal(.unimplemented, "NOT_BUILT", "not built yet")
    }
}
