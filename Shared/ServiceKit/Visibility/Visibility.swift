import RPC
import Schema
import Storage

/// One kind of resource of which it can be told who reads it.
public struct VisibleKind: Sendable {
    let collections: [String]
    /// Which of the two can read it; nil where the asker cannot.
    let viewers: @Sendable (String, Snapshot, Access) throws -> [Viewer]?

    /// - Parameter visible: as the resource's own Get decides it.
    public init<R: Resource>(
        _ table: Table<R>, visible: @Sendable @escaping (R, Access) -> Bool = { _, _ in true }
    ) {
        collections = table.collections
        viewers = { name, snapshot, access in
            guard let resource = try table.find(name, in: snapshot), visible(resource, access) else { return nil }
            let relationship = access.relationship
            return [relationship.trustor, relationship.trustee].filter { visible(resource, access.seen(by: $0)) }.map {
                Viewer(person: $0, right: $0 == resource.writer ? .author : .party)
            }
        }
    }
}

extension Runtime {
    /// Who can read something, and who else than its author has (docs/domain.md §6.9).
    /// - Throws: `Refusal` NOT_FOUND for what the caller cannot read.
    public func visibility(
        _ request: ListVisibilityRequest, _ context: ServerContext, of kinds: [VisibleKind]
    ) async throws -> ListVisibilityResponse {
        let kind = kinds.first { (try? ResourceName(request.name, $0.collections)) != nil }
        let access = try await access(context, under: request.name)
        // Other services ask for the grants of what is theirs.
        guard kind != nil || access.caller.service != nil else {
            throw Refusal(.invalidArgument, "BAD_NAME", "name: this service tells of no such resource", field: "name")
        }
        let now = clock.now
        let first = request.pageToken.isEmpty
        let parties: [Viewer] = try await database.read { snapshot in
            guard let kind else { return [] }
            guard let viewers = try kind.viewers(request.name, snapshot, access) else {
                throw Refusal.notFound(request.name)
            }
            return viewers
        }
        let granted = first ? try await grantedViewers(of: request.name, at: now) : []
        let page = try await page(
            context, under: request.name, pageSize: request.pageSize, pageToken: request.pageToken
        ) { snapshot, _, position, limit in
            try Viewings.read(of: request.name, at: now, after: position, limit: limit, in: snapshot)
        }
        return ListVisibilityResponse(
            viewers: first ? parties + granted : [], viewings: page.items, nextPageToken: page.nextPageToken)
    }

    /// Those of which the parties may know.
    private func grantedViewers(of name: String, at now: Instant) async throws -> [Viewer] {
        if let grantSource {
            return try await database.read { snapshot in
                try grantSource.grants(of: name, to: nil, at: now, in: snapshot)
                    .filter { !$0.isSilent(at: now) }.map(\.viewer)
            }
        }
        guard let channel = channels["relationships"] else { return [] }
        do {
            return try await RelationshipsServiceClient(channel).listVisibility(
                ListVisibilityRequest(name: name), options: workloadOptions()
            ).viewers
        } catch is RPCError {
            throw Refusal.relationshipsDown
        }
    }
}
