import RPC
import Schema
import ServiceKit

/// Support that one party promises the other.
extension GoalsService {
    func addSupportAction(
        _ request: AddSupportActionRequest, _ context: ServerContext
    ) async throws -> SupportAction {
        let parent = try ResourceName(request.parent, "organizations", "relationships")
        if let name = request.supportAction?.contextChange, !name.isEmpty {
            try await requireContextChange(name, context, under: parent, "support_action.context_change")
        }
        return try await mutate(request, context, under: parent.text, answering: Tables.supportActions) { change in
            guard let words = request.supportAction else { throw Refusal.invalid("support_action", "is required") }
            let name = change.newName("supportActions", in: parent.text)
            let action = try SupportAction.promise(words, named: name, by: change.actor, at: change.now)
            if !action.goal.isEmpty { _ = try change.goal(action.goal) }
            let adapts = change.role == .trustee && !action.contextChange.isEmpty
            let isFirst =
                try adapts
                && ContextChanges.answer(action.contextChange, with: action.name, in: change.transaction)
            try SupportDelivery.enqueue(action, in: change.transaction)
            try change.publishPromise(action, isFirstAdaptation: isFirst)
            return try change.insert(Tables.supportActions, action)
        }
    }

    /// Known from events, or its owner is asked once: events may be behind.
    /// - Throws: NOT_FOUND when there is none; UNAVAILABLE, DEPENDENCY_DOWN when the owner cannot be asked.
    func requireContextChange(
        _ text: String, _ context: ServerContext, under parent: ResourceName, _ field: String
    ) async throws {
        let isKnown = try await runtime.read(context, under: parent.text) { snapshot, _ in
            let name = try ResourceName(text, "organizations", "relationships", "contextChanges")
            guard name.parent == parent else {
                throw Refusal.invalid(field, "belongs to another relationship")
            }
            return try ContextChanges.isKnown(text, in: snapshot)
        }
        guard !isKnown else { return }
        do {
            let relationships = RelationshipsServiceClient(try runtime.call("relationships"))
            _ = try await relationships.getContextChange(
                GetContextChangeRequest(name: text), options: try await runtime.workloadOptions())
        } catch let error as RPCError where [.notFound, .permissionDenied, .invalidArgument].contains(error.code) {
            throw Refusal.notFound(text)
        } catch is RPCError {
            throw Refusal(
                .unavailable, "DEPENDENCY_DOWN",
                "the relationships service cannot be asked for the change of context now")
        }
    }

    func getSupportAction(
        _ request: GetSupportActionRequest, _ context: ServerContext
    ) async throws -> SupportAction {
        try await runtime.get(context, Tables.supportActions, request.name)
    }

    func listSupportActions(
        _ request: ListSupportActionsRequest, _ context: ServerContext
    ) async throws -> ListSupportActionsResponse {
        let page = try await runtime.list(context, Tables.supportActions, request)
        return ListSupportActionsResponse(supportActions: page.items, nextPageToken: page.nextPageToken)
    }
}
