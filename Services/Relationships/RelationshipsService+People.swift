import RPC
import Schema
import ServiceKit

extension RelationshipsService {
    func createPerson(_ request: CreatePersonRequest, _ context: ServerContext) async throws -> Person {
        try await runtime.mutate(request, context, in: request.parent, answering: Tables.people) { change in
            try change.requireProgrammeAdmin()
            let organization = try ResourceName(request.parent, "organizations")
            let name = try change.name(request.personId, "person_id", "people", in: organization)
            return try change.add(try Person.created(request.person ?? Person(), name: name))
        }
    }

    func updatePerson(_ request: UpdatePersonRequest, _ context: ServerContext) async throws -> Person {
        let name = try ResourceName(request.name, "organizations", "people")
        return try await runtime.mutate(request, context, in: name.organization, answering: Tables.people) {
            [runtime] change in
            try change.requireProgrammeAdmin()
            let person = try change.get(Tables.people, name.text)
            let patched = try Person.mutableFields.apply(request.updateMask, request.person ?? Person(), to: person)
            return try change.replace(person, by: try person.updated(by: patched), runtime)
        }
    }

    /// Deletes nothing: the person's active relationships are paused, and can be resumed when the person is active again.
    func deactivatePerson(_ request: DeactivatePersonRequest, _ context: ServerContext) async throws -> Person {
        let name = try ResourceName(request.name, "organizations", "people")
        return try await runtime.mutate(request, context, in: name.organization, answering: Tables.people) {
            [runtime] change in
            try change.requireProgrammeAdmin()
            var person = try change.get(Tables.people, name.text)
            guard person.active else { return person }
            person.active = false
            person = try change.save(Tables.people, person)
            try change.publish(person)
            try change.eachOpenRelationship(of: name.text, runtime) { change, relationship in
                // What is imported still tells of the time before: it is paused when the import ends.
                guard relationship.state == .active, !relationship.importing else { return }
                _ = try change.pause(relationship, .personDeactivated)
            }
            return person
        }
    }

    /// Whole for the person and programme administrators, the name for a partner and for whom an open proposal names
    /// (docs/domain.md rule 38).
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
                try PairIndex.arePartners(asking, name.text, organization: name.organization, in: snapshot)
                    || MatchIndex.areProposed(asking, name.text, organization: name.organization, in: snapshot)
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
}

extension Change {
    func requireProgrammeAdmin() throws {
        guard caller?.isProgrammeAdmin == true else {
            throw Refusal.roleForbidden("Only programme administrators do this.")
        }
    }

    /// What a change of a person means for each of the open relationships that the person is in.
    /// - Parameter body: takes a change of the relationship, with all that fell due for it before.
    func eachOpenRelationship(
        of person: String, _ runtime: Runtime, _ body: (Change, Relationship) throws -> Void
    ) throws {
        let limit = 100
        var last: String?
        repeat {
            let page = try PairIndex.relationships(
                of: person, organization: organization, open: true, after: last, limit: limit, in: transaction)
            for pair in page {
                let change = try runtime.change(self, of: pair)
                try body(change, change.get(Tables.relationships, pair))
            }
            last = page.count == limit ? page.last : nil
        } while last != nil
    }

    /// The id that the client chose, or a new one.
    func name(
        _ id: String, _ field: String, _ collection: String, in organization: ResourceName
    ) throws -> ResourceName {
        if id.isEmpty {
            return try ResourceName(newName(collection, in: organization.text), "organizations", collection)
        }
        guard ResourceName.isIdentifier(id[...]) else { throw Refusal.invalid(field, "1 to 63 of a-z, 0-9 and -") }
        return organization.child(collection, id)
    }

    /// - Throws: `Refusal` ALREADY_EXISTS for an id or a directory key that is taken; nothing is written then.
    func add(_ person: Person) throws -> Person {
        guard try find(Tables.people, person.name) == nil else {
            throw Refusal(.alreadyExists, "DUPLICATE_NAME", "This person_id is taken.")
        }
        try takeKey(of: person, before: "")
        let person = try create(Tables.people, person)
        try publish(person)
        return person
    }

    func replace(_ person: Person, by updated: Person, _ runtime: Runtime) throws -> Person {
        guard updated != person else { return person }
        try takeKey(of: updated, before: person.externalId)
        try reopenAgreements(from: person, to: updated, runtime)
        let saved = try save(Tables.people, updated)
        if !saved.belongs(like: person) { try publish(saved) }
        return saved
    }

    private func takeKey(of person: Person, before: String) throws {
        guard person.externalId != before else { return }
        let organization = try ResourceName(person.name, "organizations", "people").organization
        if !person.externalId.isEmpty {
            guard
                try Directory.take(
                    person.externalId, for: person.name, organization: organization, in: transaction)
            else { throw Refusal(.alreadyExists, "DUPLICATE_EXTERNAL_ID", "This external_id is taken.") }
        }
        if !before.isEmpty { try Directory.free(before, organization: organization, in: transaction) }
    }
}
