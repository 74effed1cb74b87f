import RPC
import Schema
import ServiceKit

extension RelationshipsService {
    /// Published with where it was before: less than 24 hours ahead by the trustee it counts as a late cancellation
    /// (docs/domain.md rule 29).
    func rescheduleSession(_ request: RescheduleSessionRequest, _ context: ServerContext) async throws -> Session {
        try await runtime.mutate(request, context, under: request.name, answering: Tables.sessions) { change in
            _ = try change.party(.trustor, .trustee)
            try change.requireActive()
            var session = try change.get(Tables.sessions, request.name)
            let before = try session.start
            let isLate = try session.reschedule(
                to: try Check.instant(request.startTime, "start_time"), minutes: request.durationMinutes,
                at: change.now)
            session = try change.save(Tables.sessions, session)
            try change.awaitAttestation(of: session)
            try change.publish("session.rescheduled.v1", session, previousStart: before, late: isLate)
            return session
        }
    }

    func cancelSession(_ request: CancelSessionRequest, _ context: ServerContext) async throws -> Session {
        try await runtime.mutate(request, context, under: request.name, answering: Tables.sessions) { change in
            let person = try change.party(.trustor, .trustee)
            try change.requireSettleable()
            var session = try change.get(Tables.sessions, request.name)
            try session.cancel(by: person, at: change.now)
            session = try change.save(Tables.sessions, session)
            try change.cancel(.sessionUnattested, for: session.name)
            try change.publish("session.cancelled.v1", session, late: session.cancellation?.late ?? false)
            return session
        }
    }

    func setSessionDepth(_ request: SetSessionDepthRequest, _ context: ServerContext) async throws -> Session {
        try await runtime.mutate(request, context, under: request.name, answering: Tables.sessions) { change in
            _ = try change.party(.trustor)
            try change.requireSettleable()
            var session = try change.get(Tables.sessions, request.name)
            guard try session.set(depth: request.depth) else { return session }
            session = try change.save(Tables.sessions, session)
            try change.publish("session.depth_set.v1", session)
            return session
        }
    }

    func addAgendaItem(_ request: AddAgendaItemRequest, _ context: ServerContext) async throws -> AgendaItem {
        try await runtime.mutate(request, context, under: request.parent, answering: Tables.agendaItems) { change in
            let author = try change.party(.trustor, .trustee)
            try change.requireActive()
            let session = try change.get(Tables.sessions, request.parent)
            let present = try change.list(
                Tables.agendaItems, parent: session.name, limit: AgendaItem.maximumPerSession)
            guard present.count < AgendaItem.maximumPerSession else {
                throw Refusal(
                    .resourceExhausted, "CAPACITY_FULL",
                    "A session has at most \(AgendaItem.maximumPerSession) agenda items.")
            }
            var item = try AgendaItem.added(
                request.agendaItem ?? AgendaItem(), name: change.newName("agendaItems", in: session.name),
                author: author, to: session, at: change.now)
            item = try change.create(Tables.agendaItems, item)
            try change.publish("agenda.item_added.v1", item, of: session.name)
            return item
        }
    }

    func getAgendaItem(_ request: GetAgendaItemRequest, _ context: ServerContext) async throws -> AgendaItem {
        try await runtime.get(context, Tables.agendaItems, request.name)
    }

    func listAgendaItems(
        _ request: ListAgendaItemsRequest, _ context: ServerContext
    ) async throws -> ListAgendaItemsResponse {
        let page = try await runtime.list(context, Tables.agendaItems, request)
        return ListAgendaItemsResponse(agendaItems: page.items, nextPageToken: page.nextPageToken)
    }
}
