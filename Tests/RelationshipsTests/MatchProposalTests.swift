import RPC
import Schema
import ServiceKit
import ServiceKitTesting
import Testing

@testable import Relationships

/// What people do with proposals, and who sees what of matching (docs/domain.md §6.1 and §6.9).
@Suite struct MatchProposalTests {
    /// Mira and Jonas are proposed to each other, Leo waits, Ruth takes no part.
    func proposed() async throws -> (Market, MatchProposal, MatchRun) {
        let market = try await Market()
        try await market.enroll("mira", .trustor, preferences: ["jonas"])
        try await market.enroll("leo", .trustor)
        try await market.enroll("jonas", .trustee, preferences: ["mira"])
        let run = try await market.run()
        return (market, try #require(try await market.proposals().first), run)
    }

    // MARK: Answers

    @Test(arguments: [("mira", "jonas"), ("jonas", "mira")])
    func whoAcceptsAsksForTheRelationship(asking: String, asked: String) async throws {
        let (market, proposal, _) = try await proposed()
        let accepted = try await market.accept(proposal, by: market.by(asking))
        #expect(accepted.state == .accepted && accepted.answeredBy == market.person(asking))
        let relationship = try await market.service.getRelationship(
            GetRelationshipRequest(name: accepted.relationship), market.by(asked))
        #expect(relationship.state == .requested && relationship.kind == .coaching)
        #expect(relationship.trustee == market.person("jonas") && relationship.trustor == market.person("mira"))
        let accept = AcceptRequestRequest(name: relationship.name)
        #expect(await refusal { try await market.service.acceptRequest(accept, market.by(asking)) } == "ROLE_FORBIDDEN")
        #expect(try await market.service.acceptRequest(accept, market.by(asked)).state == .accepted)
        #expect(try await market.host.events().map(\.type).contains("relationship.requested.v1"))
        for answer in [market.accept, market.decline] {
            #expect(await refusal { try await answer(proposal, market.by(asked)) } == "WRONG_STATE")
        }
    }

    @Test func whoDeclinedIsNotProposedAgain() async throws {
        let (market, proposal, _) = try await proposed()
        #expect(try await market.decline(proposal, by: market.by("jonas")).state == .declined)
        let run = try await market.run()
        #expect(try await market.pairs() == ["leo": "jonas"])
        #expect(try await market.explain(run, "mira", "jonas").exclusions == [.pairedBefore])
        #expect(try await market.waiting().map { market.id($0.person) } == ["mira"])
    }

    @Test func aRequestThatCameToNothingIsNotProposedAgain() async throws {
        let (market, proposal, _) = try await proposed()
        let accepted = try await market.accept(proposal, by: market.by("mira"))
        _ = try await market.service.declineRequest(.init(name: accepted.relationship), market.by("jonas"))
        try await market.run()
        #expect(try await market.pairs() == ["leo": "jonas"])
    }

    @Test func anOpenProposalHoldsAPlaceUntilItsTimeIsOver() async throws {
        let (market, proposal, _) = try await proposed()
        #expect(try await market.run().proposalCount == 0, "Jonas' one place is held")
        let end = try Check.instant(proposal.expireTime, "")
        try await market.host.advance(microseconds: end - market.host.clock.now - 60_000_000)
        try await market.matching.runAll()
        #expect(try await market.proposals()[0].state == .proposed)
        try await market.host.advance(microseconds: 60_000_001)
        #expect(await refusal { try await market.accept(proposal, by: market.by("mira")) } == "WRONG_STATE")
        try await market.matching.runAll()
        #expect(try await market.proposals()[0].state == .expired)
        #expect(try await market.run().proposalCount == 1)
    }

    @Test func anAnswerAtExactlyTheEndCounts() throws {
        var proposal = MatchProposal(state: .proposed, expireTime: day(14).timestamp)
        #expect(refusal { try proposal.requireOpen(at: day(14).next) } == "WRONG_STATE")
        #expect(refusal { try proposal.decline(by: coach, at: day(14)) } == nil)
        #expect(proposal.state == .declined && !proposal.close(.expired))
    }

    @Test func whatWouldForbidARequestForbidsTheAcceptance() async throws {
        let (market, proposal, _) = try await proposed()
        _ = try await market.service.requestRelationship(
            RequestRelationshipRequest(
                parent: market.organization,
                relationship: Relationship(
                    programme: market.programme, trustee: market.person("jonas"), trustor: market.person("leo"))),
            market.by("leo"))
        #expect(await refusal { try await market.accept(proposal, by: market.by("mira")) } == "CAPACITY_FULL")
        #expect(try await market.proposals()[0].state == .proposed, "nothing happened")
        _ = try await market.service.deactivatePerson(.init(name: market.person("jonas")), market.admin)
        #expect(await refusal { try await market.accept(proposal, by: market.by("mira")) } == "INVALID_FIELD")
    }

    @Test func anEtagOrRequestIdIsKept() async throws {
        let (market, proposal, _) = try await proposed()
        var request = AcceptMatchProposalRequest(name: proposal.name, etag: "\"9\"")
        #expect(
            await refusal { try await market.service.acceptMatchProposal(request, market.by("mira")) }
                == "ETAG_MISMATCH")
        request.etag = proposal.etag
        request.requestId = "0193aaaa-0000-4000-8000-000000000002"
        let first = try await market.service.acceptMatchProposal(request, market.by("mira"))
        request.etag = proposal.etag
        #expect(try await market.service.acceptMatchProposal(request, market.by("mira")) == first)
    }

    // MARK: Who sees what

    @Test func runsAreForAdministratorsAlone() async throws {
        let (market, _, run) = try await proposed()
        let foreign = market.host.context(
            person: "organizations/globex/people/admin", purpose: "programme_admin", roles: ["programme_admin"])
        for (context, reason) in [
            (market.by("mira"), "ROLE_FORBIDDEN"), (market.by("jonas"), "ROLE_FORBIDDEN"), (foreign, "NOT_PARTY"),
        ] {
            let service = market.service
            #expect(
                await refusal {
                    try await service.proposeMatches(ProposeMatchesRequest(parent: market.programme), context)
                } == reason)
            #expect(await refusal { try await service.getMatchRun(.init(name: run.name), context) } == reason)
            #expect(
                await refusal { try await service.listMatchRuns(.init(parent: market.programme), context) } == reason)
            #expect(await refusal { try await service.cancelMatchRun(.init(name: run.name), context) } == reason)
            #expect(
                await refusal {
                    try await service.getMatchExplanation(
                        .init(name: run.name, trustee: market.person("jonas"), trustor: market.person("mira")), context)
                } == reason)
        }
        #expect(
            await refusal { try await market.service.getMatchRun(.init(name: run.name + "0"), market.admin) }
                == "NOT_FOUND")
        #expect(try await market.get(run).state == .succeeded, "nobody cancelled it")
    }

    @Test func aProposalIsSeenAndAnsweredByItsTwoPeople() async throws {
        let (market, proposal, _) = try await proposed()
        let get = GetMatchProposalRequest(name: proposal.name)
        for context in [market.by("mira"), market.by("jonas"), market.admin] {
            #expect(try await market.service.getMatchProposal(get, context) == proposal)
            #expect(try await market.proposals(by: context) == [proposal])
        }
        let missing = GetMatchProposalRequest(name: "\(market.programme)/matchProposals/none")
        for outsider in [market.by("leo"), market.by("ruth")] {
            #expect(await refusal { try await market.service.getMatchProposal(get, outsider) } == "NOT_PARTY")
            #expect(await refusal { try await market.service.getMatchProposal(missing, outsider) } == "NOT_PARTY")
            #expect(try await market.proposals(by: outsider).isEmpty)
            for answer in [market.accept, market.decline] {
                #expect(await refusal { try await answer(proposal, outsider) } == "NOT_PARTY")
            }
        }
        #expect(await refusal { try await market.service.getMatchProposal(missing, market.admin) } == "NOT_FOUND")
        for answer in [market.accept, market.decline] {
            #expect(await refusal { try await answer(proposal, market.admin) } == "ROLE_FORBIDDEN")
        }
        let foreign = market.host.context(person: "organizations/globex/people/mira", roles: ["programme_admin"])
        #expect(await refusal { try await market.service.getMatchProposal(get, foreign) } == "NOT_PARTY")
        #expect(await refusal { try await market.proposals(by: foreign) } == "NOT_PARTY")
        #expect(await refusal { try await market.accept(proposal, by: foreign) } == "NOT_PARTY")
    }

    @Test func theTwoHearEachOthersNameWhileTheProposalIsOpen() async throws {
        let (market, proposal, _) = try await proposed()
        let jonas = GetPersonRequest(name: market.person("jonas"))
        #expect(
            try await market.service.getPerson(jonas, market.by("mira"))
                == Person(name: market.person("jonas"), displayName: "jonas"))
        #expect(await refusal { try await market.service.getPerson(jonas, market.by("leo")) } == "NOT_PARTY")
        try await market.decline(proposal, by: market.by("mira"))
        #expect(await refusal { try await market.service.getPerson(jonas, market.by("mira")) } == "NOT_PARTY")
    }

    @Test func theWaitingListIsForAdministratorsAndTheOneWhoWaits() async throws {
        let (market, _, _) = try await proposed()
        let entry = try #require(try await market.waiting().first)
        #expect(market.id(entry.person) == "leo" && entry.reason == .placesTaken)
        let own = try await market.waiting(by: market.by("leo"))
        #expect(own.count == 1 && own[0].exclusions.isEmpty && own[0].position == 1)
        let get = GetWaitlistEntryRequest(name: entry.name)
        #expect(try await market.service.getWaitlistEntry(get, market.by("leo")).person == entry.person)
        #expect(try await market.service.getWaitlistEntry(get, market.admin) == entry)
        for outsider in [market.by("mira"), market.by("jonas")] {
            #expect(await refusal { try await market.service.getWaitlistEntry(get, outsider) } == "NOT_PARTY")
            #expect(try await market.waiting(by: outsider).isEmpty)
        }
        let foreign = market.host.context(person: "organizations/globex/people/leo", roles: ["programme_admin"])
        #expect(await refusal { try await market.service.getWaitlistEntry(get, foreign) } == "NOT_PARTY")
        #expect(await refusal { try await market.waiting(by: foreign) } == "NOT_PARTY")
        #expect(
            await refusal {
                try await market.service.listWaitlistEntries(
                    .init(parent: market.programme, filter: "exclusions:1"), market.by("leo"))
            } == "BAD_FILTER")
    }

    // MARK: What people say of themselves

    @Test func anEnrolmentKeepsWhatMatchingReads() async throws {
        let market = try await Market()
        _ = try await market.service.createPerson(
            .init(parent: market.organization, personId: "mira", person: Person(displayName: "Mira")), market.admin)
        let offer = Enrollment(
            person: market.person("mira"), role: .trustor, goals: ["quota"], preferences: [market.person("jonas")],
            meetingHours: MeetingHours(startHour: 7, endHour: 12))
        let enroll = { (enrollment: Enrollment) in
            try await market.service.enroll(
                EnrollRequest(parent: market.programme, enrollment: enrollment), market.by("mira"))
        }
        let enrollment = try await enroll(offer)
        #expect(enrollment.goals == ["quota"] && enrollment.preferences == [market.person("jonas")])
        #expect(enrollment.meetingHours == MeetingHours(startHour: 7, endHour: 12))
        for change in [
            { $0.goals = Array(repeating: "x", count: 11) }, { $0.goals = [""] },
            { $0.goals = [String(repeating: "x", count: 101)] },
            { $0.preferences = Array(repeating: market.person("jonas"), count: 21) },
            { $0.preferences = ["organizations/globex/people/jonas"] },
            { $0.meetingHours = MeetingHours(startHour: 9, endHour: 9) },
            { $0.meetingHours = MeetingHours(startHour: -1, endHour: 9) },
            { $0.meetingHours = MeetingHours(startHour: 9, endHour: 25) },
        ] as [(inout Enrollment) -> Void] {
            var draft = offer
            change(&draft)
            let tried = draft
            #expect(await refusal { try await enroll(tried) } == "INVALID_FIELD")
        }
    }

    @Test(arguments: ["de", "DE", "pt-BR", "zh-Hant-TW", "gsw", "en-x-plain"])
    func tagsOfLanguagesAreKnown(tag: String) { #expect(LanguageTag.isKnown(tag)) }

    @Test(arguments: [
        "", "d", "xx", "german", "de-", "-de", "de--CH", "de_CH", "d1", "deutsch-langsam-gesprochen-seit-gestern",
    ])
    func otherWordsAreNone(tag: String) { #expect(!LanguageTag.isKnown(tag)) }
}
