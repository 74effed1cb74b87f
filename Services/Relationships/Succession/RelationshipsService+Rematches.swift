import RPC
import Schema
import ServiceKit
import Storage

extension RequestRematchRequest: Mutation {}
extension ListRematchesRequest: ListRequest {}

/// Another partner without blame: reason and words are the asker's, and the programme's as far as the asker says so
/// (docs/domain.md §6.1, S43).
extension RelationshipsService {
    func requestRematch(_ request: RequestRematchRequest, _ context: ServerContext) async throws -> Rematch {
        let name = try ResourceName(request.name, "organizations", "relationships")
        return try await runtime.mutate(request, context, under: name.text, answering: Tables.rematches) {
            change in
            let person = try change.party(.trustor, .trustee)
            var relationship = try change.get(Tables.relationships, name.text)
            guard request.etag.isEmpty || request.etag == relationship.etag else { throw Refusal.etagMismatch }
            let since = try relationship.rematch(at: change.now)
            if let since { try change.endPause(of: relationship, since: since) }
            let end = change.now.adding(days: Span.endingDays)
            var rematch = try Rematch.asked(
                request, name: change.newName("rematches", in: name.text), by: person, end: end)
            rematch.waitlistEntry = try change.wait(relationship.trustor, in: relationship.programme)
            try change.schedule(.relationshipEnds, for: name.text, at: end)
            // Both have room for somebody else from now on, and are not matched with each other again.
            try change.closePair(relationship)
            _ = try change.publish("relationship.rematching.v1", saving: relationship, pausedSince: since)
            return try change.create(Tables.rematches, rematch)
        }
    }

    func getRematch(_ request: GetRematchRequest, _ context: ServerContext) async throws -> Rematch {
        let name = try ResourceName(request.name, Tables.Form.rematches)
        let reader = try await rematchReader(context, of: name.parent)
        return try await runtime.database.read { snapshot in
            guard let rematch = try Tables.rematches.find(name.text, in: snapshot), reader.sees(rematch) else {
                throw Refusal.notFound(name.text)
            }
            return reader.shown(rematch)
        }
    }

    func listRematches(_ request: ListRematchesRequest, _ context: ServerContext) async throws -> ListRematchesResponse
    {
        let parent = try ResourceName(request.parent, "organizations", "relationships")
        let reader = try await rematchReader(context, of: parent)
        let page = try await runtime.page(
            context, Tables.rematches, request, hiding: reader.isAdministrator ? ["note"] : [],
            visible: { reader.sees($0) })
        return ListRematchesResponse(rematches: page.items.map(reader.shown), nextPageToken: page.nextPageToken)
    }

    private func rematchReader(_ context: ServerContext, of relationship: ResourceName) async throws -> RematchReader {
        let isAdministrator = try await !isParty(context, of: relationship)
        return RematchReader(person: try context.caller.person ?? "", isAdministrator: isAdministrator)
    }
}

/// The asker, the partner who learns nothing of it, or an administrator of the programme.
private struct RematchReader: Sendable {
    let person: String
    let isAdministrator: Bool

    func sees(_ rematch: Rematch) -> Bool { isAdministrator || rematch.askedBy == person }
    func shown(_ rematch: Rematch) -> Rematch { isAdministrator ? rematch.seenByProgramme : rematch }
}
