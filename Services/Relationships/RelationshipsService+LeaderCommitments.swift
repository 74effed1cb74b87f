import RPC
import Schema
import ServiceKit

extension RelationshipsService {
    func createLeaderCommitment(_ request: CreateLeaderCommitmentRequest, _ context: ServerContext) async throws -> LeaderCommitment {
        throw Refusal(.unimplemented, "UNIMPLEMENTED", "This is not built yet.")
    }

    func settleLeaderCommitment(_ request: SettleLeaderCommitmentRequest, _ context: ServerContext) async throws -> LeaderCommitment {
        throw Refusal(.unimplemented, "UNIMPLEMENTED", "This is not built yet.")
    }

    func getLeaderCommitment(_ request: GetLeaderCommitmentRequest, _ context: ServerContext) async throws -> LeaderCommitment {
        throw Refusal(.unimplemented, "UNIMPLEMENTED", "This is not built yet.")
    }

    func listLeaderCommitments(_ request: ListLeaderCommitmentsRequest, _ context: ServerContext) async throws -> ListLeaderCommitmentsResponse {
        throw Refusal(.unimplemented, "UNIMPLEMENTED", "This is not built yet.")
    }
}
