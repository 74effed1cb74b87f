import RPC
import Schema
import ServiceKit

extension RelationshipsService {
    func declareAttribute(_ request: DeclareAttributeRequest, _ context: ServerContext) async throws -> ProtectedAttribute {
        throw Refusal(.unimplemented, "UNIMPLEMENTED", "This is not built yet.")
    }

    func getProtectedAttribute(_ request: GetProtectedAttributeRequest, _ context: ServerContext) async throws -> ProtectedAttribute {
        throw Refusal(.unimplemented, "UNIMPLEMENTED", "This is not built yet.")
    }

    func listProtectedAttributes(_ request: ListProtectedAttributesRequest, _ context: ServerContext) async throws -> ListProtectedAttributesResponse {
        throw Refusal(.unimplemented, "UNIMPLEMENTED", "This is not built yet.")
    }

    func deleteProtectedAttribute(_ request: DeleteProtectedAttributeRequest, _ context: ServerContext) async throws -> ProtectedAttribute {
        throw Refusal(.unimplemented, "UNIMPLEMENTED", "This is not built yet.")
    }

    func collectFairnessGroups(
        _ request: CollectFairnessGroupsRequest, _ context: ServerContext, _ responses: ResponseWriter<CollectFairnessGroupsResponse>
    ) async throws {
        throw Refusal(.unimplemented, "UNIMPLEMENTED", "This is not built yet.")
    }
}
