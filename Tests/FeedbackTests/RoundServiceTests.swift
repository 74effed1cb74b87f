import RPC
import Schema
import ServiceKit
import ServiceKitTesting
import Standard
import Testing

@testable import Feedback

@Suite("Holding a round")
struct RoundServiceTests {
    @Test("from the first question to the result")
    func story() async throws {
        let table = try await RoundTable()
        let round = try await table.open(raters: 0..<5)
        #expect(round.name.hasPrefix("organizations/acme/people/sam/rounds/"))
        #expect(try await table.service.getRound(.init(name: round.name), table.subject) == round)
        _ = try await table.service.nominateRater(
            .init(name: round.name, rater: RoundTable.rater(5)), table.admin)
        for rater in 0..<6 { try await table.respond(round, by: rater, Int32(rater % 2 + 4)) }
        #expect(try await table.result(round).suppression == .stillOpen)
        let closed = try await table.close(round)
        #expect(closed.state == .closed && closed.endTime == table.host.clock.now.timestamp(near: closed.endTime))
        let release = try #require(try await table.result(round).release)
        #expect(release.responseCount == 6)
        guard case .ratings(let ratings)? = release.questions.first?.outcome else {
            Issue.record("\(release)")
            return
        }
        #expect(ratings.mean == 4.5 && ratings.answerCount == 6)
        #expect(ratings.spread == .distributionSuppressed(.init(reason: .smallGroup)))
        #expect(
            release.questions.dropFirst().map(\.outcome) == [
                .suppressed(.init(reason: .tooFewTexts)), .suppressed(.init(reason: .tooFewTexts)),
            ])
    }

    @Test("four responses are never told, and the next one would have been: whatever was answered is gone")
    func tooFew() async throws {
        let table = try await RoundTable()
        let round = try await table.open()
        for rater in 0..<4 { try await table.respond(round, by: rater) }
        _ = try await table.close(round)
        for caller in [table.subject, table.admin] {
            #expect(try await table.result(round, by: caller).suppression == .tooFewAnswers)
        }
        #expect(try await table.rows("round_response") == 0)
        #expect(await refusal { try await table.respond(round, by: 4) } == "FAILED_PRECONDITION WRONG_STATE")
        #expect(try await table.result(round).suppression == .tooFewAnswers)
    }

    @Test("a rater changes the answer until the close; the last one counts, once")
    func change() async throws {
        let table = try await RoundTable()
        let round = try await table.open(raters: 0..<5)
        for rater in 0..<5 { try await table.respond(round, by: rater, 1) }
        for _ in 0..<3 { try await table.respond(round, by: 0, 5) }
        #expect(
            try await table.service.getRoundResponse(.init(name: round.name), table.by(0)).answers
                == [RoundAnswer(question: 1, value: .rating(5))])
        _ = try await table.close(round)
        let release = try #require(try await table.result(round).release)
        #expect(release.responseCount == 5)
        guard case .ratings(let ratings)? = release.questions.first?.outcome else { return }
        #expect(ratings.mean == 1.8)
        #expect(
            await refusal { try await table.service.getRoundResponse(.init(name: round.name), table.by(0)) }
                == "NOT_FOUND NOT_FOUND")
    }

    @Test("a rater who declines is as one who never answered, before an answer and after it")
    func decline() async throws {
        let table = try await RoundTable()
        let round = try await table.open()
        _ = try await table.service.declineRound(.init(name: round.name), table.by(0))
        try await table.respond(round, by: 1)
        _ = try await table.service.declineRound(.init(name: round.name), table.by(1))
        #expect(
            await refusal { try await table.service.getRoundResponse(.init(name: round.name), table.by(1)) }
                == "NOT_FOUND NOT_FOUND")
        #expect(try await table.rows("round_response") == 0)
        #expect(try await table.service.getRound(.init(name: round.name), table.subject) == round)
        let asked = try await table.service.listRoundsToAnswer(.init(parent: RoundTable.rater(1)), table.by(1)).rounds
        #expect(asked.map(\.name) == [round.name])
        // And may still think better of it.
        try await table.respond(round, by: 1)
    }

    @Test("who is asked finds the rounds that are open, page by page, and nothing of who else is asked")
    func toAnswer() async throws {
        let table = try await RoundTable()
        let first = try await table.open()
        let second = try await table.open(about: "pat") { $0.raters = [RoundTable.person("report-1")] }
        let rater = RoundTable.rater(0)
        var list = try await table.service.listRoundsToAnswer(.init(parent: rater), table.by(0))
        #expect(list.rounds == [first.withoutPeople])
        #expect(list.rounds.allSatisfy { $0.raters.isEmpty })
        #expect(
            try await table.service.listRoundsToAnswer(
                .init(parent: RoundTable.person("report-1")), table.by("report-1")
            ).rounds == [second.withoutPeople])
        for filter in ["raters:\"\(RoundTable.rater(1))\"", "shared_with:\"x\""] {
            #expect(
                await refusal {
                    try await table.service.listRoundsToAnswer(.init(parent: rater, filter: filter), table.by(0))
                } == "INVALID_ARGUMENT BAD_FILTER")
        }
        _ = try await table.close(first)
        list = try await table.service.listRoundsToAnswer(.init(parent: rater), table.by(0))
        #expect(list.rounds.isEmpty)
        #expect(try await table.rows("round_rater") == 1)
    }

    @Test("the rounds of a person are listed, page by page, with filter")
    func lists() async throws {
        let table = try await RoundTable()
        let first = try await table.close(try await table.open())
        _ = try await table.open(about: "pat")
        let second = try await table.open(kind: .upward) { $0.raters = [RoundTable.person("report-1")] }
        let request = ListRoundsRequest(parent: RoundTable.person("sam"), pageSize: 1)
        let page = try await table.service.listRounds(request, table.subject)
        #expect(page.rounds == [first])
        let rest = try await table.service.listRounds(
            .init(parent: request.parent, pageSize: 1, pageToken: page.nextPageToken), table.subject)
        #expect(rest.rounds == [second] && rest.nextPageToken.isEmpty)
        #expect(
            try await table.service.listRounds(
                .init(parent: request.parent, filter: "kind = UPWARD"), table.admin
            ).rounds == [second])
    }

    @Test("one can be open about a person; after a release the next one waits for 28 days, after none it need not")
    func frequency() async throws {
        let table = try await RoundTable()
        let first = try await table.open()
        let tooMany: String? = "RESOURCE_EXHAUSTED TOO_MANY_ROUNDS"
        #expect(await refusal { try await table.open() } == tooMany)
        #expect(await refusal { try await table.open(raters: 0..<0, kind: .upward) } == tooMany)
        _ = try await table.open(about: "pat")
        _ = try await table.close(first)
        let second = try await table.open()
        for rater in 0..<5 { try await table.respond(second, by: rater) }
        _ = try await table.close(second)
        #expect(await refusal { try await table.open() } == tooMany)
        try await table.host.advance(days: 27)
        #expect(await refusal { try await table.open(raters: 0..<0, kind: .upward) } == tooMany)
        try await table.host.advance(days: 1)
        _ = try await table.open()
    }

    @Test("an upward round asks those who report to the subject or are coached by the subject, and nobody else")
    func upward() async throws {
        let table = try await RoundTable()
        let coached = try await table.host.relationship(
            trustor: RoundTable.person("tom"), trustee: RoundTable.person("sam"))
        let ended = try await table.host.relationship(
            trustor: RoundTable.person("eva"), trustee: RoundTable.person("sam"), state: .ended)
        let round = try await table.open(kind: .upward) {
            $0.raters = [RoundTable.person("report-1"), coached.trustor]
        }
        #expect(round.raters.count == 2)
        // Nor the subject's own coach, nor somebody who was coached.
        for stranger in [RoundTable.rater(1), RoundTable.person("coach"), ended.trustor] {
            #expect(
                await refusal {
                    try await table.service.nominateRater(.init(name: round.name, rater: stranger), table.subject)
                } == "INVALID_ARGUMENT INVALID_FIELD", "\(stranger)")
        }
    }

    @Test("raters exist, are active, of the organisation, and not the subject")
    func raters() async throws {
        let table = try await RoundTable()
        let round = try await table.open()
        for rater in ["nobody-1", "gone-1", "sam"].map(RoundTable.person) + ["organizations/globex/people/x"] {
            let invalid: String? = "INVALID_ARGUMENT INVALID_FIELD"
            #expect(
                await refusal {
                    try await table.service.nominateRater(.init(name: round.name, rater: rater), table.subject)
                } == invalid, "\(rater)")
            #expect(await refusal { try await table.open(kind: .upward) { $0.raters = [rater] } } == invalid)
        }
        #expect(
            await refusal { try await table.open(kind: .upward) { $0.raters = (0..<51).map(RoundTable.rater) } }
                == "INVALID_ARGUMENT INVALID_FIELD")
    }

    @Test("the programme's smallest group is the least that min_raters can be")
    func programme() async throws {
        let table = try await RoundTable()
        let careful = "\(RoundTable.organization)/programmes/careful"
        #expect(
            await refusal {
                try await table.open {
                    $0.programme = careful
                    $0.minRaters = 5
                }
            } == "INVALID_ARGUMENT INVALID_FIELD")
        #expect(try await table.open { $0.programme = careful }.minRaters == 8)
        for programme in ["\(RoundTable.organization)/programmes/none", "organizations/globex/programmes/lead"] {
            #expect(
                await refusal { try await table.open(kind: .upward) { $0.programme = programme } }
                    == "INVALID_ARGUMENT INVALID_FIELD")
        }
        #expect(
            await refusal { try await table.open(kind: .upward) { $0.programme = "" } } == "INVALID_ARGUMENT BAD_NAME")
    }

    @Test("without Relationships nobody can be asked: unavailable, never denied")
    func ownerDown() async throws {
        let host = try await TestHost(FeedbackService.self, at: Pair.monday)
        #expect(
            await refusal {
                try await host.service.createRound(
                    CreateRoundRequest(
                        parent: RoundTable.person("sam"),
                        round: Round(kind: .upward, programme: RoundTable.programme, questions: RoundTable.questions)),
                    host.context(person: RoundTable.person("sam")))
            } == "UNAVAILABLE DEPENDENCY_DOWN")
    }

    @Test("a request that is repeated opens no second round; an etag of before is refused")
    func repeated() async throws {
        let table = try await RoundTable()
        let request = CreateRoundRequest(
            parent: RoundTable.person("sam"),
            round: Round(kind: .threeSixty, programme: RoundTable.programme, questions: RoundTable.questions),
            requestId: "01931f5e-0000-4000-8000-000000000001")
        let round = try await table.service.createRound(request, table.subject)
        #expect(try await table.service.createRound(request, table.subject) == round)
        let more = try await table.service.nominateRater(
            .init(name: round.name, rater: RoundTable.rater(1), etag: round.etag), table.subject)
        #expect(more.etag != round.etag)
        #expect(
            await refusal {
                try await table.service.closeRound(.init(name: round.name, etag: round.etag), table.subject)
            }
                == "ABORTED ETAG_MISMATCH")
        // Once more the same rater: nothing changes.
        #expect(
            try await table.service.nominateRater(.init(name: round.name, rater: RoundTable.rater(1)), table.subject)
                == more)
    }

    @Test("its end is told to the other services: name and state, of the right organisation, and not what came of it")
    func event() async throws {
        let table = try await RoundTable()
        let round = try await table.open()
        for rater in 0..<6 { try await table.respond(round, by: rater) }
        #expect(try await table.host.events().isEmpty)
        _ = try await table.close(round)
        let event = try #require(try await table.host.events().first)
        #expect(event.type == "round.closed.v1" && event.organization == RoundTable.organization)
        #expect(event.relationship.isEmpty && event.actor == RoundTable.person("sam"))
        #expect(event.payload == .roundClosed(RoundClosed(round: round.name, state: .closed)))
    }
}

extension Instant {
    /// The instant that a stored time stands for, when it is no more than a minute away: tests run while the clock goes on.
    fileprivate func timestamp(near other: Timestamp?) -> Timestamp? {
        guard let other, let instant = try? Instant(other), abs(self - instant) < 60_000_000 else { return nil }
        return other
    }
}
