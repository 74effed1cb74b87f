import RPC
import Schema
import ServiceKit

/// Rounds of feedback about one person, and the balance of a pair's feedback: the contract is here, the service is not yet.
extension FeedbackService {
    func getBalanceReport(_ request: GetBalanceReportRequest, _ context: ServerContext) async throws -> BalanceReport {
        throw Refusal.notBuilt
    }

    func createRound(_ request: CreateRoundRequest, _ context: ServerContext) async throws -> Round {
        throw Refusal.notBuilt
    }

    func getRound(_ request: GetRoundRequest, _ context: ServerContext) async throws -> Round {
        throw Refusal.notBuilt
    }

    func listRounds(_ request: ListRoundsRequest, _ context: ServerContext) async throws -> ListRoundsResponse {
        throw Refusal.notBuilt
    }

    func listRoundsToAnswer(
        _ request: ListRoundsToAnswerRequest, _ context: ServerContext
    ) async throws -> ListRoundsToAnswerResponse {
        throw Refusal.notBuilt
    }

    func nominateRater(_ request: NominateRaterRequest, _ context: ServerContext) async throws -> Round {
        throw Refusal.notBuilt
    }

    func submitRoundResponse(
        _ request: SubmitRoundResponseRequest, _ context: ServerContext
    ) async throws -> RoundResponse {
        throw Refusal.notBuilt
    }

    func declineRound(_ request: DeclineRoundRequest, _ context: ServerContext) async throws -> DeclineRoundResponse {
        throw Refusal.notBuilt
    }

    func getRoundResponse(_ request: GetRoundResponseRequest, _ context: ServerContext) async throws -> RoundResponse {
        throw Refusal.notBuilt
    }

    func closeRound(_ request: CloseRoundRequest, _ context: ServerContext) async throws -> Round {
        throw Refusal.notBuilt
    }

    func getRoundResult(_ request: GetRoundResultRequest, _ context: ServerContext) async throws -> RoundResult {
        throw Refusal.notBuilt
    }

    func shareRoundResult(_ request: ShareRoundResultRequest, _ context: ServerContext) async throws -> Round {
        throw Refusal.notBuilt
    }

    func recallRoundResult(_ request: RecallRoundResultRequest, _ context: ServerContext) async throws -> Round {
        throw Refusal.notBuilt
    }
}

extension Refusal {
    fileprivate static let notBuilt = Refusal(.unimplemented, "NOT_BUILT", "this call is not built yet")
}
