import RPC
import Schema
import ServiceKit
import Storage

/// What happens to goals, as it is committed: both parties see all of it.
extension GoalsService {
    func watchGoals(
        _ request: WatchGoalsRequest, _ context: ServerContext, _ responses: ResponseWriter<WatchGoalsResponse>
    ) async throws {
        let parent = try ResourceName(request.parent, "organizations", "relationships").text
        let access = try await runtime.access(context, under: parent)
        try await runtime.watch(context, under: parent, resumeToken: request.resumeToken) { token in
            try await responses.write(WatchGoalsResponse(resumeToken: token))
        } write: { [runtime] event, token in
            guard let resource = try await runtime.database.read({ try Self.resource(of: event, in: $0) }) else {
                return
            }
            if case .obstacle(let obstacle) = resource { try await runtime.note([obstacle], readBy: access) }
            try await responses.write(
                WatchGoalsResponse(
                    resumeToken: token, event: event.type, occurredAt: event.occurredAt, resource: resource))
        }
    }

    private static func resource(of event: Event, in snapshot: Snapshot) throws -> WatchGoalsResponse.Resource? {
        func goal(_ name: String) throws -> WatchGoalsResponse.Resource? {
            try Tables.goals.find(name, in: snapshot).map { .goal($0) }
        }
        switch event.payload {
        case .goalChanged(let change): return try goal(change.goal)
        case .revisionChanged(let change): return try goal(change.goal)
        case .checkInChanged(let change) where change.checkIn.isEmpty: return try goal(change.goal)
        case .checkInChanged(let change):
            return try Tables.checkIns.find(change.checkIn, in: snapshot).map { .checkIn($0) }
        case .obstacleChanged(let change):
            return try Tables.obstacles.find(change.obstacle, in: snapshot).map { .obstacle($0) }
        case .supportPlanned(let planned):
            return try Tables.supportActions.find(planned.supportAction, in: snapshot).map { .supportAction($0) }
        case .attainmentChanged(let change):
            return try Tables.attainments.find(change.attainment, in: snapshot).map { .attainment($0) }
        case .opportunityOffered(let offer):
            return try Tables.opportunities.find(offer.opportunity, in: snapshot).map { .opportunity($0) }
        default: return nil
        }
    }
}
