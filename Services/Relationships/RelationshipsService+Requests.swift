import RPC
import Schema
import ServiceKit
import Storage

/// From the request to the answer.
extension RelationshipsService {
    func acceptRequest(_ request: AcceptRequestRequest, _ context: ServerContext) async throws -> Relationship {
        try await answer(request, context, "relationship.accepted.v1") { change, relationship, requester in
            try relationship.accept(by: try change.party(.trustor, .trustee), requester: requester)
            try change.cancel(.requestExpires, for: relationship.name)
        }
    }

    func declineRequest(_ request: DeclineRequestRequest, _ context: ServerContext) async throws -> Relationship {
        try await answer(request, context, "relationship.declined.v1") { change, relationship, requester in
            try relationship.decline(by: try change.party(.trustor, .trustee), requester: requester)
            try change.close(relationship)
        }
    }

    func askForMoreInfo(_ request: AskForMoreInfoRequest, _ context: ServerContext) async throws -> Relationship {
        try await answer(request, context, "relationship.info_asked.v1") { change, relationship, requester in
            try relationship.askForInfo(by: try change.party(.trustor, .trustee), requester: requester)
            let asked = try change.list(
                Tables.inquiries, parent: relationship.name, limit: Inquiry.maximumPerRequest)
            guard asked.count < Inquiry.maximumPerRequest else {
                throw Refusal(
                    .resourceExhausted, "CAPACITY_FULL",
                    "At most \(Inquiry.maximumPerRequest) questions are asked about a request.")
            }
            _ = try change.create(
                Tables.inquiries,
                Inquiry.asked(request.question, name: change.newName("inquiries", in: relationship.name)))
        }
    }

    func provideInfo(_ request: ProvideInfoRequest, _ context: ServerContext) async throws -> Relationship {
        try await answer(request, context, "relationship.info_provided.v1") { change, relationship, requester in
            try relationship.provideInfo(by: change.actor, requester: requester)
            let open = try Tables.inquiries.list(
                parent: ResourceName(relationship.name, "organizations", "relationships"), state: 1, limit: 1,
                in: change.transaction)
            for var inquiry in open {
                try inquiry.reply(request.answer, at: change.now)
                _ = try change.save(Tables.inquiries, inquiry)
            }
        }
    }

    func withdrawRequest(_ request: WithdrawRequestRequest, _ context: ServerContext) async throws -> Relationship {
        try await answer(request, context, "relationship.withdrawn.v1") { change, relationship, requester in
            try relationship.withdraw(by: change.actor, requester: requester)
            try change.close(relationship)
        }
    }

    func getInquiry(_ request: GetInquiryRequest, _ context: ServerContext) async throws -> Inquiry {
        guard try await isOutsideRequester(context, of: request.name) else {
            return try await runtime.get(context, Tables.inquiries, request.name)
        }
        return try await runtime.database.read { snapshot in
            guard let inquiry = try Tables.inquiries.find(request.name, in: snapshot) else {
                throw Refusal.notFound(request.name)
            }
            return inquiry
        }
    }

    func listInquiries(
        _ request: ListInquiriesRequest, _ context: ServerContext
    ) async throws -> ListInquiriesResponse {
        let page =
            try await isOutsideRequester(context, of: request.parent)
            ? runtime.page(context, Tables.inquiries, request) : runtime.list(context, Tables.inquiries, request)
        return ListInquiriesResponse(inquiries: page.items, nextPageToken: page.nextPageToken)
    }

    /// An administrator who asked for others' relationship reads what they want to know first.
    private func isOutsideRequester(_ context: ServerContext, of name: String) async throws -> Bool {
        let caller = try context.caller
        let pair = try ResourceName.relationship(of: name)
        guard let person = caller.person, caller.belongs(to: pair.organization) else { return false }
        return try await runtime.database.read { snapshot in
            try PairIndex.requester(of: pair.text, organization: pair.organization, in: snapshot) == person
                && Tables.relationships.find(pair.text, in: snapshot)?.isParty(person) == false
        }
    }

    /// One act on a request. An administrator who asked for others' relationship is heard like a party.
    private func answer<Q: Mutation>(
        _ request: Q, _ context: ServerContext, _ type: String,
        _ act: @Sendable @escaping (Change, inout Relationship, _ requester: String) throws -> Void
    ) async throws -> Relationship {
        try await runtime.mutate(
            request, context, under: request.name, answering: Tables.relationships,
            admitting: { caller, relationship, snapshot in
                try caller.person
                    == PairIndex.requester(
                        of: relationship.name, organization: caller.organization, in: snapshot)
            },
            { change in
                guard change.caller?.person != nil else { throw Refusal.notParty }
                var relationship = try change.get(Tables.relationships, request.name)
                let requester = try PairIndex.requester(
                    of: relationship.name,
                    organization: try ResourceName.relationship(of: relationship.name).organization,
                    in: change.transaction)
                try act(change, &relationship, requester)
                return try change.publish(type, saving: relationship)
            })
    }
}

extension Change {
    func expireRequest(_ name: String) throws {
        guard var relationship = try find(Tables.relationships, name), relationship.expire() else { return }
        relationship = try publish("relationship.expired.v1", saving: relationship)
        try closePair(relationship)
        try cancelHandOver(to: relationship.name)
    }

    /// The request has come to nothing.
    fileprivate func close(_ relationship: Relationship) throws {
        try cancel(.requestExpires, for: relationship.name)
        try closePair(relationship)
        try cancelHandOver(to: relationship.name)
    }
}
