import RPC
import Schema
import ServiceKit
import Storage

/// Legal holds are for data-protection officers; auditors may know of them.
extension RelationshipsService {
    func createLegalHold(_ request: CreateLegalHoldRequest, _ context: ServerContext) async throws -> LegalHold {
        try await runtime.mutate(request, context, in: request.parent, answering: Tables.legalHolds) { change in
            try change.requirePrivacyOfficer()
            let hold = try LegalHold.held(
                request.legalHold ?? LegalHold(), name: change.newName("legalHolds", in: change.organization),
                by: change.actor)
            let people: [String]
            if hold.isOnPerson {
                people = [try change.get(Tables.people, hold.subject).name]
            } else {
                let relationship = try change.get(Tables.relationships, hold.subject)
                people = [relationship.trustor, relationship.trustee]
            }
            try LegalHolds.insert(hold, of: change.organization, in: change.transaction)
            try change.audit("legal_hold.created", hold.name, about: people)
            return try change.create(Tables.legalHolds, hold)
        }
    }

    /// What was to be removed meanwhile is removed now.
    func releaseLegalHold(_ request: ReleaseLegalHoldRequest, _ context: ServerContext) async throws -> LegalHold {
        let name = try ResourceName(request.name, "organizations", "legalHolds")
        return try await runtime.mutate(request, context, in: name.organization, answering: Tables.legalHolds) {
            change in
            try change.requirePrivacyOfficer()
            var hold = try change.get(Tables.legalHolds, name.text)
            try hold.release(by: change.actor, at: change.now)
            if try change.transaction.isErased(hold.requester) { hold.reason.erase() }
            try LegalHolds.remove(hold, of: change.organization, in: change.transaction)
            try change.resumeRetention(after: hold)
            try change.audit("legal_hold.released", hold.name, about: hold.isOnPerson ? [hold.subject] : [])
            return try change.save(Tables.legalHolds, hold)
        }
    }

    func getLegalHold(_ request: GetLegalHoldRequest, _ context: ServerContext) async throws -> LegalHold {
        let name = try ResourceName(request.name, "organizations", "legalHolds")
        try requireOversight(context, of: name.organization)
        return try await runtime.database.read { snapshot in
            guard let hold = try Tables.legalHolds.find(name.text, in: snapshot) else {
                throw Refusal.notFound(name.text)
            }
            return hold
        }
    }

    func listLegalHolds(
        _ request: ListLegalHoldsRequest, _ context: ServerContext
    ) async throws -> ListLegalHoldsResponse {
        try requireOversight(context, of: try ResourceName(request.parent, "organizations").text)
        let page = try await runtime.page(context, Tables.legalHolds, request)
        return ListLegalHoldsResponse(legalHolds: page.items, nextPageToken: page.nextPageToken)
    }

    /// Data-protection officers and auditors.
    /// - Throws: `Refusal` PERMISSION_DENIED, NOT_PARTY or PURPOSE_MISSING.
    func requireOversight(_ context: ServerContext, of organization: String) throws {
        let caller = try context.caller
        guard caller.belongs(to: organization) else { throw Refusal.notParty }
        guard caller.person != nil, ["privacy", "audit"].contains(caller.purpose) else {
            throw Refusal(.permissionDenied, "PURPOSE_MISSING", "this needs a token for the purpose privacy or audit")
        }
    }
}

extension Change {
    /// - Throws: `Refusal` PERMISSION_DENIED, PURPOSE_MISSING.
    func requirePrivacyOfficer() throws {
        guard caller?.isPrivacyOfficer == true else {
            throw Refusal(.permissionDenied, "PURPOSE_MISSING", "this needs a token for the purpose privacy")
        }
    }
}
