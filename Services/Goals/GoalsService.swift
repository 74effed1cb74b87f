import RPC
import Schema
import ServiceKit
import Storage

/// What the two work towards (docs/domain.md §6.3).
struct GoalsService: RapportService, GoalsServiceHandlers {
    static let name = "goals"
    static let migrations = Tables.migrations

    let runtime: Runtime

    init(_ runtime: Runtime) { self.runtime = runtime }

    var methods: [RPC.Method] { goalsServiceMethods }

    /// Beside requests and events: the commitments that support actions promise.
    func run() async throws {
        let delivery = SupportDelivery(database: runtime.database, logger: runtime.logger) { request in
            let relationships = RelationshipsServiceClient(try runtime.call("relationships"))
            _ = try await relationships.createCommitment(request, options: try await runtime.workloadOptions())
        }
        try await delivery.run()
    }

    func apply(_ event: Event, from source: String, in transaction: Transaction) throws {
        try ContextChanges.apply(event, in: transaction)
    }

    func forget(_ source: String, in transaction: Transaction) throws {
        try ContextChanges.forget(in: transaction)
    }

    // MARK: Goals

    func createGoal(_ request: CreateGoalRequest, _ context: ServerContext) async throws -> Goal {
        let parent = try ResourceName(request.parent, "organizations", "relationships")
        return try await mutate(request, context, under: parent.text, answering: Tables.goals) { change in
            guard let words = request.goal else { throw Refusal.invalid("goal", "is required") }
            let present = try change.list(Tables.goals, parent: parent.text, limit: Goal.maximumPerRelationship)
            guard present.count < Goal.maximumPerRelationship else {
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

    func proposeGoal(_ request: ProposeGoalRequest, _ context: ServerContext) async throws -> Goal {
        try await mutate(request, context, under: request.name, answering: Tables.goals) { change in
            var goal = try change.get(Tables.goals, request.name)
            try goal.propose(by: change.actor, at: change.now)
            try change.publishProposal(of: goal)
            return try change.update(Tables.goals, goal)
        }
    }

    func signGoal(_ request: SignGoalRequest, _ context: ServerContext) async throws -> Goal {
        try await mutate(request, context, under: request.name, answering: Tables.goals) { change in
            var goal = try change.get(Tables.goals, request.name)
            try goal.sign(by: change.actor, at: change.now)
            try change.publishActivation(of: goal)
            return try change.update(Tables.goals, goal)
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

    // MARK: Support

    func addSupportAction(
        _ request: AddSupportActionRequest, _ context: ServerContext
    ) async throws -> SupportAction {
        let parent = try ResourceName(request.parent, "organizations", "relationships")
        if let name = request.supportAction?.contextChange, !name.isEmpty {
            try await requireContextChange(name, context, under: parent)
        }
        return try await mutate(request, context, under: parent.text, answering: Tables.supportActions) { change in
            guard let words = request.supportAction else { throw Refusal.invalid("support_action", "is required") }
            let name = change.newName("supportActions", in: parent.text)
            let action = try SupportAction.promise(words, named: name, by: change.actor, at: change.now)
            if !action.goal.isEmpty { _ = try change.get(Tables.goals, action.goal) }
            let adapts = change.role == .trustee && !action.contextChange.isEmpty
            let isFirst =
                try adapts
                && ContextChanges.answer(action.contextChange, with: action.name, in: change.transaction)
            try SupportDelivery.enqueue(action, in: change.transaction)
            try change.publishPromise(action, isFirstAdaptation: isFirst)
            return try change.insert(Tables.supportActions, action)
        }
    }

    /// Known from events, or its owner is asked once: events may be behind.
    /// - Throws: NOT_FOUND when there is none; UNAVAILABLE, DEPENDENCY_DOWN when the owner cannot be asked.
    private func requireContextChange(
        _ text: String, _ context: ServerContext, under parent: ResourceName
    ) async throws {
        let isKnown = try await runtime.read(context, under: parent.text) { snapshot, _ in
            let name = try ResourceName(text, "organizations", "relationships", "contextChanges")
            guard name.parent == parent else {
                throw Refusal.invalid("support_action.context_change", "belongs to another relationship")
            }
            return try ContextChanges.isKnown(text, in: snapshot)
        }
        guard !isKnown else { return }
        do {
            let relationships = RelationshipsServiceClient(try runtime.call("relationships"))
            _ = try await relationships.getContextChange(
                GetContextChangeRequest(name: text), options: try await runtime.workloadOptions())
        } catch let error as RPCError where [.notFound, .permissionDenied, .invalidArgument].contains(error.code) {
            throw Refusal.notFound(text)
        } catch is RPCError {
            throw Refusal(
                .unavailable, "DEPENDENCY_DOWN",
                "the relationships service cannot be asked for the change of context now")
        }
    }

    func getSupportAction(
        _ request: GetSupportActionRequest, _ context: ServerContext
    ) async throws -> SupportAction {
        try await runtime.get(context, Tables.supportActions, request.name)
    }

    func listSupportActions(
        _ request: ListSupportActionsRequest, _ context: ServerContext
    ) async throws -> ListSupportActionsResponse {
        let page = try await runtime.list(context, Tables.supportActions, request)
        return ListSupportActionsResponse(supportActions: page.items, nextPageToken: page.nextPageToken)
    }

    // MARK: Attainment

    func recordAttainment(_ request: RecordAttainmentRequest, _ context: ServerContext) async throws -> Attainment {
        let parent = try ResourceName(request.parent, "organizations", "relationships", "goals")
        return try await mutate(request, context, under: parent.text, answering: Tables.attainments) { change in
            guard let words = request.attainment else { throw Refusal.invalid("attainment", "is required") }
            let attainment = try Attainment.record(
                words, of: change.get(Tables.goals, parent.text),
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
            var goal = try change.get(Tables.goals, goalName)
            try attainment.countersign(by: change.actor, at: change.now)
            try goal.requireUnderWay()
            try change.publishCountersignature(of: attainment, of: goal)
            if attainment.reviewPoint == .final {
                try goal.decide(level: attainment.level, at: change.now)
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

    // MARK: One shape for all mutations

    /// By a party, in an active relationship.
    private func mutate<Q: Mutation, R: ServiceKit.Resource>(
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
}
