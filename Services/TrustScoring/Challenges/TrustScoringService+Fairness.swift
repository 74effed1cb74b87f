import RPC
import Schema
import ServiceKit
import TrustModel

extension TrustScoringService {
    /// A coach looks at their own evenness (docs/domain.md §4.4 a).
    /// - Throws: `Refusal` PERMISSION_DENIED for everybody else, and without the purpose `coaching`.
    func getFairnessView(_ request: GetFairnessViewRequest, _ context: ServerContext) async throws -> FairnessView {
        let suffix = "/fairnessView"
        guard request.name.hasSuffix(suffix) else {
            throw Refusal(
                .invalidArgument, "BAD_NAME",
                "a resource name of the form organizations/*/people/*/fairnessView is needed")
        }
        let person = try ResourceName(String(request.name.dropLast(suffix.count)), "organizations", "people")
        let caller = try context.caller
        guard caller.person == person.text else { throw Refusal.notParty }
        guard caller.purpose == "coaching" else { throw Refusal.purposeMissing("coaching") }
        let relationships = (runtime.projection?.relationships(trustee: person.text) ?? []).filter {
            [.active, .paused, .ending].contains($0.state)
        }
        let now = Instant(runtime.clock.now)
        let inputs = try await runtime.database.read { try FairnessInputs.read(relationships, at: now, in: $0) }
        // Ten thousand deals are not for an event loop.
        return await Task.detached { inputs.view(of: person.text, at: now) }.value
    }
}
