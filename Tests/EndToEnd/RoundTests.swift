import Glibc
import RPC
import Schema
import Standard
import Testing

@testable import rapport

extension EndToEnd {
    @Suite("A round of feedback about one person")
    struct RoundTests {
        private static let raters = [Cast.coach, Cast.manager, Cast.hrLead, Cast.mentor, Cast.mentee].map(\.name)

        /// Feedback is killed between the last response and the close.
        @Test("Five respond, the service is killed, and the round is closed at its time and tells of all five")
        func closeAfterKill() async throws {
            let suite = try await Shared.suite.running()
            let pair = try suite.client()
            let mint = try await TokenMint(home: suite.home)
            func options(_ person: String) async throws -> CallOptions {
                let token = try await mint.token(person: person)
                return CallOptions(metadata: ["authorization": "Bearer \(token)"], timeout: .seconds(20))
            }
            let close = Timestamp(seconds: Timestamp.now.seconds + 5)
            let round = try await pair.feedback.createRound(
                CreateRoundRequest(
                    parent: Cast.coachee.name,
                    round: Round(
                        kind: .threeSixty, programme: Cast.coaching.name,
                        questions: [.init(form: .rating, text: "Listens before answering")], raters: Self.raters,
                        closeTime: close)), options: options(Cast.coachee.name))
            for (index, rater) in Self.raters.enumerated() {
                let response = RoundResponse(answers: [.init(question: 1, value: .rating(Int32(index + 1)))])
                _ = try await pair.feedback.submitRoundResponse(
                    SubmitRoundResponseRequest(name: round.name, response: response), options: options(rater))
            }
            let pid = try #require(suite.pid(of: .feedback))
            kill(pid, SIGKILL)
            try await suite.until("feedback is started again") { suite.pid(of: .feedback) != pid }

            let closed = try await untilClosed(round.name, pair, options(Cast.coachee.name))
            #expect(closed.endTime == round.closeTime)
            let result = try await pair.feedback.getRoundResult(
                GetRoundResultRequest(name: "\(round.name)/result"), options: options(Cast.coachee.name))
            guard case .released(let release) = result.outcome,
                case .ratings(let ratings)? = release.questions.first?.outcome
            else {
                Issue.record("\(result)")
                return
            }
            #expect(release.responseCount == 5 && ratings.mean == 3)
        }

        private func untilClosed(_ name: String, _ pair: Pair, _ options: CallOptions) async throws -> Round {
            let end = ContinuousClock.now + RunningSuite.patience
            while ContinuousClock.now < end {
                if let round = try? await pair.feedback.getRound(GetRoundRequest(name: name), options: options),
                    round.state == .closed
                {
                    return round
                }
                try await Task.sleep(for: .milliseconds(50))
            }
            throw Failure("waited \(RunningSuite.patience) in vain until \(name) was closed")
        }
    }
}
