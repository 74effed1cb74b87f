import RPC
import Schema
import ServiceKit

extension Caller {
    var isProgrammeAdmin: Bool { roles.contains("programme_admin") }
}

extension RelationshipsService {
    func createPerson(_ request: CreatePersonRequest, _ context: ServerContext) async throws -> Person {
        try await runtime.mutate(request, context, in: request.parent, answering: Tables.people) { change in
            try change.requireProgrammeAdmin()
            let organization = try ResourceName(request.parent, "organizations")
            let name = try change.name(request.personId, "person_id", "people", in: organization)
            let person = try Person.created(request.person ?? Person(), name: name)
            guard try change.find(Tables.people, name.text) == nil else {
                throw Refusal(.alreadyExists, "DUPLICATE_NAME", "This person_id is taken.")
            }
            if !person.externalId.isEmpty {
                guard
                    try Directory.take(
                        person.externalId, for: person.name, organization: organization.text, in: change.transaction)
                else { throw Refusal(.alreadyExists, "DUPLICATE_EXTERNAL_ID", "This external_id is taken.") }
            }
            return try change.create(Tables.people, person)
        }
    }

    /// Whole for the person and programme administrators, the name for a partner (docs/domain.md rule 38).
    func getPerson(_ request: GetPersonRequest, _ context: ServerContext) async throws -> Person {
        let caller = try context.caller
        let name = try ResourceName(request.name, "organizations", "people")
        guard caller.belongs(to: name.organization) else { throw Refusal.notParty }
        let seesAll = caller.service != nil || caller.isProgrammeAdmin
        return try await runtime.database.read { snapshot in
            let person = try Tables.people.find(name.text, in: snapshot)
            if seesAll {
                guard let person else { throw Refusal.notFound(name.text) }
                return person
            }
            guard let person, let asking = caller.person else { throw Refusal.notParty }
            if asking == name.text { return person }
            guard
                try PairIndex.arePartners(
                    asking, name.text, organization: name.organization, in: snapshot)
            else { throw Refusal.notParty }
            return person.seenByPartner
        }
    }

    func listPeople(_ request: ListPeopleRequest, _ context: ServerContext) async throws -> ListPeopleResponse {
        let caller = try context.caller
        guard caller.belongs(to: request.parent) else { throw Refusal.notParty }
        guard caller.service != nil || caller.isProgrammeAdmin else {
            throw Refusal.roleForbidden("Only programme administrators list people.")
        }
        let page = try await runtime.page(context, Tables.people, request)
        return ListPeopleResponse(people: page.items, nextPageToken: page.nextPageToken)
    }

    func createProgramme(_ request: CreateProgrammeRequest, _ context: ServerContext) async throws -> Programme {
        try await runtime.mutate(request, context, in: request.parent, answering: Tables.programmes) { change in
            try change.requireProgrammeAdmin()
            let organization = try ResourceName(request.parent, "organizations")
            let name = try change.name(request.programmeId, "programme_id", "programmes", in: organization)
            let programme = try Programme.created(request.programme ?? Programme(), name: name.text)
            guard try change.find(Tables.programmes, name.text) == nil else {
                throw Refusal(.alreadyExists, "DUPLICATE_NAME", "This programme_id is taken.")
            }
            return try change.create(Tables.programmes, programme)
        }
    }

    /// Everybody in the organisation may know its programmes.
    func getProgramme(_ request: GetProgrammeRequest, _ context: ServerContext) async throws -> Programme {
        let name = try ResourceName(request.name, "organizations", "programmes")
        guard try context.caller.belongs(to: name.organization) else { throw Refusal.notParty }
        return try await runtime.database.read { snapshot in
            guard let programme = try Tables.programmes.find(name.text, in: snapshot) else {
                throw Refusal.notFound(name.text)
            }
            return programme
        }
    }

    func listProgrammes(
        _ request: ListProgrammesRequest, _ context: ServerContext
    ) async throws -> ListProgrammesResponse {
        guard try context.caller.belongs(to: request.parent) else { throw Refusal.notParty }
        let page = try await runtime.page(context, Tables.programmes, request)
        return ListProgrammesResponse(programmes: page.items, nextPageToken: page.nextPageToken)
    }
}

extension Change {
    fileprivate func requireProgrammeAdmin() throws {
        guard caller?.isProgrammeAdmin == true else {
            throw Refusal.roleForbidden("Only programme administrators do this.")
        }
    }

    /// The id that the client chose, or a new one.
    fileprivate func name(
        _ id: String, _ field: String, _ collection: String, in organization: ResourceName
    ) throws -> ResourceName {
        if id.isEmpty {
            return try ResourceName(newName(collection, in: organization.text), "organizations", collection)
        }
        guard ResourceName.isIdentifier(id[...]) else { throw Refusal.invalid(field, "1 to 63 of a-z, 0-9 and -") }
        return organization.child(collection, id)
    }
}
