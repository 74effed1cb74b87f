import Schema
import ServiceKit
import Storage

extension Goal: ServiceKit.Resource {}
extension SupportAction: ServiceKit.Resource {}
extension Attainment: ServiceKit.Resource {}

extension CreateGoalRequest: Mutation {}
extension ProposeGoalRequest: Mutation {}
extension SignGoalRequest: Mutation {}
extension AddSupportActionRequest: Mutation {}
extension RecordAttainmentRequest: Mutation {}
extension CountersignAttainmentRequest: Mutation {}

extension ListGoalsRequest: ListRequest {}
extension ListSupportActionsRequest: ListRequest {}
extension ListAttainmentsRequest: ListRequest {}

enum Tables {
    static let goals = Table<Goal>(
        "goal", collections: ["organizations", "relationships", "goals"], state: { $0.state.rawValue })
    static let supportActions = Table<SupportAction>(
        "support_action", collections: ["organizations", "relationships", "supportActions"])
    static let attainments = Table<Attainment>(
        "attainment", collections: ["organizations", "relationships", "goals", "attainments"], below: goals)

    static let migrations = [
        Migration(
            version: 100, name: "goals, support actions, attainments",
            statements: goals.statements + supportActions.statements + attainments.statements),
        Migration(
            version: 101, name: "changes of context and what answers them",
            statements: ContextChanges.statements + SupportDelivery.statements),
    ]

    /// The decided goals with the level that decided each.
    static func results(under relationship: ResourceName, in snapshot: Snapshot) throws -> [GasScore.Result] {
        try [Goal.State.achieved, .partly, .notAchieved].flatMap { state in
            try goals.list(
                parent: relationship, state: state.rawValue, limit: Goal.maximumPerRelationship, in: snapshot)
        }.compactMap { goal in
            let name = try ResourceName(goal.name, "organizations", "relationships", "goals")
            return try attainments.list(parent: name, after: nil, limit: Attainment.maximumPerGoal, in: snapshot)
                .first { $0.reviewPoint == .final && $0.isCountersigned }
                .map { GasScore.Result(goal: goal, level: $0.level) }
        }
    }
}
