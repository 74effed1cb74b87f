import Schema
import ServiceKit
import Storage

extension Goal: SoftDeletable {}
extension SupportAction: ServiceKit.Resource {}
extension Attainment: ServiceKit.Resource {}
extension CheckIn: ServiceKit.Resource {}
extension Revision: ServiceKit.Resource {}
extension Obstacle: ServiceKit.Resource {}
extension Opportunity: ServiceKit.Resource {}

extension CreateGoalRequest: Mutation {}
extension UpdateGoalRequest: Mutation {
    public var name: String { goal?.name ?? "" }
}
extension DeleteGoalRequest: Mutation {}
extension UndeleteGoalRequest: Mutation {}
extension ProposeGoalRequest: Mutation {}
extension SignGoalRequest: Mutation {}
extension RetireGoalRequest: Mutation {}
extension AlignGoalRequest: Mutation {}
extension ReviseGoalRequest: Mutation {}
extension SignRevisionRequest: Mutation {}
extension RecordCheckInRequest: Mutation {}
extension AddObstacleRequest: Mutation {}
extension AcknowledgeObstacleRequest: Mutation {}
extension OfferOpportunityRequest: Mutation {}
extension TakeOpportunityRequest: Mutation {}
extension AddSupportActionRequest: Mutation {}
extension RecordAttainmentRequest: Mutation {}
extension CountersignAttainmentRequest: Mutation {}

extension ListGoalsRequest: ListRequest {}
extension ListSupportActionsRequest: ListRequest {}
extension ListAttainmentsRequest: ListRequest {}
extension ListCheckInsRequest: ListRequest {}
extension ListRevisionsRequest: ListRequest {}
extension ListObstaclesRequest: ListRequest {}
extension ListOpportunitiesRequest: ListRequest {}

enum Tables {
    static let goals = Table<Goal>(
        "goal", collections: ["organizations", "relationships", "goals"], state: { $0.state.rawValue })
    static let supportActions = Table<SupportAction>(
        "support_action", collections: ["organizations", "relationships", "supportActions"])
    static let attainments = Table<Attainment>(
        "attainment", collections: ["organizations", "relationships", "goals", "attainments"], below: goals)
    static let checkIns = Table<CheckIn>(
        "check_in", collections: ["organizations", "relationships", "goals", "checkIns"], below: goals)
    static let revisions = Table<Revision>(
        "revision", collections: ["organizations", "relationships", "goals", "revisions"], below: goals,
        state: { $0.state.rawValue })
    static let obstacles = Table<Obstacle>(
        "obstacle", collections: ["organizations", "relationships", "obstacles"], isEncrypted: true)
    static let opportunities = Table<Opportunity>(
        "opportunity", collections: ["organizations", "relationships", "opportunities"])

    static let migrations = [
        Migration(
            version: 100, name: "goals, support actions, attainments",
            statements: goals.statements + supportActions.statements + attainments.statements),
        Migration(
            version: 101, name: "changes of context and what answers them",
            statements: ContextChanges.statements + SupportDelivery.statements),
        Migration(
            version: 102, name: "check-ins, revisions, obstacles, opportunities",
            statements: checkIns.statements + revisions.statements + obstacles.statements + opportunities.statements
                + RevisionOffers.statements + [
                    """
                    CREATE TABLE check_in_diary (
                        goal TEXT NOT NULL PRIMARY KEY, last INTEGER, is_missed INTEGER NOT NULL, latest INTEGER,
                        count INTEGER NOT NULL) STRICT, WITHOUT ROWID
                    """,
                    // Obstacles of the last 28 days that no prompt has named.
                    """
                    CREATE TABLE recent_obstacle (
                        relationship TEXT NOT NULL, tag TEXT NOT NULL, instant INTEGER NOT NULL, obstacle TEXT NOT NULL,
                        PRIMARY KEY (relationship, tag, instant, obstacle)) STRICT, WITHOUT ROWID
                    """,
                    // External obstacles of goals that nobody has acknowledged.
                    """
                    CREATE TABLE open_external (
                        goal TEXT NOT NULL, obstacle TEXT NOT NULL, PRIMARY KEY (goal, obstacle)) STRICT, WITHOUT ROWID
                    """,
                ]),
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
