import RPC
import Schema
import ServiceKit

/// Goals that are not finished.
struct UnfinishedGoals: Section {
    static let service = "rapport.goals.v1.GoalsService"
    static let filter = "state = DRAFT OR state = PROPOSED OR state = ACTIVE OR state = AT_RISK"

    let pair: String

    func fetch(_ channel: Channel, _ options: CallOptions) async throws -> [Goal] {
        try await GoalsServiceClient(channel).listGoals(
            ListGoalsRequest(parent: pair, pageSize: ViewRequest.sectionLimit, filter: Self.filter), options: options
        ).goals
    }
}

extension Fetched<[Goal]> {
    var message: GoalsSection { GoalsSection(state: state, goals: content ?? []) }
}

extension [Goal] {
    /// Active ones at risk or due within `days` days, the nearest first.
    func near(_ now: Instant, days: Int) -> [Goal] {
        let end = now.adding(days: days)
        let due = filter { [.active, .atRisk].contains($0.state) }.compactMap { goal -> (goal: Goal, due: Instant)? in
            guard let due = goal.dueTime.flatMap({ try? Instant($0) }), due <= end || goal.state == .atRisk else {
                return nil
            }
            return (goal, due)
        }
        return due.sorted { ($0.due, $0.goal.name) < ($1.due, $1.goal.name) }.map(\.goal)
    }
}
