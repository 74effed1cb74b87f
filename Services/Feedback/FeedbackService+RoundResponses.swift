import RPC
import Schema
import ServiceKit
import Storage

/// What raters do. Nothing of it is dated, announced or told to anybody else, and it takes no `request_id`: what is kept
/// of those says when something was asked (docs/domain.md §6.2).
extension FeedbackService {
    func listRoundsToAnswer(
        _ request: ListRoundsToAnswerRequest, _ context: ServerContext
    ) async throws -> ListRoundsToAnswerResponse {
        let rater = try ResourceName(request.parent, "organizations", "people")
        guard try context.caller.person == rater.text else { throw Refusal.notParty }
        let page = try await runtime.page(
            context, Tables.rounds, request, hiding: ["raters", "shared_with"]
        ) { snapshot, after, limit in
            try RoundStore.rounds(asking: rater.text, after: after, limit: limit, in: snapshot)
        }
        return ListRoundsToAnswerResponse(
            rounds: page.items.map(\.withoutPeople), nextPageToken: page.nextPageToken)
    }

    func submitRoundResponse(
        _ request: SubmitRoundResponseRequest, _ context: ServerContext
    ) async throws -> RoundResponse {
        try await respond(to: request.name, context) { round, store, rater, transaction in
            let response = request.response ?? RoundResponse()
            try response.check(against: round.questions)
            try store.put(response, of: rater, in: transaction)
            return response
        }
    }

    func declineRound(_ request: DeclineRoundRequest, _ context: ServerContext) async throws -> DeclineRoundResponse {
        try await respond(to: request.name, context) { _, store, rater, transaction in
            try store.remove(of: rater, in: transaction)
            return DeclineRoundResponse()
        }
    }

    func getRoundResponse(_ request: GetRoundResponseRequest, _ context: ServerContext) async throws -> RoundResponse {
        let caller = try context.caller
        return try await runtime.database.read { [secret = runtime.secret] snapshot in
            let (round, _) = try self.round(request.name, for: caller, as: .rater, in: snapshot)
            let store = RoundStore(round: round.name, secret: secret)
            guard let response = try store.response(of: caller.person ?? "", in: snapshot) else {
                throw Refusal.notFound("a response of yours")
            }
            return response
        }
    }

    /// Open rounds alone take responses.
    private func respond<Answer: Sendable>(
        to name: String, _ context: ServerContext,
        _ body: @Sendable @escaping (Round, RoundStore, _ rater: String, Transaction) throws -> Answer
    ) async throws -> Answer {
        let caller = try context.caller
        return try await runtime.database.write { [runtime] transaction in
            let (round, _) = try self.round(name, for: caller, as: .rater, in: transaction)
            try round.requireOpen(at: runtime.clock.now)
            return try body(
                round, RoundStore(round: round.name, secret: runtime.secret), caller.person ?? "", transaction)
        }
    }
}
