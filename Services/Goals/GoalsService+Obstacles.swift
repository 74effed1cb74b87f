import RPC
import Schema
import ServiceKit
import Storage

/// What stands in the way, and what the other party says to it.
extension GoalsService {
    func addObstacle(_ request: AddObstacleRequest, _ context: ServerContext) async throws -> Obstacle {
        let parent = try ResourceName(request.parent, "organizations", "relationships")
        return try await mutate(request, context, under: parent.text, answering: Tables.obstacles) { change in
            guard let words = request.obstacle else { throw Refusal.invalid("obstacle", "is required") }
            var obstacle = try Obstacle.add(
                words, named: change.newName("obstacles", in: parent.text), by: change.actor, at: change.now)
            if !obstacle.goal.isEmpty { _ = try change.goal(obstacle.goal) }
            // Tags lie in clear beside the table: those of sealed obstacles are not counted.
            if !obstacle.isSealed { obstacle.patternPrompt = try change.patternPrompt(about: obstacle) }
            if obstacle.external, !obstacle.goal.isEmpty { try change.noteExternal(obstacle) }
            try change.publish(obstacle, "obstacle.added.v1")
            return try change.insert(Tables.obstacles, obstacle)
        }
    }

    func acknowledgeObstacle(
        _ request: AcknowledgeObstacleRequest, _ context: ServerContext
    ) async throws -> Obstacle {
        try await mutate(request, context, under: request.name, answering: Tables.obstacles) { change in
            var obstacle = try change.get(Tables.obstacles, request.name)
            try obstacle.acknowledge(by: change.actor, request.acknowledgement, at: change.now)
            try change.forgetExternal(obstacle)
            try change.publish(obstacle, "obstacle.acknowledged.v1")
            return try change.update(Tables.obstacles, obstacle)
        }
    }

    func getObstacle(_ request: GetObstacleRequest, _ context: ServerContext) async throws -> Obstacle {
        try await runtime.get(context, Tables.obstacles, request.name)
    }

    func listObstacles(
        _ request: ListObstaclesRequest, _ context: ServerContext
    ) async throws -> ListObstaclesResponse {
        let page = try await runtime.list(context, Tables.obstacles, request)
        return ListObstaclesResponse(obstacles: page.items, nextPageToken: page.nextPageToken)
    }
}

extension Change {
    /// Remembers the obstacle, or asks about it and the earlier ones and begins to count anew.
    fileprivate func patternPrompt(about obstacle: Obstacle) throws -> PatternPrompt? {
        guard !obstacle.tag.isEmpty else { return nil }
        let key: [Value] = [.text(relationship.name), .text(obstacle.tag)]
        let start = now.adding(days: -ObstaclePattern.windowDays)
        try transaction.execute(
            "DELETE FROM recent_obstacle WHERE relationship = ? AND tag = ? AND instant < ?",
            key + [.integer(start.microseconds)])
        let earlier = try transaction.query(
            "SELECT obstacle FROM recent_obstacle WHERE relationship = ? AND tag = ? ORDER BY instant, obstacle", key
        ).map { try $0.text(0) }
        if let prompt = ObstaclePattern.prompt(about: obstacle, after: earlier) {
            try transaction.execute("DELETE FROM recent_obstacle WHERE relationship = ? AND tag = ?", key)
            return prompt
        }
        try transaction.execute(
            "INSERT INTO recent_obstacle (relationship, tag, instant, obstacle) VALUES (?, ?, ?, ?)",
            key + [.integer(now.microseconds), .text(obstacle.name)])
        return nil
    }

    fileprivate func noteExternal(_ obstacle: Obstacle) throws {
        try transaction.execute(
            "INSERT INTO open_external (goal, obstacle) VALUES (?, ?)", [.text(obstacle.goal), .text(obstacle.name)])
    }

    fileprivate func forgetExternal(_ obstacle: Obstacle) throws {
        try transaction.execute(
            "DELETE FROM open_external WHERE goal = ? AND obstacle = ?", [.text(obstacle.goal), .text(obstacle.name)])
    }

    func hasOpenExternalObstacle(of goal: Goal) throws -> Bool {
        try transaction.first("SELECT 1 FROM open_external WHERE goal = ?", [.text(goal.name)]) != nil
    }
}
