import RPC
import Schema
import ServiceKit

/// How the trustee sees themselves, for their own eyes (docs/domain.md §1 S30, rule 38).
extension FeedbackService {
    func createSelfRating(_ request: CreateSelfRatingRequest, _ context: ServerContext) async throws -> SelfRating {
        throw RPCError(.unimplemented, "self-ratings are not built yet")
    }

    func getSelfRating(_ request: GetSelfRatingRequest, _ context: ServerContext) async throws -> SelfRating {
        throw RPCError(.unimplemented, "self-ratings are not built yet")
    }

    func listSelfRatings(
        _ request: ListSelfRatingsRequest, _ context: ServerContext
    ) async throws -> ListSelfRatingsResponse {
        throw RPCError(.unimplemented, "self-ratings are not built yet")
    }

    func deleteSelfRating(_ request: DeleteSelfRatingRequest, _ context: ServerContext) async throws -> SelfRating {
        throw RPCError(.unimplemented, "self-ratings are not built yet")
    }
}
