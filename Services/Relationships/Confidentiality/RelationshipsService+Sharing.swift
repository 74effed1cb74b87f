import RPC
import Schema
import ServiceKit

extension RelationshipsService {
    /// Either party asks; what the coach has noted is asked for by the coach alone.
    func createSharingRequest(
        _ request: CreateSharingRequestRequest, _ context: ServerContext
    ) async throws -> SharingRequest {
        try await auditingRefusals(of: request.sharingRequest?.items.map(\.resource) ?? [], context) {
            try await create(request, context)
        }
    }

    private func create(
        _ request: CreateSharingRequestRequest, _ context: ServerContext
    ) async throws -> SharingRequest {
        try await runtime.mutate(request, context, under: request.parent, answering: Tables.sharingRequests) { change in
            let requester = try change.party(.trustor, .trustee)
            guard change.relationship.mayBeSettled else { throw Refusal.notActive }
            let sharing = try SharingRequest.asked(
                request.sharingRequest ?? SharingRequest(),
                named: change.newName("sharingRequests", in: request.parent), by: requester, of: change.relationship,
                at: change.now)
            try change.requireKnown(sharing.recipient)
            for item in sharing.items { try change.requireShareable(item.resource, by: requester) }
            try change.schedule(
                .sharingExpires, for: sharing.name, at: Check.instant(sharing.expireTime, "expire_time"))
            return try change.announce(change.create(Tables.sharingRequests, sharing), "sharing.requested.v1")
        }
    }

    func approveSharingItem(
        _ request: ApproveSharingItemRequest, _ context: ServerContext
    ) async throws -> SharingRequest {
        try await auditingRefusals(of: [request.resource], context) {
            try await decide(request, context) { change, sharing in
                try change.requireShareable(request.resource, by: nil)
                try sharing.decide(request.resource, .approved, at: change.now)
                try change.release(request.resource, by: sharing)
                return "sharing.released.v1"
            }
        }
    }

    /// An attempt to share what is shared with nobody is told to the audit chain: in a transaction of its own, since what
    /// was attempted has none.
    private func auditingRefusals(
        of items: [String], _ context: ServerContext, _ body: () async throws -> SharingRequest
    ) async throws -> SharingRequest {
        do {
            return try await body()
        } catch let refusal as Refusal where refusal.reason == "LEVEL_FORBIDDEN" {
            let caller = try context.caller
            let now = runtime.clock.now
            try await runtime.database.write { transaction in
                for item in items {
                    guard let note = try? Tables.notes.find(item, in: transaction), note.level != .pair else {
                        continue
                    }
                    try transaction.audit(
                        "sharing.refused", item, by: caller, about: [note.author], at: now, decision: .refused)
                }
            }
            throw refusal
        }
    }

    func denySharingItem(_ request: DenySharingItemRequest, _ context: ServerContext) async throws -> SharingRequest {
        try await decide(request, context) { change, sharing in
            try sharing.decide(request.resource, .denied, at: change.now)
            return nil
        }
    }

    func recallSharing(_ request: RecallSharingRequest, _ context: ServerContext) async throws -> SharingRequest {
        try await decide(request, context) { change, sharing in
            if request.resource.isEmpty {
                for resource in try sharing.recallAll(at: change.now) { try change.takeBack(resource, by: sharing) }
            } else {
                try sharing.decide(request.resource, .recalled, at: change.now)
                try change.takeBack(request.resource, by: sharing)
            }
            return "sharing.recalled.v1"
        }
    }

    /// The recipient sees what is released, as long as it is.
    func getSharingRequest(_ request: GetSharingRequestRequest, _ context: ServerContext) async throws -> SharingRequest
    {
        do {
            return try await runtime.get(context, Tables.sharingRequests, request.name)
        } catch let refusal as Refusal where refusal == .notParty {
            let caller = try context.caller
            let now = runtime.clock.now
            let found = try await runtime.database.read { try Tables.sharingRequests.find(request.name, in: $0) }
            guard let found, found.recipient == caller.person, !found.approvedItems.isEmpty, found.state != .expired,
                now < (try Check.instant(found.expireTime, "expire_time"))
            else { throw refusal }
            return found.forRecipient
        }
    }

    func listSharingRequests(
        _ request: ListSharingRequestsRequest, _ context: ServerContext
    ) async throws -> ListSharingRequestsResponse {
        let page = try await runtime.list(context, Tables.sharingRequests, request)
        return ListSharingRequestsResponse(sharingRequests: page.items, nextPageToken: page.nextPageToken)
    }

    /// What the coachee decides about one item; `act` answers the event's type.
    private func decide<Q: Mutation>(
        _ request: Q, _ context: ServerContext,
        _ act: @Sendable @escaping (Change, inout SharingRequest) throws -> String?
    ) async throws -> SharingRequest {
        try await runtime.mutate(request, context, under: request.name, answering: Tables.sharingRequests) { change in
            _ = try change.party(.trustor)
            var sharing = try change.get(Tables.sharingRequests, request.name)
            let type = try act(change, &sharing)
            let saved = try change.save(Tables.sharingRequests, sharing)
            return try type.map { try change.announce(saved, $0) } ?? saved
        }
    }
}

extension Change {
    /// Its items are readable by nobody any more.
    func expireSharing(_ name: String) throws {
        guard var sharing = try find(Tables.sharingRequests, name) else { return }
        try takeBack(nil, by: sharing)
        sharing.expire()
        _ = try save(Tables.sharingRequests, sharing)
    }

    fileprivate func announce(_ sharing: SharingRequest, _ type: String) throws -> SharingRequest {
        try publish(type, .resourceChanged(ResourceChanged(resource: sharing.name)))
        return sharing
    }

    fileprivate func requireKnown(_ recipient: String) throws {
        guard let person = try? find(Tables.people, recipient), person.name.hasPrefix(organization + "/") else {
            throw Refusal.invalid("sharing_request.recipient", "is no person of this organisation")
        }
    }

    /// Of this service's own resources it is known what they are; others decide when they are read.
    /// - Parameter requester: nil when it is decided about.
    fileprivate func requireShareable(_ name: String, by requester: String?) throws {
        guard (try? ResourceName(name, "organizations", "relationships", "notes")) != nil else { return }
        guard let note = try find(Tables.notes, name), note.isReadable(by: requester ?? actor) else {
            throw Refusal.notFound(name)
        }
        guard note.level == .pair else {
            throw Refusal(
                .permissionDenied, "LEVEL_FORBIDDEN", "a note of level \(note.level) is shared with nobody",
                field: "sharing_request.items")
        }
        guard requester == nil || requester == note.author || note.author == relationship.trustor else {
            throw Refusal.roleForbidden("what the coach has noted is offered by the coach")
        }
    }
}
