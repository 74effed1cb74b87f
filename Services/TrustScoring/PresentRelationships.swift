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

    /// Under what pseudonyms erased people were counted: their own, and those of their relationships. What holds them is in no
    /// later number (docs/domain.md §5.2 P7).
    func erasedMembers(of organization: String) async throws -> Set<UInt64> {
        let erased = try await database.read { try $0.erasedPeople() }.filter { $0.hasPrefix(organization + "/") }
        let relationships = (projection?.all ?? []).filter {
            erased.contains($0.trustor) || erased.contains($0.trustee)
        }
        return Set(erased.map(pseudonym)).union(relationships.map { pseudonym($0.name) })
    }
}
