import RPC
import Schema
import ServiceKit

/// Sessions around an instant: planned ones until a week ahead, those held in the week before, and disputed ones.
struct Sessions: Section {
    static let service = "rapport.relationships.v1.RelationshipsService"
    static let days = 7

    let pair: String
    let filter: String

    static func near(_ now: Instant, of pair: String) -> Sessions {
        let (start, end) = (now.adding(days: -days).text, now.adding(days: days).text)
        return Sessions(
            pair: pair,
            filter: """
                (state = SCHEDULED AND start_time < "\(end)") OR (state = HELD AND start_time > "\(start)") \
                OR state = DISPUTED
                """)
    }

    func fetch(_ channel: Channel, _ options: CallOptions) async throws -> [Session] {
        try await RelationshipsServiceClient(channel).listSessions(
            ListSessionsRequest(
                parent: pair, pageSize: ViewRequest.sectionLimit, filter: filter, orderBy: "start_time"),
            options: options
        ).sessions
    }
}

/// The session that was held last; nil when there was none.
struct LastSession: Section {
    static let service = "rapport.relationships.v1.RelationshipsService"

    let pair: String

    func fetch(_ channel: Channel, _ options: CallOptions) async throws -> Session? {
        try await RelationshipsServiceClient(channel).listSessions(
            ListSessionsRequest(parent: pair, pageSize: 1, filter: "state = HELD", orderBy: "start_time desc"),
            options: options
        ).sessions.first
    }
}

extension Fetched<[Session]> {
    var message: SessionsSection { SessionsSection(state: state, sessions: content ?? []) }
}

extension [Session] {
    /// Those that are not held yet, as far as anybody has said.
    var upcoming: [Session] { filter { $0.state == .scheduled } }
}
