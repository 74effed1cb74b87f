import Schema
import ServiceKit

extension Runtime {
    /// The relationships that reports about groups look at, in the order of their names: those that are not being imported, of
    /// people of whom nobody was erased (docs/domain.md §5.2 P7).
    func presentRelationships(of organization: String) async throws -> [Relationship] {
        let erased = try await database.read { try $0.erasedPeople() }
        return (projection?.all ?? []).filter {
            $0.name.hasPrefix(organization + "/") && !$0.importing && !erased.contains($0.trustor)
                && !erased.contains($0.trustee)
        }.sorted { $0.name < $1.name }
    }
}
