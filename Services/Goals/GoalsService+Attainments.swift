import RPC
import Schema
import ServiceKit

/// How far goals got, recorded by one party and countersigned by the other.
extension GoalsService {
    func recordAttainment(_ request: RecordAttainmentRequest, _ context: ServerContext) async throws -> Attainment {
        let parent = try ResourceName(request.parent, "organizations", "relationships", "goals")
        return try await mutate(request, context, under: parent.text, answering: Tables.attainments) { change in
            guard let words = request.attainment else { throw Refusal.invalid("attainment", "is required") }
            let attainment = try Attainment.record(
                words, of: change.goal(parent.text),
                among: change.list(Tables.attainments, parent: parent.text, limit: Attainment.maximumPerGoal),
                named: change.newName("attainments", in: parent.text), by: change.actor, at: change.now)
            return try change.insert(Tables.attainments, attainment)
        }
    }

    func countersignAttainment(
        _ request: CountersignAttainmentRequest, _ context: ServerContext
    ) async throws -> Attainment {
        try await mutate(request, context, under: request.name, answering: Tables.attainments) { change in
            var attainment = try change.get(Tables.attainments, request.name)
            let goalName = try ResourceName(
                attainment.name, "organizations", "relationships", "goals", "attainments"
            ).parent.text
            var goal = try change.goal(goalName)
            try attainment.countersign(by: change.actor, at: change.now)
            try goal.requireUnderWay()
            try change.publishCountersignature(of: attainment, of: goal)
            if attainment.reviewPoint == .final {
                try goal.decide(
                    level: attainment.level, hasOpenExternal: change.hasOpenExternalObstacle(of: goal), at: change.now)
                try change.close(goal)
                goal = try change.update(Tables.goals, goal)
                try change.publishOutcome(of: goal)
            }
            return try change.update(Tables.attainments, attainment)
        }
    }

    func getAttainment(_ request: GetAttainmentRequest, _ context: ServerContext) async throws -> Attainment {
        try await runtime.get(context, Tables.attainments, request.name)
    }

    func listAttainments(
        _ request: ListAttainmentsRequest, _ context: ServerContext
    ) async throws -> ListAttainmentsResponse {
        let page = try await runtime.list(context, Tables.attainments, request)
        return ListAttainmentsResponse(attainments: page.items, nextPageToken: page.nextPageToken)
    }
}
