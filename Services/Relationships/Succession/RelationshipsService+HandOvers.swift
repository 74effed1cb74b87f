import RPC
import Schema
import ServiceKit
import Storage

extension HandOverRelationshipRequest: Mutation {}
extension ConsentToHandOverRequest: Mutation {}
extension ListHandOversRequest: ListRequest {}

/// Another coach takes over: a relationship of its own, to which the coachee takes along what they choose
/// (docs/domain.md §6.1, S43).
extension RelationshipsService {
    func handOverRelationship(
        _ request: HandOverRelationshipRequest, _ context: ServerContext
    ) async throws -> HandOver {
        let name = try ResourceName(request.name, "organizations", "relationships")
        return try await runtime.mutate(request, context, in: name.organization, answering: Tables.handOvers) {
            [runtime] change in
            guard let caller = change.caller, let person = caller.person,
                let known = try change.find(Tables.relationships, name.text),
                known.isParty(person) || caller.isProgrammeAdmin
            else { throw Refusal.notParty }
            guard request.etag.isEmpty || request.etag == known.etag else { throw Refusal.etagMismatch }
            guard !known.importing else {
                throw Refusal(
                    .failedPrecondition, "IMPORTING", "The past is told before somebody takes over: finish the import.")
            }
            let old = try runtime.change(change, of: name.text)
            try old.relationship.requireTransferable()
            guard try old.openHandOver() == nil else {
                throw Refusal.wrongState("the hand-over", is: "OPEN already", needs: "none that is open")
            }
            guard request.trustee != old.relationship.trustee else {
                throw Refusal.invalid("trustee", "another coach than the present one")
            }
            let successor = try change.requestRelationship(
                Relationship(
                    kind: old.relationship.kind, programme: old.relationship.programme, trustee: request.trustee,
                    trustor: old.relationship.trustor, cadenceDays: old.relationship.cadenceDays),
                by: person, in: name.organization, following: old.relationship)
            let handOver = try old.create(
                Tables.handOvers,
                HandOver(
                    name: old.newName("handOvers", in: name.text), askedBy: person, trustee: request.trustee,
                    successor: successor.name, state: .open))
            try SuccessionIndex.insert(handOver, in: change.transaction)
            return try old.announce(handOver, "relationship.hand_over_asked.v1")
        }
    }

    func consentToHandOver(_ request: ConsentToHandOverRequest, _ context: ServerContext) async throws -> HandOver {
        try await runtime.mutate(request, context, under: request.name, answering: Tables.handOvers) { change in
            _ = try change.party(.trustor)
            var handOver = try change.get(Tables.handOvers, request.name)
            if request.withdraw {
                try handOver.withdraw(request.resource)
            } else {
                try change.requirePortable(request.resource)
                try handOver.consent(to: request.resource, at: change.now)
            }
            return try change.save(Tables.handOvers, handOver)
        }
    }

    func getHandOver(_ request: GetHandOverRequest, _ context: ServerContext) async throws -> HandOver {
        let name = try ResourceName(request.name, Tables.Form.handOvers)
        let caller = try context.caller
        guard caller.service == nil, caller.belongs(to: name.organization) else { throw Refusal.notParty }
        return try await runtime.database.read { snapshot in
            let handOver = try Tables.handOvers.find(name.text, in: snapshot)
            let person = caller.person ?? ""
            let isParty = try Tables.relationships.find(name.parent.text, in: snapshot)?.isParty(person) ?? false
            if let handOver, isParty || handOver.trustee == person { return handOver }
            guard isParty || caller.isProgrammeAdmin else { throw Refusal.notParty }
            guard let handOver else { throw Refusal.notFound(name.text) }
            return handOver.withoutItems
        }
    }

    func listHandOvers(_ request: ListHandOversRequest, _ context: ServerContext) async throws -> ListHandOversResponse
    {
        let isParty = try await isParty(context, of: try ResourceName(request.parent, "organizations", "relationships"))
        let page = try await runtime.page(
            context, Tables.handOvers, request, hiding: isParty ? [] : ["items"])
        return ListHandOversResponse(
            handOvers: isParty ? page.items : page.items.map(\.withoutItems), nextPageToken: page.nextPageToken)
    }
}

extension Change {
    /// What the coachee can take along: a goal, or an open promise of their own. Notes never go.
    fileprivate func requirePortable(_ resource: String) throws {
        if (try? ResourceName(resource, "organizations", "relationships", "goals")) != nil,
            resource.hasPrefix("\(relationship.name)/")
        {
            return
        }
        guard (try? ResourceName(resource, "organizations", "relationships", "commitments")) != nil,
            resource.hasPrefix("\(relationship.name)/"), let commitment = try find(Tables.commitments, resource),
            commitment.owner == relationship.trustor, commitment.isOpen
        else {
            throw Refusal.invalid(
                "resource", "a goal, or an open commitment of the coachee's own, of the old relationship")
        }
    }

    func openHandOver() throws -> HandOver? {
        let name = try ResourceName(relationship.name, "organizations", "relationships")
        return try Tables.handOvers.list(
            parent: name, state: HandOver.State.open.rawValue, limit: 1, in: transaction
        ).first
    }

    fileprivate func announce(_ handOver: HandOver, _ type: String) throws -> HandOver {
        try publish(type, .resourceChanged(ResourceChanged(resource: handOver.name)))
        return handOver
    }

    /// The relationship that was asked for will not begin, or the old one has ended before.
    func cancel(_ handOver: HandOver) throws {
        var handOver = handOver
        guard handOver.cancel() else { return }
        _ = try save(Tables.handOvers, handOver)
    }

    /// A request has come to nothing: whatever should have gone along stays.
    func cancelHandOver(to successor: String) throws {
        guard let name = try SuccessionIndex.handOver(to: successor, in: transaction),
            let handOver = try find(Tables.handOvers, name)
        else { return }
        try cancel(handOver)
    }
}

extension Runtime {
    /// A coachee has begun with a new coach: what came before in this programme is over (docs/domain.md §6.1).
    func concludePredecessors(of change: Change) throws {
        let begun = change.relationship
        if let name = try SuccessionIndex.handOver(to: begun.name, in: change.transaction),
            var handOver = try change.find(Tables.handOvers, name), handOver.state == .open
        {
            let old = try self.change(change, of: try ResourceName(name, Tables.Form.handOvers).parent.text)
            try handOver.complete(at: old.now)
            handOver = try old.save(Tables.handOvers, handOver)
            let carried = try change.carry(handOver.items.map(\.resource), from: old)
            var relationship = try old.get(Tables.relationships, old.relationship.name)
            let since = try relationship.handOver(to: begun.name, at: old.now)
            try old.cancel(.relationshipEnds, for: relationship.name)
            if let since { try old.endPause(of: relationship, since: since) }
            _ = try old.conclude(relationship)
            try old.publish(
                "relationship.handed_over.v1",
                .relationshipHandedOver(RelationshipHandedOver(successor: begun.name, items: carried)))
        }
        for name in try PairIndex.relationships(
            ofTrustor: begun.trustor, programme: begun.programme, organization: change.organization,
            in: change.transaction)
        where name != begun.name {
            guard try change.find(Tables.relationships, name)?.state == .rematching else { continue }
            let old = try self.change(change, of: name)
            try old.cancel(.relationshipEnds, for: name)
            try old.endRelationship(name)
        }
        try change.leaveWaitlist(begun.trustor, in: begun.programme)
    }
}

extension Change {
    /// Open promises of the coachee are promised anew, to the new coach, who accepts them or not; goals follow in their own
    /// service.
    /// - Returns: the goals among the resources.
    fileprivate func carry(_ resources: [String], from old: Change) throws -> [String] {
        var goals: [String] = []
        for resource in resources {
            guard resource.hasPrefix("\(old.relationship.name)/commitments/") else {
                goals.append(resource)
                continue
            }
            guard let commitment = try old.find(Tables.commitments, resource), commitment.isOpen,
                try commitment.due > now
            else { continue }
            let draft = Commitment(text: commitment.text, dueTime: commitment.dueTime)
            let promised = try create(
                Tables.commitments,
                Commitment.proposed(
                    draft, name: newName("commitments", in: relationship.name), owner: relationship.trustor, at: now))
            try schedule(.commitmentLapses, for: promised.name, at: try promised.due)
            try publish("commitment.proposed.v1", promised)
        }
        return goals
    }
}
