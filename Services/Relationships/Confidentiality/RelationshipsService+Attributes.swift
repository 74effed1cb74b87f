import RPC
import Schema
import ServiceKit
import Storage

extension DeclareAttributeRequest: Mutation {}
extension DeleteProtectedAttributeRequest: Mutation {}
extension ListProtectedAttributesRequest: ListRequest {}

/// Protected attributes: declared, read and deleted by the person alone, and handed out once more, to the service that
/// compares groups (docs/domain.md §4.4 b, §6.9). No event, no log and no other answer names one.
extension RelationshipsService {
    func declareAttribute(
        _ request: DeclareAttributeRequest, _ context: ServerContext
    ) async throws -> ProtectedAttribute {
        let person = try own(try ResourceName(request.parent, "organizations", "people"), context)
        return try await runtime.mutate(
            request, context, in: person.organization, answering: Tables.protectedAttributes
        ) { change in
            guard try change.find(Tables.people, person.text) != nil else { throw Refusal.notParty }
            let declared = try ProtectedAttribute.declared(request.kind, request.value, by: person.text)
            guard var known = try change.find(Tables.protectedAttributes, declared.name) else {
                return try change.create(Tables.protectedAttributes, declared)
            }
            known.value = declared.value
            return try change.save(Tables.protectedAttributes, known)
        }
    }

    func getProtectedAttribute(
        _ request: GetProtectedAttributeRequest, _ context: ServerContext
    ) async throws -> ProtectedAttribute {
        let name = try ResourceName(request.name, Tables.Form.protectedAttributes)
        _ = try own(name.parent, context)
        return try await runtime.database.read { snapshot in
            guard let attribute = try Tables.protectedAttributes.find(name.text, in: snapshot) else {
                throw Refusal.notFound(name.text)
            }
            return attribute
        }
    }

    func listProtectedAttributes(
        _ request: ListProtectedAttributesRequest, _ context: ServerContext
    ) async throws -> ListProtectedAttributesResponse {
        _ = try own(try ResourceName(request.parent, "organizations", "people"), context)
        let page = try await runtime.page(context, Tables.protectedAttributes, request)
        return ListProtectedAttributesResponse(
            protectedAttributes: page.items, nextPageToken: page.nextPageToken)
    }

    /// With the last one goes the key that all were encrypted with: no copy made from then on can be read.
    func deleteProtectedAttribute(
        _ request: DeleteProtectedAttributeRequest, _ context: ServerContext
    ) async throws -> ProtectedAttribute {
        let name = try ResourceName(request.name, Tables.Form.protectedAttributes)
        let person = try own(name.parent, context)
        return try await runtime.mutate(
            request, context, in: name.organization, answering: Tables.protectedAttributes
        ) { change in
            let attribute = try change.get(Tables.protectedAttributes, name.text)
            try change.delete(Tables.protectedAttributes, name.text)
            if try change.list(Tables.protectedAttributes, parent: person.text, limit: 1).isEmpty {
                try Tables.protectedAttributes.shredKey(of: person, in: change.transaction)
            }
            return attribute.emptied
        }
    }

    // MARK: For fairness runs

    /// People whose groups one message tells.
    private static let batch = 200

    /// Of the coachees of a programme, those who have declared anything.
    /// - Throws: `Refusal` NOT_PARTY for everybody but the trust-scoring service.
    func collectFairnessGroups(
        _ request: CollectFairnessGroupsRequest, _ context: ServerContext,
        _ responses: ResponseWriter<CollectFairnessGroupsResponse>
    ) async throws {
        let caller = try context.caller
        guard caller.service == "trust-scoring" else { throw Refusal.notParty }
        let programme = try ResourceName(request.name, "organizations", "programmes")
        let coachees = try await runtime.database.read {
            try PairIndex.trustors(programme: programme.text, organization: programme.organization, in: $0)
        }
        for start in stride(from: 0, to: coachees.count, by: Self.batch) {
            let batch = coachees[start..<min(start + Self.batch, coachees.count)]
            let labels = try await runtime.database.read { snapshot in
                try batch.flatMap { person in
                    try Tables.protectedAttributes.list(
                        parent: try ResourceName(person, "organizations", "people"), after: nil, limit: 20,
                        in: snapshot
                    ).map {
                        CollectFairnessGroupsResponse.Label(person: person, kind: $0.kind, value: $0.value)
                    }
                }
            }
            if !labels.isEmpty { try await responses.write(CollectFairnessGroupsResponse(labels: labels)) }
        }
    }

    /// - Throws: `Refusal` NOT_PARTY for everybody but the person.
    private func own(_ person: ResourceName, _ context: ServerContext) throws -> ResourceName {
        guard try context.caller.person == person.text else { throw Refusal.notParty }
        return person
    }
}
