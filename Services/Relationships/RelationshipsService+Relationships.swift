import RPC
import Schema
import ServiceKit

extension RelationshipsService {
    func requestRelationship(
        _ request: RequestRelationshipRequest, _ context: ServerContext
    ) async throws -> Relationship {
        try await runtime.mutate(request, context, in: request.parent, answering: Tables.relationships) { change in
            let draft = request.relationship ?? Relationship()
            guard let caller = change.caller, let requester = caller.person,
                draft.isParty(requester) || caller.isProgrammeAdmin
            else { throw Refusal.notParty }
            if draft.importing { try requireImport(caller, isDated: request.occurredAt != nil) }
            return try change.requestRelationship(
                draft, by: requester, in: try ResourceName(request.parent, "organizations").text)
        }
    }

    /// For the parties, programme administrators and services.
    func getRelationship(_ request: GetRelationshipRequest, _ context: ServerContext) async throws -> Relationship {
        let caller = try context.caller
        let name = try ResourceName(request.name, "organizations", "relationships")
        guard caller.belongs(to: name.organization) else { throw Refusal.notParty }
        return try await runtime.database.read { snapshot in
            guard let relationship = try Tables.relationships.find(name.text, in: snapshot),
                caller.sees(relationship)
            else { throw Refusal.notParty }
            return relationship
        }
    }

    func listRelationships(
        _ request: ListRelationshipsRequest, _ context: ServerContext
    ) async throws -> ListRelationshipsResponse {
        let caller = try context.caller
        guard caller.belongs(to: request.parent) else { throw Refusal.notParty }
        guard let person = caller.person, !caller.isProgrammeAdmin else {
            let page = try await runtime.page(context, Tables.relationships, request)
            return ListRelationshipsResponse(relationships: page.items, nextPageToken: page.nextPageToken)
        }
        let organization = try ResourceName(request.parent, "organizations").text
        let page = try await runtime.page(context, Tables.relationships, request) { snapshot, after, limit in
            try PairIndex.relationships(
                of: person, organization: organization, after: after.map { "\(organization)/relationships/\($0)" },
                limit: limit, in: snapshot)
        }
        return ListRelationshipsResponse(relationships: page.items, nextPageToken: page.nextPageToken)
    }
}

extension Caller {
    /// Existence, dates and state of a relationship (docs/domain.md §6.9).
    fileprivate func sees(_ relationship: Relationship) -> Bool {
        service != nil || isProgrammeAdmin || relationship.isParty(person ?? "")
    }
}

/// History import begins with the first request's own date (docs/domain.md rule 1).
private func requireImport(_ caller: Caller, isDated: Bool) throws {
    guard caller.mayDate else { throw Refusal.roleForbidden("An import needs a token with the import scope.") }
    guard isDated else {
        throw Refusal(.failedPrecondition, "IMPORTING", "History is imported with occurred_at in every request.")
    }
}

extension Change {
    /// Kind, programme, trustee, trustor, rhythm and planned end are read from the draft.
    /// - Parameters:
    ///   - requester: a party or an administrator; the other one, or both, answer.
    ///   - old: the relationship that the new one takes the place of: it needs no room beside it.
    func requestRelationship(
        _ draft: Relationship, by requester: String, in organization: String, following old: Relationship? = nil
    ) throws -> Relationship {
        let programme = try programme(draft.programme, in: organization)
        _ = try activePerson(draft.trustee, "relationship.trustee", in: organization)
        let trustor = try activePerson(draft.trustor, "relationship.trustor", in: organization)
        try requireRoom(for: draft, in: programme, organization, following: old)
        var relationship = try Relationship.requested(
            draft, name: newName("relationships", in: organization), programme: programme,
            reportingLine: try Person.reportingLine(of: trustor) { try find(Tables.people, $0) }, at: now)
        guard
            try !PairIndex.isOpen(
                trustee: draft.trustee, trustor: draft.trustor, programme: draft.programme,
                organization: organization, in: transaction)
        else {
            throw Refusal(
                .alreadyExists, "DUPLICATE_RELATIONSHIP",
                "The two have an open relationship in this programme already.")
        }
        relationship = try create(Tables.relationships, relationship)
        try PairIndex.insert(relationship, organization: organization, requester: requester, in: transaction)
        if relationship.importing { try hold(relationship.name) }
        try schedule(.requestExpires, for: relationship.name, at: now.adding(days: Span.requestDays))
        try publish("relationship.requested.v1", relationship)
        return relationship
    }

    fileprivate func programme(_ name: String, in organization: String) throws -> Programme {
        let parsed = try ResourceName(name, "organizations", "programmes")
        guard parsed.organization == organization, let programme = try find(Tables.programmes, name) else {
            throw Refusal.invalid("relationship.programme", "a programme of this organisation")
        }
        return programme
    }

    fileprivate func activePerson(_ name: String, _ field: String, in organization: String) throws -> Person {
        let parsed = try ResourceName(name, "organizations", "people")
        guard parsed.organization == organization, let person = try find(Tables.people, name), person.active else {
            throw Refusal.invalid(field, "an active person of this organisation")
        }
        return person
    }

    /// Where the two have said how much they can take, one more must fit (docs/domain.md §6.1).
    fileprivate func requireRoom(
        for draft: Relationship, in programme: Programme, _ organization: String, following old: Relationship?
    ) throws {
        for (person, role) in [(draft.trustee, Enrollment.Role.trustee), (draft.trustor, .trustor)] {
            let name = Enrollment.name(of: person, as: role, in: programme.name)
            guard let enrollment = try find(Tables.enrollments, name) else { continue }
            let load = try PairIndex.load(
                of: person, as: role, programme: programme.name, organization: organization, in: transaction)
            // A pair that is rematched takes no place already.
            let isReplaced = role == .trustor && old != nil && old?.state != .rematching
            try enrollment.requireRoom(load: isReplaced ? load - 1 : load)
        }
    }
}
