import RPC
import Schema
import ServiceKit

/// Changing what both have signed, or both saying why nothing changes.
extension GoalsService {
    func reviseGoal(_ request: ReviseGoalRequest, _ context: ServerContext) async throws -> Revision {
        let parent = try ResourceName(request.parent, "organizations", "relationships", "goals")
        if let name = request.revision?.contextChange, !name.isEmpty {
            try await requireContextChange(name, context, under: parent.parent, "revision.context_change")
        }
        return try await mutate(request, context, under: parent.text, answering: Tables.revisions) { change in
            guard let words = request.revision else { throw Refusal.invalid("revision", "is required") }
            let goal = try change.goal(parent.text)
            let others = try change.list(Tables.revisions, parent: parent.text, limit: Revision.maximumPerGoal)
            let revision = try Revision.ask(
                words, of: goal, among: others.count, named: change.newName("revisions", in: parent.text),
                by: change.actor, inTime: change.isBeforeDue(goal), at: change.now)
            return try change.insert(Tables.revisions, revision)
        }
    }

    func signRevision(_ request: SignRevisionRequest, _ context: ServerContext) async throws -> Revision {
        try await mutate(request, context, under: request.name, answering: Tables.revisions) { change in
            var revision = try change.get(Tables.revisions, request.name)
            let name = try ResourceName(
                request.name, "organizations", "relationships", "goals", "revisions"
            ).parent.text
            let before = try change.goal(name)
            var goal = before
            try revision.sign(
                by: change.actor, revising: &goal, inTime: change.isBeforeDue(before), at: change.now)
            for var other in try change.list(Tables.revisions, parent: name) where other.isOvertaken(by: revision) {
                other.overtake(at: change.now)
                _ = try change.update(Tables.revisions, other)
            }
            goal = try change.update(Tables.goals, goal)
            try change.moveDeadlines(of: goal, from: before)
            try change.publish(revision, of: goal)
            return try change.update(Tables.revisions, revision)
        }
    }

    func getRevision(_ request: GetRevisionRequest, _ context: ServerContext) async throws -> Revision {
        try await runtime.get(context, Tables.revisions, request.name)
    }

    func listRevisions(
        _ request: ListRevisionsRequest, _ context: ServerContext
    ) async throws -> ListRevisionsResponse {
        let page = try await runtime.list(context, Tables.revisions, request)
        return ListRevisionsResponse(revisions: page.items, nextPageToken: page.nextPageToken)
    }
}
