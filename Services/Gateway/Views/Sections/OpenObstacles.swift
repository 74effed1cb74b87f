import RPC
import Schema
import ServiceKit

/// What stands in the way and was told to the other: what is new or not acknowledged yet.
struct OpenObstacles: Section {
    static let service = "rapport.goals.v1.GoalsService"
    /// In which an obstacle is new; a pattern is looked for over as many.
    static let days = 28

    let pair: String
    let since: Instant

    func fetch(_ channel: Channel, _ options: CallOptions) async throws -> [Obstacle] {
        try await GoalsServiceClient(channel).listObstacles(
            ListObstaclesRequest(
                parent: pair, pageSize: ViewRequest.sectionLimit,
                filter: "level != SEALED AND (acknowledged = false OR create_time > \"\(since.text)\")",
                orderBy: "create_time desc"), options: options
        ).obstacles
    }
}

extension Fetched<[Obstacle]> {
    var message: ObstaclesSection { ObstaclesSection(state: state, obstacles: content ?? []) }
}
