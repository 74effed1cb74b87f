import RPC
import Schema

/// One person's relationships that have not ended.
struct OpenRelationships: Section {
    static let service = "rapport.relationships.v1.RelationshipsService"

    let organization: String
    let person: String
    /// `trustee` or `trustor`.
    let party: String

    func fetch(_ channel: Channel, _ options: CallOptions) async throws -> ListRelationshipsResponse {
        let over = ["ENDED", "DECLINED", "WITHDRAWN", "EXPIRED"].map { "state = \($0)" }.joined(separator: " OR ")
        return try await RelationshipsServiceClient(channel).listRelationships(
            ListRelationshipsRequest(
                parent: organization, pageSize: Views.pairLimit, filter: "\(party) = \"\(person)\" AND NOT (\(over))"),
            options: options)
    }
}

/// One relationship by its name.
struct Pair: Section {
    static let service = "rapport.relationships.v1.RelationshipsService"

    let name: String

    func fetch(_ channel: Channel, _ options: CallOptions) async throws -> Relationship {
        try await RelationshipsServiceClient(channel).getRelationship(
            GetRelationshipRequest(name: name), options: options)
    }
}

extension Fetched<Relationship> {
    var message: RelationshipSection { RelationshipSection(state: state, relationship: content) }
}
