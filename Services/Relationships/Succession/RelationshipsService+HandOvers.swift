import RPC
import Schema
import ServiceKit

extension RelationshipsService {
    func handOverRelationship(_ request: HandOverRelationshipRequest, _ context: ServerContext) async throws -> HandOver {
        throw Refusal(.unimplemented, "UNIMPLEMENTED", "This is not built yet.")
    }

    func consentToHandOver(_ request: ConsentToHandOverRequest, _ context: ServerContext) async throws -> HandOver {
        throw Refusal(.unimplemented, "UNIMPLEMENTED", "This is not built yet.")
    }

    func getHandOver(_ request: GetHandOverRequest, _ context: ServerContext) async throws -> HandOver {
        throw Refusal(.unimplemented, "UNIMPLEMENTED", "This is not built yet.")
    }

    func listHandOvers(_ request: ListHandOversRequest, _ context: ServerContext) async throws -> ListHandOversResponse {
        throw Refusal(.unimplemented, "UNIMPLEMENTED", "This is not built yet.")
    }
}
