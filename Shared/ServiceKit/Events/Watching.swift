import RPC
import Schema
import Storage

extension Runtime {
    /// Open watches of one relationship at one service: both parties, each with several windows and devices.
    static let watchersPerRelationship = 32

    /// Streams what happens to a relationship in this service, as it commits, until the caller goes or the service
    /// drains.
    ///
    /// - Parameters:
    ///   - resumeToken: what came with the last event that the caller has seen: what was missed comes first. Empty
    ///     begins with what comes from now on.
    ///   - visible: whether the caller may learn of an event.
    ///   - begin: called once, before any event, with a token for a caller who sees none.
    ///   - write: one event, and the token behind it.
    /// - Throws: `Refusal` RESOURCE_EXHAUSTED, TOO_MANY_WATCHERS; INVALID_ARGUMENT for a token of another list or
    ///   database: the caller reads anew what it needs and watches without one.
    public func watch(
        _ context: ServerContext, under name: String, resumeToken: String,
        visible: @Sendable @escaping (Event, Access) -> Bool = { _, _ in true },
        begin: @Sendable @escaping (String) async throws -> Void,
        write: @Sendable @escaping (Event, String) async throws -> Void
    ) async throws {
        let access = try await access(context, under: ResourceName(name, "organizations", "relationships").text)
        let scope = access.relationship.name
        try beginWatching(scope)
        defer { endWatching(scope) }
        let arguments = Array("\(context.method) \(scope)".utf8)
        let cursor: Storage.Cursor
        if resumeToken.isEmpty {
            cursor = try await database.read { try $0.outboxEnd() }
        } else {
            guard let bytes = try? pageTokens.open(resumeToken, arguments: arguments),
                let found = try? Storage.Cursor(message: Schema.Cursor(serialized: bytes))
            else { throw Refusal.unknownResumeToken }
            cursor = found
        }
        @Sendable func token(_ position: Int64) throws -> String {
            try pageTokens.seal(
                Storage.Cursor(epoch: cursor.epoch, position: position).message.serialized(), arguments: arguments)
        }
        try await draining.run { [self] in
            try await begin(token(cursor.position))
            for try await batch in database.outbox.tail(after: cursor, scope: scope) {
                guard case .events(let events, _) = batch else { throw Refusal.unknownResumeToken }
                for stored in events {
                    let event = try Event(serialized: stored.payload)
                    if visible(event, access) { try await write(event, token(stored.position)) }
                }
            }
        }
    }
}

extension Runtime {
    private func beginWatching(_ scope: String) throws {
        let isOne = watches.withLock { watches in
            guard watches[scope, default: 0] < Runtime.watchersPerRelationship else { return false }
            watches[scope, default: 0] += 1
            return true
        }
        guard isOne else {
            throw Refusal(
                .resourceExhausted, "TOO_MANY_WATCHERS",
                "\(Runtime.watchersPerRelationship) streams watch this relationship already; end one of them")
        }
    }

    private func endWatching(_ scope: String) {
        watches.withLock { watches in
            watches[scope, default: 1] -= 1
            if watches[scope] == 0 { watches[scope] = nil }
        }
    }
}

extension Refusal {
    fileprivate static let unknownResumeToken = Refusal.invalid(
        "resume_token", "is of another stream or database; read anew what you need and watch without it")
}
