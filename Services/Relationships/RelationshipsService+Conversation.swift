import RPC
import Schema
import ServiceKit

extension RelationshipsService {
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
            try change.requireSettleable()
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

    /// What Goals knows of answers to it has come here by its events (docs/domain.md rule 12).
    func reportContextIgnored(
        _ request: ReportContextIgnoredRequest, _ context: ServerContext
    ) async throws -> ContextChange {
        try await runtime.mutate(request, context, under: request.name, answering: Tables.contextChanges) { change in
            _ = try change.party(.trustor)
            try change.requireSettleable()
            var contextChange = try change.get(Tables.contextChanges, request.name)
            try contextChange.reportIgnored(
                adapted: try ContextAnswers.isAnswered(contextChange.name, in: change.transaction), at: change.now,
                in: change.relationship)
            contextChange = try change.save(Tables.contextChanges, contextChange)
            try change.publish("context.ignored.v1", contextChange)
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
}
