import RPC
import Schema
import Storage

/// Serves a service's outbox to the other services, in the order of its commits.
struct EventsFeed: EventsServiceHandlers {
    let runtime: Runtime

    func watchEvents(
        _ request: WatchEventsRequest, _ context: ServerContext, _ responses: ResponseWriter<WatchEventsResponse>
    ) async throws {
        guard try context.caller.service != nil else {
            throw Refusal.roleForbidden("events are for Rapport's own services")
        }
        let cursor = try request.cursor.flatMap(Storage.Cursor.init(message:))
        let outbox = runtime.database.outbox
        try await runtime.draining.run {
            for try await batch in outbox.tail(after: cursor) {
                switch batch {
                case .events(let events, let next):
                    try await responses.write(
                        WatchEventsResponse(
                            events: try events.map { try Event(serialized: $0.payload) }, cursor: next.message,
                            newestPosition: max(outbox.position, next.position)))
                case .rebuild:
                    throw Refusal(
                        .failedPrecondition, "CURSOR_LOST",
                        "the cursor belongs to another database or lies beyond the end: rebuild from the beginning")
                }
            }
        }
    }
}

extension Storage.Cursor {
    /// Nil for the beginning.
    init?(message: Schema.Cursor) throws {
        if message.epoch.isEmpty, message.position == 0 { return nil }
        guard let epoch = Identifier(message.epoch) else { throw Refusal.invalid("cursor.epoch", "must be a UUID") }
        self.init(epoch: epoch, position: message.position)
    }

    var message: Schema.Cursor {
        Schema.Cursor(epoch: epoch.description, position: position)
    }
}
