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
            let organization = try ResourceName(request.parent, "organizations").text
            let programme = try change.programme(draft.programme, in: organization)
            _ = try change.activePerson(draft.trustee, "relationship.trustee", in: organization)
            let trustor = try change.activePerson(draft.trustor, "relationship.trustor", in: organization)
            var relationship = try Relationship.requested(
                draft, name: change.newName("relationships", in: organization), programme: programme,
                reportingLine: try change.reportingLine(of: trustor), at: change.now)
            guard
                try !PairIndex.isOpen(
                    trustee: draft.trustee, trustor: draft.trustor, programme: draft.programme,
                    organization: organization, in: change.transaction)
            else {
                throw Refusal(
                    .alreadyExists, "DUPLICATE_RELATIONSHIP",
                    "The two have an open relationship in this programme already.")
            }
            relationship = try change.create(Tables.relationships, relationship)
            try PairIndex.insert(
                relationship, organization: organization, requester: requester, in: change.transaction)
            if relationship.importing { try change.hold(relationship.name) }
            try change.schedule(
                .requestExpires, for: relationship.name, at: change.now.adding(days: Span.requestDays))
            try change.publish("relationship.requested.v1", relationship)
            return relationship
        }
    }

    func acceptRequest(_ request: AcceptRequestRequest, _ context: ServerContext) async throws -> Relationship {
        try await runtime.mutate(request, context, under: request.name, answering: Tables.relationships) { change in
            let person = try change.party(.trustor, .trustee)
            var relationship = try change.get(Tables.relationships, request.name)
            let requester = try PairIndex.requester(
                of: relationship.name, organization: try ResourceName.relationship(of: relationship.name).organization,
                in: change.transaction)
            try relationship.accept(by: person, requester: requester)
            try change.cancel(.requestExpires, for: relationship.name)
            return try change.publish("relationship.accepted.v1", saving: relationship)
        }
    }

    func activateRelationship(
        _ request: ActivateRelationshipRequest, _ context: ServerContext
    ) async throws -> Relationship {
        try await runtime.mutate(request, context, under: request.name, answering: Tables.relationships) { change in
            _ = try change.party(.trustor, .trustee)
            var relationship = try change.get(Tables.relationships, request.name)
            let signed = try change.agreements(of: relationship.name).first { $0.state == .signed }
            try relationship.activate(on: signed, at: change.now)
            return try change.publish("relationship.activated.v1", saving: relationship)
        }
    }

    /// Without occurred_at the import ends now. Whatever fell due until then happens first, each at its own instant.
    func finishImport(_ request: FinishImportRequest, _ context: ServerContext) async throws -> Relationship {
        guard try context.caller.mayDate else {
            throw Refusal.roleForbidden("Ending an import needs a token with the import scope.")
        }
        var dated = request
        if request.occurredAt == nil {
            // A request about an importing relationship is judged by its own date. Ending an import twice is harmless,
            // so a retry, which would be dated otherwise, needs no request_id.
            dated.occurredAt = runtime.clock.now.timestamp
            dated.requestId = ""
        }
        return try await runtime.mutate(dated, context, under: request.name, answering: Tables.relationships) {
            change in
            var relationship = try change.get(Tables.relationships, request.name)
            guard relationship.importing else { return relationship }
            relationship.finishImport()
            try change.release(relationship.name)
            return try change.publish("relationship.import_finished.v1", saving: relationship)
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
        let page = try await runtime.page(context, Tables.relationships, request, visible: caller.sees)
        return ListRelationshipsResponse(relationships: page.items, nextPageToken: page.nextPageToken)
    }

    func reviseAgreement(_ request: ReviseAgreementRequest, _ context: ServerContext) async throws -> Agreement {
        try await runtime.mutate(request, context, under: request.parent, answering: Tables.agreements) { change in
            _ = try change.party(.trustor, .trustee)
            let state = change.relationship.state
            guard [.accepted, .active, .paused].contains(state) else {
                throw Refusal.wrongState("relationship", is: state, needs: "ACCEPTED, ACTIVE or PAUSED")
            }
            let earlier = try change.agreements(of: request.parent)
            let agreement = try Agreement.drafted(
                request.agreement ?? Agreement(), name: change.newName("agreements", in: request.parent),
                revision: (earlier.map(\.revision).max() ?? 0) + 1)
            for var draft in earlier where draft.state == .draft {
                draft.supersede()
                _ = try change.save(Tables.agreements, draft)
            }
            let saved = try change.create(Tables.agreements, agreement)
            try change.publish("agreement.revised.v1", saved)
            return saved
        }
    }

    func signAgreement(_ request: SignAgreementRequest, _ context: ServerContext) async throws -> Agreement {
        try await runtime.mutate(request, context, under: request.name, answering: Tables.agreements) { change in
            let person = try change.party(.trustor, .trustee)
            var agreement = try change.get(Tables.agreements, request.name)
            let isSigned = try agreement.sign(by: person, at: change.now)
            if isSigned {
                for var former in try change.agreements(of: change.relationship.name) where former.state == .signed {
                    former.supersede()
                    _ = try change.save(Tables.agreements, former)
                }
            }
            let saved = try change.save(Tables.agreements, agreement)
            if isSigned { try change.publish("agreement.signed.v1", saved) }
            return saved
        }
    }

    func getAgreement(_ request: GetAgreementRequest, _ context: ServerContext) async throws -> Agreement {
        try await runtime.get(context, Tables.agreements, request.name)
    }

    func listAgreements(
        _ request: ListAgreementsRequest, _ context: ServerContext
    ) async throws -> ListAgreementsResponse {
        let page = try await runtime.list(context, Tables.agreements, request)
        return ListAgreementsResponse(agreements: page.items, nextPageToken: page.nextPageToken)
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
    func expireRequest(_ name: String) throws {
        guard var relationship = try find(Tables.relationships, name), relationship.expire() else { return }
        relationship = try publish("relationship.expired.v1", saving: relationship)
        try PairIndex.close(
            relationship, organization: try ResourceName.relationship(of: name).organization, in: transaction)
    }

    /// Published as saved: its etag tells the projections which of two is the newer one.
    fileprivate func publish(_ type: String, saving relationship: Relationship) throws -> Relationship {
        var relationship = relationship
        if relationship.importing { relationship.importClock = now.timestamp }
        relationship = try save(Tables.relationships, relationship)
        try publish(type, relationship)
        return relationship
    }

    fileprivate func agreements(of relationship: String) throws -> [Agreement] {
        try list(Tables.agreements, parent: relationship, limit: Int(Agreement.maximumRevisions))
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

    /// The managers above a person, the nearest first. A circle in the directory ends it.
    fileprivate func reportingLine(of person: Person) throws -> [String] {
        var line: [String] = []
        var next = person.manager
        while !next.isEmpty, !line.contains(next), line.count < Int(Person.maximumLevels) {
            line.append(next)
            next = try find(Tables.people, next)?.manager ?? ""
        }
        return line
    }
}
