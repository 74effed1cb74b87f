import RPC
import Schema

extension Views {
    func getSelfAwareness(_ request: GetSelfAwarenessRequest, _ context: ServerContext) async throws -> SelfAwareness {
        throw RPCError(.unimplemented, "the self-awareness card is not built yet")
    }
}
