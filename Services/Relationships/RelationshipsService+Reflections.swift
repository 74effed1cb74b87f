import RPC
import Schema
import ServiceKit

extension RelationshipsService {
    /// The first opens a round, the second ends it; a week ends it as well.
    func submitReflection(
        _ request: SubmitReflectionRequest, _ context: ServerContext
    ) async throws -> Schema.Reflection {
        try await runtime.mutate(request, context, under: request.parent, answering: Tables.reflections) { change in
            let person = try change.party(.trustor, .trustee)
            guard [.active, .ending].contains(change.relationship.state) else { throw Refusal.notActive }
            let waiting = try change.waitingReflections()
            guard !waiting.contains(where: { $0.party == person }) else {
                throw Refusal.wrongState("reflection", is: "SUBMITTED", needs: "the other party's, or a week")
            }
            var reflection = try Schema.Reflection.submitted(
                request.reflection ?? Schema.Reflection(), name: change.newName("reflections", in: request.parent),
                party: person, in: change.relationship.name)
            for action in reflection.actions { _ = try change.get(Tables.commitments, action) }
            reflection = try change.create(Tables.reflections, reflection)
            guard let first = waiting.first else {
                try change.schedule(
                    .reflectionReveals, for: reflection.name, at: change.now.adding(days: Span.revealDays))
                return reflection
            }
            try change.cancel(.reflectionReveals, for: first.name)
            let revealed = try change.reveal([first, reflection])
            return revealed.last ?? reflection
        }
    }

    func getReflection(_ request: GetReflectionRequest, _ context: ServerContext) async throws -> Schema.Reflection {
        try await runtime.get(context, Tables.reflections, request.name) { reflection, access in
            reflection.isReadable(by: access.caller.person)
        }
    }

    func listReflections(
        _ request: ListReflectionsRequest, _ context: ServerContext
    ) async throws -> ListReflectionsResponse {
        let page = try await runtime.list(context, Tables.reflections, request) { reflection, access in
            reflection.isReadable(by: access.caller.person)
        }
        return ListReflectionsResponse(reflections: page.items, nextPageToken: page.nextPageToken)
    }
}

extension Change {
    /// At most one: two end a round.
    fileprivate func waitingReflections() throws -> [Schema.Reflection] {
        try Tables.reflections.list(
            parent: ResourceName(relationship.name, "organizations", "relationships"), state: 1, limit: 2,
            in: transaction)
    }

    fileprivate func reveal(_ reflections: [Schema.Reflection]) throws -> [Schema.Reflection] {
        let revealed = try reflections.map { reflection in
            var reflection = reflection
            reflection.reveal(at: now)
            return try save(Tables.reflections, reflection)
        }
        try publish("reflection.completed.v1", revealed)
        return revealed
    }

    /// The other one stayed silent.
    func revealReflection(_ name: String) throws {
        guard let reflection = try find(Tables.reflections, name), !reflection.isRevealed else { return }
        _ = try reveal([reflection])
    }
}
