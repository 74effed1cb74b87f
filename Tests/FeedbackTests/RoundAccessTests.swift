import RPC
import Schema
import ServiceKit
import Testing

@testable import Feedback

@Suite("Who may see a round, and what they may do with it")
struct RoundAccessTests {
    static let denied = "PERMISSION_DENIED NOT_PARTY"
    static let forbidden = "PERMISSION_DENIED ROLE_FORBIDDEN"

    /// Everybody to whom a round could be of interest, by what they are to it.
    static func people(of table: RoundTable) -> [(who: String, context: ServerContext)] {
        [
            ("subject", table.subject), ("rater", table.by(0)), ("coach", table.coach), ("administrator", table.admin),
            ("colleague", table.by("colleague")), ("other coach", table.by("other-coach")),
            ("line manager", table.host.context(person: RoundTable.person("boss"), roles: ["manager"])),
            ("HR lead", table.host.context(person: RoundTable.person("hr"), roles: ["hr_lead"])),
            (
                "other organisation",
                table.host.context(person: "organizations/globex/people/sam", roles: ["programme_admin"])
            ),
            ("auditor", table.host.context(person: RoundTable.person("audit"), purpose: "audit")),
            ("service", table.host.context(service: "gateway")),
        ]
    }

    /// What becomes of each one's call, by what they are to the round; nobody else has a row.
    static func outcomes(
        _ table: RoundTable, _ call: (ServerContext) async throws -> Void
    ) async -> [String: String] {
        var outcomes: [String: String] = [:]
        for (who, context) in people(of: table) {
            let refused = await refusal { try await call(context) }
            if refused != denied { outcomes[who] = refused ?? "OK" }
        }
        return outcomes
    }

    @Test("the matrix of the result, before it is shared, while it is, and after")
    func result() async throws {
        let table = try await RoundTable()
        let round = try await table.open()
        for rater in 0..<6 { try await table.respond(round, by: rater) }
        let read: (ServerContext) async throws -> Void = { _ = try await table.result(round, by: $0) }
        let closed = ["subject": "OK", "administrator": "OK", "rater": Self.forbidden]
        #expect(await Self.outcomes(table, read) == closed)
        _ = try await table.close(round)
        #expect(await Self.outcomes(table, read) == closed)
        _ = try await table.share(round)
        #expect(await Self.outcomes(table, read) == closed.merging(["coach": "OK"]) { $1 })
        _ = try await table.service.recallRoundResult(
            .init(name: round.name, relationship: table.relationship.name), table.subject)
        #expect(await Self.outcomes(table, read) == closed)
    }

    @Test("subject and coach read the same figures, the administrator the count alone")
    func content() async throws {
        let table = try await RoundTable()
        let round = try await table.open()
        _ = try await table.share(round)
        for rater in 0..<6 { try await table.respond(round, by: rater, 3) }
        for caller in [table.subject, table.coach, table.admin] {
            #expect(try await table.result(round, by: caller).suppression == .stillOpen)
        }
        _ = try await table.close(round)
        let own = try #require(try await table.result(round).release)
        #expect(own.questions.count == 3)
        #expect(try await table.result(round, by: table.coach).release == own)
        #expect(
            try await table.result(round, by: table.admin)
                == RoundResult(name: "\(round.name)/result", outcome: .released(.init(responseCount: 6))))
    }

    @Test("a result is for coaching: without that purpose neither subject nor coach reads it")
    func purpose() async throws {
        let table = try await RoundTable()
        let round = try await table.share(try await table.open())
        for id in ["sam", "coach"] {
            for purpose in ["", "appraisal", "programme_admin", "audit"] {
                let context = table.host.context(person: RoundTable.person(id), purpose: purpose)
                #expect(
                    await refusal { try await table.result(round, by: context) }
                        == "PERMISSION_DENIED PURPOSE_MISSING", "\(id) \(purpose)")
            }
        }
        // An administrator who is the subject reads their own, and no other way around the purpose.
        let both = table.host.context(
            person: RoundTable.person("sam"), purpose: "programme_admin", roles: ["programme_admin"])
        #expect(await refusal { try await table.result(round, by: both) } == "PERMISSION_DENIED PURPOSE_MISSING")
    }

    @Test("a coach reads no longer than the relationship lasts")
    func ended() async throws {
        let table = try await RoundTable()
        let round = try await table.share(try await table.open())
        _ = try await table.result(round, by: table.coach)
        var ended = table.relationship
        ended.state = .ended
        ended.etag = "\"2\""
        try await table.host.put(ended)
        #expect(await refusal { try await table.result(round, by: table.coach) } == Self.denied)
        #expect(await refusal { try await table.share(round) } == "FAILED_PRECONDITION NOT_ACTIVE")
    }

    @Test("the round itself: whole to subject and administrator, without people to rater and coach")
    func round() async throws {
        let table = try await RoundTable()
        let round = try await table.share(try await table.open())
        let read: (ServerContext) async throws -> Void = {
            _ = try await table.service.getRound(.init(name: round.name), $0)
        }
        #expect(
            await Self.outcomes(table, read)
                == ["subject": "OK", "administrator": "OK", "rater": "OK", "coach": "OK"])
        for caller in [table.subject, table.admin] {
            #expect(try await table.service.getRound(.init(name: round.name), caller) == round)
        }
        for caller in [table.by(0), table.coach] {
            let seen = try await table.service.getRound(.init(name: round.name), caller)
            #expect(seen.raters.isEmpty && seen.sharedWith.isEmpty && seen.questions == round.questions)
        }
    }

    @Test("verbs: each for whom it is meant")
    func verbs() async throws {
        let table = try await RoundTable()
        let round = try await table.share(try await table.open())
        let service = table.service
        let own = [RoundTable.person("sam")]
        #expect(
            await Self.outcomes(table) { _ = try await service.listRounds(.init(parent: own[0]), $0) }
                == ["subject": "OK", "administrator": "OK"])
        let organizers = [
            "subject": "OK", "administrator": "OK", "rater": Self.forbidden, "coach": Self.forbidden,
        ]
        #expect(
            await Self.outcomes(table) {
                _ = try await service.nominateRater(.init(name: round.name, rater: RoundTable.rater(9)), $0)
            } == organizers)
        let responses = [
            "rater": "OK", "subject": Self.forbidden, "administrator": Self.forbidden, "coach": Self.forbidden,
        ]
        #expect(
            await Self.outcomes(table) {
                let response = RoundResponse(answers: [.init(question: 1, value: .rating(3))])
                _ = try await service.submitRoundResponse(.init(name: round.name, response: response), $0)
            } == responses)
        #expect(
            await Self.outcomes(table) { _ = try await service.getRoundResponse(.init(name: round.name), $0) }
                == responses)
        #expect(
            await Self.outcomes(table) { _ = try await service.declineRound(.init(name: round.name), $0) }
                == responses)
        let subjects = [
            "subject": "OK", "administrator": Self.forbidden, "rater": Self.forbidden, "coach": Self.forbidden,
        ]
        #expect(await Self.outcomes(table) { _ = try await table.share(round, by: $0) } == subjects)
        #expect(
            await Self.outcomes(table) {
                _ = try await service.recallRoundResult(.init(name: round.name, relationship: "x"), $0)
            } == subjects)
        #expect(
            await Self.outcomes(table) {
                _ = try await service.listRoundsToAnswer(.init(parent: RoundTable.rater(0)), $0)
            } == ["rater": "OK"])
        #expect(
            await Self.outcomes(table) { _ = try await table.close(round, by: $0) }
                == organizers.merging(["administrator": "FAILED_PRECONDITION WRONG_STATE"]) { $1 })
        #expect(
            await Self.outcomes(table) { _ = try await table.open(by: $0) }
                == ["subject": "OK", "administrator": "RESOURCE_EXHAUSTED TOO_MANY_ROUNDS"])
    }

    @Test("what does not exist looks to everybody else as what they may not see")
    func missing() async throws {
        let table = try await RoundTable()
        let name = "\(RoundTable.person("sam"))/rounds/01931f5e-0000-7000-8000-00000000000f"
        #expect(
            await Self.outcomes(table) { _ = try await table.service.getRound(.init(name: name), $0) }
                == ["subject": "NOT_FOUND NOT_FOUND", "administrator": "NOT_FOUND NOT_FOUND"])
        #expect(
            await refusal { try await table.service.getRoundResult(.init(name: name), table.subject) }
                == "INVALID_ARGUMENT BAD_NAME")
    }

    @Test("a result is shared with the coach of one's own relationship, with no other")
    func foreignRelationship() async throws {
        let table = try await RoundTable()
        let round = try await table.open()
        let foreign = try await table.host.relationship(
            trustor: RoundTable.person("tom"), trustee: RoundTable.person("other-coach"))
        let reversed = try await table.host.relationship(
            trustor: RoundTable.person("tom"), trustee: RoundTable.person("sam"))
        for name in [
            foreign.name, reversed.name, "organizations/acme/relationships/none",
            "organizations/globex/relationships/r",
        ] {
            #expect(
                await refusal {
                    try await table.service.shareRoundResult(.init(name: round.name, relationship: name), table.subject)
                } == Self.denied, "\(name)")
        }
    }

    @Test("two organisations with the same ids do not cross")
    func isolation() async throws {
        let table = try await RoundTable()
        let round = try await table.open()
        let other = round.name.replacing("acme", with: "globex")
        let stranger = table.host.context(person: "organizations/globex/people/sam")
        #expect(await refusal { try await table.service.getRound(.init(name: round.name), stranger) } == Self.denied)
        #expect(
            await refusal { try await table.service.getRound(.init(name: other), stranger) } == "NOT_FOUND NOT_FOUND")
        #expect(await refusal { try await table.service.getRound(.init(name: other), table.subject) } == Self.denied)
    }
}
