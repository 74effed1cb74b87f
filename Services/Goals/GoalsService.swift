import RPC
import Schema
import ServiceKit
import Storage

/// What the two work towards (docs/domain.md §6.3).
struct GoalsService: RapportService, GoalsServiceHandlers {
    static let name = "goals"
    static let migrations = Tables.migrations

    static func encryptStored(in transaction: Transaction) throws -> Int {
        try Tables.obstacles.encryptRows(in: transaction)
    }

    let runtime: Runtime

    init(_ runtime: Runtime) { self.runtime = runtime }

    var methods: [RPC.Method] { goalsServiceMethods }

    /// Beside requests and events: the commitments that support actions promise.
    func run() async throws {
        let delivery = SupportDelivery(database: runtime.database, logger: runtime.logger) { request in
            let relationships = RelationshipsServiceClient(try runtime.call("relationships"))
            _ = try await relationships.createCommitment(request, options: try await runtime.workloadOptions())
        } isOver: { [runtime] relationship in
            guard let projection = runtime.projection else { return false }
            let known = try await runtime.database.read { projection.relationship(relationship, in: $0) }
            return known.map { [.ended, .declined, .withdrawn, .expired].contains($0.state) } ?? false
        }
        try await delivery.run()
    }

    func apply(_ event: Event, from source: String, in transaction: Transaction) throws {
        try ContextChanges.apply(event, in: transaction)
        try RevisionOffers.apply(event, in: transaction)
        try HandedOverGoals.apply(event, in: runtime, transaction)
    }

    func forget(_ source: String, in transaction: Transaction) throws {
        try ContextChanges.forget(in: transaction)
    }

    // MARK: Goals

    func createGoal(_ request: CreateGoalRequest, _ context: ServerContext) async throws -> Goal {
        let parent = try ResourceName(request.parent, "organizations", "relationships")
        return try await mutate(request, context, under: parent.text, answering: Tables.goals) { change in
            guard let words = request.goal else { throw Refusal.invalid("goal", "is required") }
            let present = try change.list(Tables.goals, parent: parent.text, limit: Goal.maximumStored)
            guard present.count < Goal.maximumStored,
                present.count(where: { !$0.isDeleted }) < Goal.maximumPerRelationship
            else {
                throw Refusal(.resourceExhausted, "TOO_MANY_GOALS", "a relationship has at most 100 goals")
            }
            let name = change.newName("goals", in: parent.text)
            return try change.insert(Tables.goals, Goal.draft(words, named: name, by: change.actor, at: change.now))
        }
    }

    func validateSmart(
        _ request: ValidateSmartRequest, _ context: ServerContext
    ) async throws -> ValidateSmartResponse {
        let parent = try ResourceName(request.parent, "organizations", "relationships")
        let now = try await runtime.read(context, under: parent.text) { [clock = runtime.clock] snapshot, access in
            try access.effectiveTime(clock, in: snapshot)
        }
        guard let goal = request.goal else { throw Refusal.invalid("goal", "is required") }
        try goal.checkLimits()
        return ValidateSmartResponse(verdicts: try Smart.verdicts(on: goal, at: now))
    }

    func updateGoal(_ request: UpdateGoalRequest, _ context: ServerContext) async throws -> Goal {
        try await change(request, context, named: request.name) { change, goal in
            let words = try Goal.changeable.apply(request.updateMask, request.goal ?? Goal(), to: goal)
            if try goal.change(to: words, by: change.actor, at: change.now) { try change.publishProposal(of: goal) }
        }
    }

    func deleteGoal(_ request: DeleteGoalRequest, _ context: ServerContext) async throws -> Goal {
        try await mutate(request, context, under: request.name, answering: Tables.goals) { change in
            let goal = try change.get(Tables.goals, request.name)
            try goal.requireDeletable()
            try change.holdDuringImport()
            return try change.softDelete(Tables.goals, goal, purge: Duties.purge)
        }
    }

    func undeleteGoal(_ request: UndeleteGoalRequest, _ context: ServerContext) async throws -> Goal {
        try await mutate(request, context, under: request.name, answering: Tables.goals) { change in
            try change.undelete(Tables.goals, change.get(Tables.goals, request.name), purge: Duties.purge)
        }
    }

    func proposeGoal(_ request: ProposeGoalRequest, _ context: ServerContext) async throws -> Goal {
        try await change(request, context, named: request.name) { change, goal in
            try goal.propose(by: change.actor, at: change.now)
            try change.publishProposal(of: goal)
        }
    }

    func signGoal(_ request: SignGoalRequest, _ context: ServerContext) async throws -> Goal {
        try await change(request, context, named: request.name) { change, goal in
            try goal.sign(by: change.actor, at: change.now)
            try change.startDeadlines(of: goal)
            try change.publishActivation(of: goal)
        }
    }

    func retireGoal(_ request: RetireGoalRequest, _ context: ServerContext) async throws -> Goal {
        try await change(request, context, named: request.name) { change, goal in
            try goal.retire(because: request.why, at: change.now)
            try change.close(goal)
            try change.publishRetirement(of: goal)
        }
    }

    func alignGoal(_ request: AlignGoalRequest, _ context: ServerContext) async throws -> Goal {
        try await change(request, context, named: request.name) { change, goal in
            try goal.align(with: request.alignedWith, at: change.now)
        }
    }

    func getGoal(_ request: GetGoalRequest, _ context: ServerContext) async throws -> Goal {
        try await runtime.get(context, Tables.goals, request.name)
    }

    func listGoals(_ request: ListGoalsRequest, _ context: ServerContext) async throws -> ListGoalsResponse {
        let page = try await runtime.list(context, Tables.goals, request)
        return ListGoalsResponse(goals: page.items, nextPageToken: page.nextPageToken)
    }

    func getGasScore(_ request: GetGasScoreRequest, _ context: ServerContext) async throws -> GasScore {
        let parent = try ResourceName(request.parent, "organizations", "relationships")
        return try await runtime.read(context, under: parent.text) { snapshot, _ in
            GasScore(over: try Tables.results(under: parent, in: snapshot))
        }
    }

    // MARK: Two shapes for all mutations

    /// By a party, in an active relationship.
    func mutate<Q: Mutation, R: ServiceKit.Resource>(
        _ request: Q, _ context: ServerContext, under name: String, answering table: Table<R>,
        _ body: @Sendable @escaping (Change) throws -> R
    ) async throws -> R {
        try await runtime.mutate(request, context, under: name, answering: table) { change in
            guard change.role == .trustor || change.role == .trustee else {
                throw Refusal.roleForbidden("only the coach or the coachee may do this")
            }
            try change.requireActive()
            return try body(change)
        }
    }

    /// Of a goal that is not deleted.
    private func change<Q: Mutation>(
        _ request: Q, _ context: ServerContext, named name: String,
        _ body: @Sendable @escaping (Change, inout Goal) throws -> Void
    ) async throws -> Goal {
        try await mutate(request, context, under: name, answering: Tables.goals) { change in
            var goal = try change.goal(name)
            try body(change, &goal)
            return try change.update(Tables.goals, goal)
        }
    }
}

extension Change {
    /// A deleted goal is read and brought back, and nothing else.
    func goal(_ name: String) throws -> Goal {
        let goal = try get(Tables.goals, name)
        guard !goal.isDeleted else { throw Refusal.wrongState("the goal", is: "deleted", needs: "one that is not") }
        return goal
    }

    /// The event that says so may still be on its way, while the owner's answer is known (docs/domain.md rule 1).
    func holdDuringImport() throws {
        if relationship.importing { try hold(relationship.name) }
    }
}
