import RPC
import Schema
import ServiceKit
import ServiceKitTesting
import Testing

@testable import Relationships

/// Who may do and see what (docs/domain.md §6.9, rules 3, 33 and 38).
@Suite struct AccessTests {
    @Test func onlyAdministratorsAddPeopleAndProgrammes() async throws {
        let pair = try await Pair.strangers()
        let person = CreatePersonRequest(
            parent: pair.organization, personId: "new", person: Person(displayName: "New"))
        let programme = CreateProgrammeRequest(
            parent: pair.organization, programme: Programme(displayName: "New", kind: .peer))
        #expect(await refusal { try await pair.service.createPerson(person, pair.by(pair.coach)) } == "ROLE_FORBIDDEN")
        #expect(
            await refusal { try await pair.service.createProgramme(programme, pair.by(pair.coach)) } == "ROLE_FORBIDDEN"
        )
        #expect(await refusal { try await pair.service.createPerson(person, pair.admin) } == nil)
        #expect(await refusal { try await pair.service.createPerson(person, pair.admin) } == "DUPLICATE_NAME")
        var twin = person
        twin.personId = "twin"
        twin.person?.externalId = "hr-coach"
        #expect(await refusal { try await pair.service.createPerson(twin, pair.admin) } == "DUPLICATE_EXTERNAL_ID")
        twin.personId = "No Name"
        #expect(await refusal { try await pair.service.createPerson(twin, pair.admin) } == "INVALID_FIELD")
        let named = try await pair.service.createProgramme(programme, pair.admin).name
        #expect(named.hasPrefix("\(pair.organization)/programmes/"), "the service chooses where the client does not")
    }

    @Test func aPersonIsWholeToItselfANameToThePartnerAndNothingToOthers() async throws {
        let pair = try await Pair.strangers()
        let coachee = GetPersonRequest(name: pair.coachee)
        #expect(await refusal { try await pair.service.getPerson(coachee, pair.by(pair.coach)) } == "NOT_PARTY")
        _ = try await pair.request()
        #expect(
            try await pair.service.getPerson(coachee, pair.by(pair.coach))
                == Person(name: pair.coachee, displayName: "coachee of acme"))
        #expect(try await pair.service.getPerson(coachee, pair.by(pair.coachee)).externalId == "hr-coachee")
        #expect(try await pair.service.getPerson(coachee, pair.admin).externalId == "hr-coachee")
        #expect(
            await refusal { try await pair.service.getPerson(coachee, pair.by(pair.person("other"))) } == "NOT_PARTY")
        let nobody = GetPersonRequest(name: pair.person("nobody"))
        #expect(await refusal { try await pair.service.getPerson(nobody, pair.by(pair.coach)) } == "NOT_PARTY")
        #expect(await refusal { try await pair.service.getPerson(nobody, pair.admin) } == "NOT_FOUND")
        let list = ListPeopleRequest(parent: pair.organization)
        #expect(await refusal { try await pair.service.listPeople(list, pair.by(pair.coach)) } == "ROLE_FORBIDDEN")
        #expect(try await pair.service.listPeople(list, pair.admin).people.count == 5)
    }

    @Test func aRelationshipIsSeenByItsPartiesAdministratorsAndServices() async throws {
        let pair = try await Pair.active()
        let get = GetRelationshipRequest(name: pair.name)
        for context in [pair.by(pair.coach), pair.by(pair.coachee), pair.admin, pair.host.context(service: "goals")] {
            #expect(try await pair.service.getRelationship(get, context).name == pair.name)
        }
        #expect(
            await refusal { try await pair.service.getRelationship(get, pair.by(pair.person("other"))) } == "NOT_PARTY")
        let unknown = GetRelationshipRequest(
            name: "\(pair.organization)/relationships/0193aaaa-0000-7000-8000-000000000009")
        #expect(await refusal { try await pair.service.getRelationship(unknown, pair.admin) } == "NOT_PARTY")

        let other = try await pair.request(trustor: pair.person("other"), by: pair.coach)
        let list = ListRelationshipsRequest(parent: pair.organization)
        #expect(
            try await pair.service.listRelationships(list, pair.by(pair.coachee)).relationships.map(\.name)
                == [pair.name])
        for context in [pair.by(pair.coach), pair.admin, pair.host.context(service: "trust-scoring")] {
            #expect(
                try await pair.service.listRelationships(list, context).relationships.map(\.name)
                    == [pair.name, other.name])
        }
        let first = try await pair.service.listRelationships(
            ListRelationshipsRequest(parent: pair.organization, pageSize: 1), pair.by(pair.coach))
        #expect(first.relationships.map(\.name) == [pair.name])
        let second = try await pair.service.listRelationships(
            ListRelationshipsRequest(parent: pair.organization, pageSize: 1, pageToken: first.nextPageToken),
            pair.by(pair.coach))
        #expect(second.relationships.map(\.name) == [other.name] && second.nextPageToken.isEmpty)
    }

    @Test func whatAPairDoesIsForThePairAlone() async throws {
        let pair = try await Pair.active()
        let promise = try await pair.promise(pair.coach, due: day(6), at: day(0))
        let get = GetCommitmentRequest(name: promise)
        for context in [pair.admin, pair.by(pair.person("other"))] {
            #expect(await refusal { try await pair.service.getCommitment(get, context) } == "NOT_PARTY")
            #expect(
                await refusal {
                    try await pair.service.listCommitments(ListCommitmentsRequest(parent: pair.name), context)
                } == "NOT_PARTY")
        }
        #expect(await refusal { try await pair.promise(pair.person("other"), due: day(6), at: day(0)) } == "NOT_PARTY")
        let missing = GetCommitmentRequest(name: "\(pair.name)/commitments/0193aaaa-0000-7000-8000-00000000000c")
        #expect(await refusal { try await pair.service.getCommitment(missing, pair.by(pair.coach)) } == "NOT_FOUND")
    }

    /// Acts of one party alone, tried by the other.
    @Test func eachPartyHasItsOwnActs() async throws {
        let pair = try await Pair.active(importing: true)
        let session = try await pair.session(on: day(0), at: day(0))
        _ = try await pair.agreed(pair.coach, due: day(1), at: day(0))
        let heard = try await pair.service.recordReflectBack(
            RecordReflectBackRequest(
                parent: pair.name, reflectBack: ReflectBack(session: session, heard: "x"),
                occurredAt: day(0).timestamp), pair.by(pair.coach))
        let advice = try await pair.service.addAdvice(
            AddAdviceRequest(
                parent: pair.name, advice: Advice(session: session, text: "x"), occurredAt: day(0).timestamp),
            pair.by(pair.coach))
        try await pair.reach(day(3))
        let breachCase = try #require(try await pair.breachCases().first).name
        let now = day(3).timestamp
        let service = pair.service
        let coachOnly: [(ServerContext) async throws -> Void] = [
            { _ = try await service.stateIntent(StateIntentRequest(name: session, intent: "x", occurredAt: now), $0) },
            {
                _ = try await service.recordReflectBack(
                    RecordReflectBackRequest(
                        parent: pair.name, reflectBack: ReflectBack(session: session, heard: "x"), occurredAt: now), $0)
            },
            {
                _ = try await service.addAdvice(
                    AddAdviceRequest(parent: pair.name, advice: Advice(session: session, text: "x"), occurredAt: now),
                    $0)
            },
            {
                _ = try await service.acknowledgeBreach(
                    AcknowledgeBreachRequest(
                        name: breachCase, what: "w", effect: "e", change: "c", occurredAt: now), $0)
            },
        ]
        let coacheeOnly: [(ServerContext) async throws -> Void] = [
            { _ = try await service.acceptRepair(AcceptRepairRequest(name: breachCase, occurredAt: now), $0) },
            {
                _ = try await service.judgeReflectBack(
                    JudgeReflectBackRequest(name: heard.name, verdict: .confirmed, occurredAt: now), $0)
            },
            {
                _ = try await service.teachBack(
                    TeachBackRequest(name: advice.name, teachBack: "x", occurredAt: now), $0)
            },
            {
                _ = try await service.rateAdvice(
                    RateAdviceRequest(name: advice.name, rating: .helpful, occurredAt: now), $0)
            },
        ]
        for act in coachOnly { #expect(await refusal { try await act(pair.by(pair.coachee)) } == "ROLE_FORBIDDEN") }
        for act in coacheeOnly { #expect(await refusal { try await act(pair.by(pair.coach)) } == "ROLE_FORBIDDEN") }
    }

    @Test func withoutATokenNobodyIsAnswered() async throws {
        let pair = try await Pair.active()
        let nobody = ServerContext(method: "test.Service/Method")
        #expect(
            await refusal { try await pair.service.getRelationship(GetRelationshipRequest(name: pair.name), nobody) }
                == "TOKEN_MISSING")
        #expect(
            await refusal { try await pair.service.listPeople(ListPeopleRequest(parent: pair.organization), nobody) }
                == "TOKEN_MISSING")
    }

    /// The same people and the same programme in both: nothing crosses.
    @Test func twoOrganisationsDoNotCross() async throws {
        let host = try await TestHost(RelationshipsService.self, at: day(-2))
        let acme = try await Pair.active(organization: "acme", on: host)
        let umbrella = try await Pair.active(organization: "umbrella", on: host)
        let promise = try await acme.promise(acme.coach, due: day(6), at: day(0))
        let theirs = [umbrella.by(umbrella.coach), umbrella.by(umbrella.coachee), umbrella.admin]
        for context in theirs {
            #expect(
                await refusal {
                    try await host.service.getRelationship(GetRelationshipRequest(name: acme.name), context)
                }
                    == "NOT_PARTY")
            #expect(
                await refusal { try await host.service.getCommitment(GetCommitmentRequest(name: promise), context) }
                    == "NOT_PARTY")
            #expect(
                await refusal {
                    try await host.service.acceptCommitment(AcceptCommitmentRequest(name: promise), context)
                }
                    == "NOT_PARTY")
            #expect(
                await refusal { try await host.service.getPerson(GetPersonRequest(name: acme.coachee), context) }
                    == "NOT_PARTY")
            #expect(
                await refusal {
                    try await host.service.getProgramme(GetProgrammeRequest(name: acme.programme), context)
                } == "NOT_PARTY")
            #expect(
                await refusal {
                    try await host.service.listRelationships(
                        ListRelationshipsRequest(parent: acme.organization), context)
                } == "NOT_PARTY")
            #expect(
                await refusal {
                    try await host.service.createPerson(
                        CreatePersonRequest(parent: acme.organization, person: Person(displayName: "spy")), context)
                } == "NOT_PARTY")
        }
        #expect(
            try await host.service.listRelationships(
                ListRelationshipsRequest(parent: umbrella.organization), umbrella.admin
            ).relationships.map(\.name) == [umbrella.name])
        #expect(
            try await host.service.listPeople(ListPeopleRequest(parent: umbrella.organization), umbrella.admin)
                .people.allSatisfy { $0.displayName.hasSuffix("of umbrella") })
        #expect(
            try await host.service.getPerson(GetPersonRequest(name: umbrella.coach), umbrella.by(umbrella.coach))
                .displayName == "coach of umbrella")
        // A name that borrows the other's relationship id reaches nothing.
        let borrowed = promise.replacing("organizations/acme", with: "organizations/umbrella")
        #expect(
            await refusal { try await host.service.getCommitment(GetCommitmentRequest(name: borrowed), theirs[0]) }
                == "NOT_PARTY")
    }
}
