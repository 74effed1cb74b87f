import RPC
import Schema
import ServiceKit

/// Looking at goals between reviews.
extension GoalsService {
    func recordCheckIn(_ request: RecordCheckInRequest, _ context: ServerContext) async throws -> CheckIn {
        let parent = try ResourceName(request.parent, "organizations", "relationships", "goals")
        return try await mutate(request, context, under: parent.text, answering: Tables.checkIns) { change in
            guard let words = request.checkIn else { throw Refusal.invalid("check_in", "is required") }
            var goal = try change.goal(parent.text)
            var diary = try change.diary(of: goal)
            let checkIn = try CheckIn.record(
                words, of: goal, in: &diary, named: change.newName("checkIns", in: parent.text), by: change.actor,
                at: change.now)
            for obstacle in checkIn.obstacles { _ = try change.get(Tables.obstacles, obstacle) }
            try change.store(diary, of: goal)
            try change.publish(checkIn, of: goal)
            let state = goal.state
            let isNewRisk = goal.note(confidence: checkIn.confidence, at: change.now)
            if goal.state != state { goal = try change.update(Tables.goals, goal) }
            if isNewRisk { try change.publishRisk(of: goal) }
            return try change.insert(Tables.checkIns, checkIn)
        }
    }

    func getCheckIn(_ request: GetCheckInRequest, _ context: ServerContext) async throws -> CheckIn {
        try await runtime.get(context, Tables.checkIns, request.name)
    }

    func listCheckIns(_ request: ListCheckInsRequest, _ context: ServerContext) async throws -> ListCheckInsResponse {
        let page = try await runtime.list(context, Tables.checkIns, request)
        return ListCheckInsResponse(checkIns: page.items, nextPageToken: page.nextPageToken)
    }
}
