import RPC
import Schema
import ServiceKit

extension RelationshipsService {
    func recordDecision(_ request: RecordDecisionRequest, _ context: ServerContext) async throws -> Decision {
        try await runtime.mutate(request, context, under: request.parent, answering: Tables.decisions) { change in
            let author = try change.party(.trustor, .trustee)
            try change.requireActive()
            let pair = change.relationship
            var decision = try Decision.recorded(
                request.decision ?? Decision(), name: change.newName("decisions", in: request.parent),
                author: author, parties: [pair.trustee, pair.trustor], at: change.now)
            decision = try change.create(Tables.decisions, decision)
            try change.publish("decision.recorded.v1", decision)
            if try decision.isExplainedInTime {
                try change.publish("decision.explained.v1", decision)
            } else if author == pair.trustee, decision.affects.contains(pair.trustor) {
                try change.schedule(
                    .decisionUnexplained, for: decision.name, at: try decision.explanationDeadline)
            }
            return decision
        }
    }

    /// In time it is decision.explained; later it is a revision: the silence has already counted.
    func explainDecision(_ request: ExplainDecisionRequest, _ context: ServerContext) async throws -> Decision {
        try await runtime.mutate(request, context, under: request.name, answering: Tables.decisions) { change in
            let person = try change.party(.trustor, .trustee)
            try change.requireActive()
            var decision = try change.get(Tables.decisions, request.name)
            try decision.explain(request.why, by: person, at: change.now)
            decision = try change.save(Tables.decisions, decision)
            let isInTime = try decision.isExplainedInTime
            if isInTime { try change.cancel(.decisionUnexplained, for: decision.name) }
            try change.publish(isInTime ? "decision.explained.v1" : "decision.revised.v1", decision)
            return decision
        }
    }

    func getDecision(_ request: GetDecisionRequest, _ context: ServerContext) async throws -> Decision {
        try await runtime.get(context, Tables.decisions, request.name)
    }

    func listDecisions(
        _ request: ListDecisionsRequest, _ context: ServerContext
    ) async throws -> ListDecisionsResponse {
        let page = try await runtime.list(context, Tables.decisions, request)
        return ListDecisionsResponse(decisions: page.items, nextPageToken: page.nextPageToken)
    }

    func recordReflectBack(
        _ request: RecordReflectBackRequest, _ context: ServerContext
    ) async throws -> ReflectBack {
        try await runtime.mutate(request, context, under: request.parent, answering: Tables.reflectBacks) { change in
            _ = try change.party(.trustee)
            try change.requireActive()
            let draft = request.reflectBack ?? ReflectBack()
            _ = try change.session(draft.session, "reflect_back.session")
            return try change.create(
                Tables.reflectBacks,
                try ReflectBack.recorded(draft, name: change.newName("reflectBacks", in: request.parent)))
        }
    }

    func judgeReflectBack(_ request: JudgeReflectBackRequest, _ context: ServerContext) async throws -> ReflectBack {
        try await runtime.mutate(request, context, under: request.name, answering: Tables.reflectBacks) { change in
            _ = try change.party(.trustor)
            try change.requireActive()
            var reflectBack = try change.get(Tables.reflectBacks, request.name)
            try reflectBack.judge(request.verdict, correction: request.correction, at: change.now)
            reflectBack = try change.save(Tables.reflectBacks, reflectBack)
            try SessionIndex.markJudged(reflectBack.session, in: change.transaction)
            try change.publish("reflect_back.judged.v1", reflectBack)
            return reflectBack
        }
    }

    func getReflectBack(_ request: GetReflectBackRequest, _ context: ServerContext) async throws -> ReflectBack {
        try await runtime.get(context, Tables.reflectBacks, request.name)
    }

    func listReflectBacks(
        _ request: ListReflectBacksRequest, _ context: ServerContext
    ) async throws -> ListReflectBacksResponse {
        let page = try await runtime.list(context, Tables.reflectBacks, request)
        return ListReflectBacksResponse(reflectBacks: page.items, nextPageToken: page.nextPageToken)
    }

    func recordContextChange(
        _ request: RecordContextChangeRequest, _ context: ServerContext
    ) async throws -> ContextChange {
        try await runtime.mutate(request, context, under: request.parent, answering: Tables.contextChanges) { change in
            let author = try change.party(.trustor, .trustee)
            try change.requireActive()
            var contextChange = try ContextChange.recorded(
                request.contextChange ?? ContextChange(),
                name: change.newName("contextChanges", in: request.parent), author: author, at: change.now)
            contextChange = try change.create(Tables.contextChanges, contextChange)
            try change.publish("context.changed.v1", contextChange)
            return contextChange
        }
    }

    func getContextChange(
        _ request: GetContextChangeRequest, _ context: ServerContext
    ) async throws -> ContextChange {
        try await runtime.get(context, Tables.contextChanges, request.name)
    }

    func listContextChanges(
        _ request: ListContextChangesRequest, _ context: ServerContext
    ) async throws -> ListContextChangesResponse {
        let page = try await runtime.list(context, Tables.contextChanges, request)
        return ListContextChangesResponse(contextChanges: page.items, nextPageToken: page.nextPageToken)
    }
}

extension Change {
    /// A session of this relationship that a request refers to.
    func session(_ name: String, _ field: String) throws -> Session {
        guard name.hasPrefix(relationship.name + "/") else {
            throw Refusal.invalid(field, "a session of the same relationship")
        }
        return try get(Tables.sessions, name)
    }

    /// Unless it was explained by the deadline, which is now.
    func leaveUnexplained(_ name: String) throws {
        guard let decision = try find(Tables.decisions, name), try !decision.isExplainedInTime else { return }
        try publish("decision.unexplained.v1", decision)
    }
}
