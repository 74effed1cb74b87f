import RPC
import Schema
import ServiceKit

extension RelationshipsService {
    func requestRematch(_ request: RequestRematchRequest, _ context: ServerContext) async throws -> Rematch {
        throw Refusal(.unimplemented, "UNIMPLEMENTED", "This is not built yet.")
    }

    func getRematch(_ request: GetRematchRequest, _ context: ServerContext) async throws -> Rematch {
        throw Refusal(.unimplemented, "UNIMPLEMENTED", "This is not built yet.")
    }

    func listRematches(_ request: ListRematchesRequest, _ context: ServerContext) async throws -> ListRematchesResponse {
        throw Refusal(.unimplemented, "UNIMPLEMENTED", "This is not built yet.")
    }
}
