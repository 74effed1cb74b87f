import RPC
import Schema
import ServiceKit
import ServiceKitTesting
import Testing

@testable import Relationships

/// The same ids in two organisations: no list and no get of this service crosses.
@Suite struct TwoOrganisationsTests {
    static let id = "0193aaaa-0000-7000-8000-000000000001"
    static let organizations = ["organizations/acme", "organizations/umbrella"]

    /// One kind of resource: how it is planted, listed and asked for. Answers name what was found.
    struct Kind: Sendable {
        let collection: String
        let plant: @Sendable (Change, _ name: String) throws -> Void
        let list: @Sendable (RelationshipsService, _ parent: String, ServerContext) async throws -> [String]
        let get: @Sendable (RelationshipsService, _ name: String, ServerContext) async throws -> String
    }

    static let kinds: [Kind] = [
        Kind(
            collection: "agreements", plant: { _ = try $0.create(Tables.agreements, Agreement(name: $1)) },
            list: { try await $0.listAgreements(ListAgreementsRequest(parent: $1), $2).agreements.map(\.name) },
            get: { try await $0.getAgreement(GetAgreementRequest(name: $1), $2).name }),
        Kind(
            collection: "sessions", plant: { _ = try $0.create(Tables.sessions, Session(name: $1)) },
            list: { try await $0.listSessions(ListSessionsRequest(parent: $1), $2).sessions.map(\.name) },
            get: { try await $0.getSession(GetSessionRequest(name: $1), $2).name }),
        Kind(
            collection: "commitments", plant: { _ = try $0.create(Tables.commitments, Commitment(name: $1)) },
            list: { try await $0.listCommitments(ListCommitmentsRequest(parent: $1), $2).commitments.map(\.name) },
            get: { try await $0.getCommitment(GetCommitmentRequest(name: $1), $2).name }),
        Kind(
            collection: "breachCases", plant: { _ = try $0.create(Tables.breachCases, BreachCase(name: $1)) },
            list: { try await $0.listBreachCases(ListBreachCasesRequest(parent: $1), $2).breachCases.map(\.name) },
            get: { try await $0.getBreachCase(GetBreachCaseRequest(name: $1), $2).name }),
        Kind(
            collection: "decisions", plant: { _ = try $0.create(Tables.decisions, Decision(name: $1)) },
            list: { try await $0.listDecisions(ListDecisionsRequest(parent: $1), $2).decisions.map(\.name) },
            get: { try await $0.getDecision(GetDecisionRequest(name: $1), $2).name }),
        Kind(
            collection: "reflectBacks", plant: { _ = try $0.create(Tables.reflectBacks, ReflectBack(name: $1)) },
            list: { try await $0.listReflectBacks(ListReflectBacksRequest(parent: $1), $2).reflectBacks.map(\.name) },
            get: { try await $0.getReflectBack(GetReflectBackRequest(name: $1), $2).name }),
        Kind(
            collection: "advice", plant: { _ = try $0.create(Tables.advice, Advice(name: $1)) },
            list: { try await $0.listAdvice(ListAdviceRequest(parent: $1), $2).advice.map(\.name) },
            get: { try await $0.getAdvice(GetAdviceRequest(name: $1), $2).name }),
        Kind(
            collection: "contextChanges", plant: { _ = try $0.create(Tables.contextChanges, ContextChange(name: $1)) },
            list: {
                try await $0.listContextChanges(ListContextChangesRequest(parent: $1), $2).contextChanges.map(\.name)
            },
            get: { try await $0.getContextChange(GetContextChangeRequest(name: $1), $2).name }),
        Kind(
            collection: "inquiries", plant: { _ = try $0.create(Tables.inquiries, Inquiry(name: $1)) },
            list: { try await $0.listInquiries(ListInquiriesRequest(parent: $1), $2).inquiries.map(\.name) },
            get: { try await $0.getInquiry(GetInquiryRequest(name: $1), $2).name }),
        Kind(
            collection: "notes", plant: { _ = try $0.create(Tables.notes, Note(name: $1, level: .pair)) },
            list: { try await $0.listNotes(ListNotesRequest(parent: $1), $2).notes.map(\.name) },
            get: { try await $0.getNote(GetNoteRequest(name: $1), $2).name }),
        Kind(
            collection: "reflections",
            plant: { _ = try $0.create(Tables.reflections, Schema.Reflection(name: $1, revealTime: day(0).timestamp)) },
            list: { try await $0.listReflections(ListReflectionsRequest(parent: $1), $2).reflections.map(\.name) },
            get: { try await $0.getReflection(GetReflectionRequest(name: $1), $2).name }),
        Kind(
            collection: "conflictDisclosures",
            plant: { _ = try $0.create(Tables.conflictDisclosures, ConflictDisclosure(name: $1)) },
            list: {
                try await $0.listConflictDisclosures(ListConflictDisclosuresRequest(parent: $1), $2).conflictDisclosures
                    .map(\.name)
            },
            get: { try await $0.getConflictDisclosure(GetConflictDisclosureRequest(name: $1), $2).name }),
        Kind(
            collection: "credentials", plant: { _ = try $0.create(Tables.credentials, Credential(name: $1)) },
            list: { try await $0.listCredentials(ListCredentialsRequest(parent: $1), $2).credentials.map(\.name) },
            get: { try await $0.getCredential(GetCredentialRequest(name: $1), $2).name }),
        Kind(
            collection: "sessions/\(id)/agendaItems",
            plant: { _ = try $0.create(Tables.agendaItems, AgendaItem(name: $1)) },
            list: {
                try await $0.listAgendaItems(ListAgendaItemsRequest(parent: $1), $2).agendaItems.map(\.name)
            },
            get: { try await $0.getAgendaItem(GetAgendaItemRequest(name: $1), $2).name }),
    ]

    /// Both organisations have the same people, programme, pair and one resource of each kind, all with the same ids.
    func planted() async throws -> TestHost<RelationshipsService> {
        let host = try await TestHost(RelationshipsService.self, at: day(0))
        for organization in Self.organizations {
            let pair = "\(organization)/relationships/\(Self.id)"
            try await host.runtime.change(admin(host, organization), in: organization) { change in
                for person in ["coach", "coachee"] {
                    _ = try change.create(
                        Tables.people, Person(name: "\(organization)/people/\(person)", active: true))
                }
                let programme = "\(organization)/programmes/sales"
                _ = try change.create(Tables.programmes, Programme(name: programme))
                let relationship = try change.create(
                    Tables.relationships,
                    Relationship(
                        name: pair, programme: programme, trustee: "\(organization)/people/coach",
                        trustor: "\(organization)/people/coachee", state: .active, startTime: day(0).timestamp))
                try PairIndex.insert(
                    relationship, organization: organization, requester: relationship.trustor,
                    in: change.transaction)
                _ = try change.create(
                    Tables.enrollments,
                    Enrollment(
                        name: "\(programme)/enrollments/\(Self.id)", person: relationship.trustee, role: .trustee))
                _ = try change.create(
                    Tables.leaveWindows,
                    LeaveWindow(name: "\(relationship.trustee)/leaveWindows/\(Self.id)", startTime: day(1).timestamp))
                for kind in Self.kinds { try kind.plant(change, "\(pair)/\(kind.collection)/\(Self.id)") }
            }
        }
        return host
    }

    func admin(_ host: TestHost<RelationshipsService>, _ organization: String) -> ServerContext {
        host.context(person: "\(organization)/people/admin", roles: ["programme_admin"])
    }

    @Test func listsAndGetsOfAPairStayInTheirOrganisation() async throws {
        let host = try await planted()
        for (mine, theirs) in [(0, 1), (1, 0)].map({ (Self.organizations[$0], Self.organizations[$1]) }) {
            let reader = host.context(person: "\(mine)/people/coach")
            for kind in Self.kinds {
                for organization in [mine, theirs] {
                    let parent = ("\(organization)/relationships/\(Self.id)/\(kind.collection)" as String).split(
                        separator: "/"
                    ).dropLast().joined(separator: "/")
                    let name = "\(organization)/relationships/\(Self.id)/\(kind.collection)/\(Self.id)"
                    if organization == mine {
                        #expect(try await kind.list(host.service, parent, reader) == [name], "\(kind.collection)")
                        #expect(try await kind.get(host.service, name, reader) == name)
                    } else {
                        for stranger in [reader, admin(host, mine)] {
                            #expect(
                                await refusal { try await kind.list(host.service, parent, stranger) } == "NOT_PARTY",
                                "\(kind.collection)")
                            #expect(
                                await refusal { try await kind.get(host.service, name, stranger) } == "NOT_PARTY",
                                "\(kind.collection)")
                        }
                    }
                }
            }
        }
    }

    @Test func listsOfAnOrganisationStayInIt() async throws {
        let host = try await planted()
        let service = host.service
        for (mine, theirs) in [(0, 1), (1, 0)].map({ (Self.organizations[$0], Self.organizations[$1]) }) {
            let readers = [admin(host, mine), host.context(person: "\(mine)/people/coach")]
            for reader in readers {
                let pairs = try await service.listRelationships(ListRelationshipsRequest(parent: mine), reader)
                #expect(pairs.relationships.map(\.name) == ["\(mine)/relationships/\(Self.id)"])
                let programmes = try await service.listProgrammes(ListProgrammesRequest(parent: mine), reader)
                #expect(programmes.programmes.map(\.name) == ["\(mine)/programmes/sales"])
                let enrollments = try await service.listEnrollments(
                    ListEnrollmentsRequest(parent: "\(mine)/programmes/sales"), reader)
                #expect(enrollments.enrollments.map(\.person) == ["\(mine)/people/coach"])
                let leave = try await service.listLeaveWindows(
                    ListLeaveWindowsRequest(parent: "\(mine)/people/coach"), reader)
                #expect(leave.leaveWindows.map(\.name) == ["\(mine)/people/coach/leaveWindows/\(Self.id)"])
            }
            let people = try await service.listPeople(ListPeopleRequest(parent: mine), readers[0])
            #expect(people.people.map(\.name) == ["\(mine)/people/coach", "\(mine)/people/coachee"])
            for stranger in readers {
                let crossings: [() async throws -> Void] = [
                    { _ = try await service.listRelationships(ListRelationshipsRequest(parent: theirs), stranger) },
                    { _ = try await service.listPeople(ListPeopleRequest(parent: theirs), stranger) },
                    { _ = try await service.listProgrammes(ListProgrammesRequest(parent: theirs), stranger) },
                    {
                        _ = try await service.listEnrollments(
                            ListEnrollmentsRequest(parent: "\(theirs)/programmes/sales"), stranger)
                    },
                    {
                        _ = try await service.getEnrollment(
                            GetEnrollmentRequest(name: "\(theirs)/programmes/sales/enrollments/\(Self.id)"), stranger)
                    },
                    {
                        _ = try await service.listLeaveWindows(
                            ListLeaveWindowsRequest(parent: "\(theirs)/people/coach"), stranger)
                    },
                    {
                        _ = try await service.getLeaveWindow(
                            GetLeaveWindowRequest(name: "\(theirs)/people/coach/leaveWindows/\(Self.id)"), stranger)
                    },
                    {
                        _ = try await service.deactivatePerson(
                            DeactivatePersonRequest(name: "\(theirs)/people/coach"), stranger)
                    },
                    {
                        _ = try await service.updateProgramme(
                            UpdateProgrammeRequest(programme: Programme(name: "\(theirs)/programmes/sales")), stranger)
                    },
                    {
                        _ = try await service.verifyCredential(
                            VerifyCredentialRequest(parent: "\(theirs)/relationships/\(Self.id)"), stranger)
                    },
                    {
                        try await service.watchRelationship(
                            WatchRelationshipRequest(name: "\(theirs)/relationships/\(Self.id)"), stranger,
                            ResponseWriter { _ in })
                    },
                ]
                for cross in crossings { #expect(await refusal(cross) == "NOT_PARTY") }
            }
        }
    }

    /// What one organisation does to the pair does not touch the pair of the same id in the other.
    @Test func actsStayInTheirOrganisation() async throws {
        let host = try await planted()
        let pairs = Self.organizations.map { "\($0)/relationships/\(Self.id)" }
        _ = try await host.service.deactivatePerson(
            DeactivatePersonRequest(name: "organizations/acme/people/coach"), admin(host, "organizations/acme"))
        var states: [Relationship.State] = []
        for (index, pair) in pairs.enumerated() {
            states.append(
                try await host.service.getRelationship(
                    GetRelationshipRequest(name: pair), admin(host, Self.organizations[index])
                ).state)
        }
        #expect(states == [.paused, .active])
    }
}
