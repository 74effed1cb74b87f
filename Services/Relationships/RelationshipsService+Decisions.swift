import RPC
import Schema
import ServiceKit

extension RelationshipsService {
    func recordDecision(_ request: RecordDecisionRequest, _ context: ServerContext) async throws -> Decision {
        try await runtime.mutate(request, context, under: request.parent, answering: Tables.decisions) { change in
            let author = try change.party(.trustor, .trustee)
            try change.requireActive()
            let pair = change.relationship
            var decision = try Decision.recorded(
                request.decision ?? Decision(), name: change.newName("decisions", in: request.parent),
                author: author, parties: [pair.trustee, pair.trustor], at: change.now)
            decision = try change.create(Tables.decisions, decision)
            try change.publish("decision.recorded.v1", decision)
            if try decision.isExplainedInTime(in: pair) {
                try change.publish("decision.explained.v1", decision)
            } else if author == pair.trustee, decision.affects.contains(pair.trustor) {
                try change.schedule(
                    .decisionUnexplained, for: decision.name, at: try decision.explanationDeadline(in: pair))
            }
            return decision
        }
    }

    /// In time it is decision.explained; later it is a revision: the silence has already counted.
    func explainDecision(_ request: ExplainDecisionRequest, _ context: ServerContext) async throws -> Decision {
        try await runtime.mutate(request, context, under: request.name, answering: Tables.decisions) { change in
            let person = try change.party(.trustor, .trustee)
            try change.requireSettleable()
            var decision = try change.get(Tables.decisions, request.name)
            try decision.explain(request.why, by: person, at: change.now)
            decision = try change.save(Tables.decisions, decision)
            if try !change.takeExplanation(decision) { try change.publish("decision.revised.v1", decision) }
            return decision
        }
    }

    /// The notice that goes with it is the event. A reason that it gives for the first time explains the decision.
    func reviseDecision(_ request: ReviseDecisionRequest, _ context: ServerContext) async throws -> Decision {
        try await runtime.mutate(request, context, under: request.name, answering: Tables.decisions) { change in
            let person = try change.party(.trustor, .trustee)
            try change.requireActive()
            var decision = try change.get(Tables.decisions, request.name)
            let isExplained = try decision.revise(request.decision ?? Decision(), by: person, at: change.now)
            decision = try change.save(Tables.decisions, decision)
            try change.publish("decision.revised.v1", decision)
            if isExplained { _ = try change.takeExplanation(decision) }
            return decision
        }
    }

    /// A NO takes the explanation back at its own instant (docs/domain.md rule 29).
    func answerKnowWhy(_ request: AnswerKnowWhyRequest, _ context: ServerContext) async throws -> Decision {
        try await runtime.mutate(request, context, under: request.name, answering: Tables.decisions) { change in
            let person = try change.party(.trustor, .trustee)
            try change.requireSettleable()
            var decision = try change.get(Tables.decisions, request.name)
            let answer = try decision.answer(
                request.knowWhy, by: person, at: change.now, in: change.relationship)
            decision = try change.save(Tables.decisions, decision)
            if answer == .denied { try change.publish("decision.unexplained.v1", decision, denied: true) }
            return decision
        }
    }

    func getDecision(_ request: GetDecisionRequest, _ context: ServerContext) async throws -> Decision {
        try await runtime.get(context, Tables.decisions, request.name)
    }

    func listDecisions(
        _ request: ListDecisionsRequest, _ context: ServerContext
    ) async throws -> ListDecisionsResponse {
        let page = try await runtime.list(context, Tables.decisions, request)
        return ListDecisionsResponse(decisions: page.items, nextPageToken: page.nextPageToken)
    }
}

extension Change {
    /// Tells of the reason when it came in time. False when it came too late: the silence has counted.
    fileprivate func takeExplanation(_ decision: Decision) throws -> Bool {
        guard try decision.isExplainedInTime(in: relationship) else { return false }
        try cancel(.decisionUnexplained, for: decision.name)
        try publish("decision.explained.v1", decision)
        return true
    }

    /// Unless it was explained by the deadline, which is now.
    func leaveUnexplained(_ name: String) throws {
        guard let decision = try find(Tables.decisions, name), try !decision.isExplainedInTime(in: relationship) else {
            return
        }
        try publish("decision.unexplained.v1", decision)
    }
}
