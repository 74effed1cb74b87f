import RPC
import Schema
import ServiceKit

extension TrustScoringService {
    func runFairness(_ request: RunFairnessRequest, _ context: ServerContext) async throws -> FairnessRun {
        throw Refusal(.unimplemented, "UNIMPLEMENTED", "This is not built yet.")
    }

    func getFairnessRun(_ request: GetFairnessRunRequest, _ context: ServerContext) async throws -> FairnessRun {
        throw Refusal(.unimplemented, "UNIMPLEMENTED", "This is not built yet.")
    }

    func listFairnessRuns(_ request: ListFairnessRunsRequest, _ context: ServerContext) async throws -> ListFairnessRunsResponse {
        throw Refusal(.unimplemented, "UNIMPLEMENTED", "This is not built yet.")
    }

    func cancelFairnessRun(_ request: CancelFairnessRunRequest, _ context: ServerContext) async throws -> FairnessRun {
        throw Refusal(.unimplemented, "UNIMPLEMENTED", "This is not built yet.")
    }
}
