import RPC
import Schema
import ServiceKit
import Storage

/// Proposals are for their two people; administrators see them all.
extension RelationshipsService {
    func getMatchProposal(_ request: GetMatchProposalRequest, _ context: ServerContext) async throws -> MatchProposal {
        let caller = try context.caller
        let name = try ResourceName(request.name, Tables.Form.matchProposals)
        guard caller.belongs(to: name.organization) else { throw Refusal.notParty }
        return try await runtime.database.read { snapshot in
            let proposal = try Tables.matchProposals.find(name.text, in: snapshot)
            if let proposal, caller.isProgrammeAdmin || proposal.isParty(caller.person ?? "") { return proposal }
            guard caller.isProgrammeAdmin else { throw Refusal.notParty }
            throw Refusal.notFound(name.text)
        }
    }

    func listMatchProposals(
        _ request: ListMatchProposalsRequest, _ context: ServerContext
    ) async throws -> ListMatchProposalsResponse {
        let caller = try context.caller
        let programme = try ResourceName(request.parent, "organizations", "programmes")
        guard caller.belongs(to: programme.organization) else { throw Refusal.notParty }
        let page =
            caller.isProgrammeAdmin
            ? try await runtime.page(context, Tables.matchProposals, request)
            : try await runtime.page(context, Tables.matchProposals, request) { snapshot, after, limit in
                try MatchIndex.proposals(
                    of: caller.person ?? "", in: programme,
                    after: after.map { "\(programme)/matchProposals/\($0)" }, limit: limit, snapshot)
            }
        return ListMatchProposalsResponse(matchProposals: page.items, nextPageToken: page.nextPageToken)
    }

    /// The one who accepts asks for the relationship, and the other one answers that request.
    func acceptMatchProposal(
        _ request: AcceptMatchProposalRequest, _ context: ServerContext
    ) async throws -> MatchProposal {
        try await answer(request, context) { change, proposal, programme in
            try proposal.requireOpen(at: change.now)
            let relationship = try change.requestRelationship(
                Relationship(programme: programme.text, trustee: proposal.trustee, trustor: proposal.trustor),
                by: change.actor, in: programme.organization)
            try proposal.accept(by: change.actor, relationship: relationship.name, at: change.now)
        }
    }

    func declineMatchProposal(
        _ request: DeclineMatchProposalRequest, _ context: ServerContext
    ) async throws -> MatchProposal {
        try await answer(request, context) { change, proposal, _ in
            try proposal.decline(by: change.actor, at: change.now)
        }
    }

    private func answer<Q: Mutation>(
        _ request: Q, _ context: ServerContext,
        _ act: @Sendable @escaping (Change, inout MatchProposal, _ programme: ResourceName) throws -> Void
    ) async throws -> MatchProposal {
        let name = try ResourceName(request.name, Tables.Form.matchProposals)
        return try await runtime.mutate(request, context, in: name.organization, answering: Tables.matchProposals) {
            change in
            let found = try change.find(Tables.matchProposals, name.text)
            guard var proposal = found, proposal.isParty(change.actor) else {
                guard change.caller?.isProgrammeAdmin == true else { throw Refusal.notParty }
                guard found != nil else { throw Refusal.notFound(name.text) }
                throw Refusal.roleForbidden("The two whom it is about answer a proposal.")
            }
            try act(change, &proposal, name.parent)
            proposal = try change.save(Tables.matchProposals, proposal)
            try MatchIndex.close(proposal, in: change.transaction)
            return proposal
        }
    }

    // MARK: The waiting list

    func getWaitlistEntry(_ request: GetWaitlistEntryRequest, _ context: ServerContext) async throws -> WaitlistEntry {
        let caller = try context.caller
        let name = try ResourceName(request.name, Tables.Form.waitlistEntries)
        guard caller.belongs(to: name.organization) else { throw Refusal.notParty }
        return try await runtime.database.read { snapshot in
            let entry = try Tables.waitlistEntries.find(name.text, in: snapshot)
            if caller.isProgrammeAdmin {
                guard let entry else { throw Refusal.notFound(name.text) }
                return entry
            }
            guard let entry, entry.person == caller.person else { throw Refusal.notParty }
            return entry.seenByPerson
        }
    }

    func listWaitlistEntries(
        _ request: ListWaitlistEntriesRequest, _ context: ServerContext
    ) async throws -> ListWaitlistEntriesResponse {
        let caller = try context.caller
        let programme = try ResourceName(request.parent, "organizations", "programmes")
        guard caller.belongs(to: programme.organization) else { throw Refusal.notParty }
        let isAdmin = caller.isProgrammeAdmin
        let page = try await runtime.page(
            context, Tables.waitlistEntries, request, hiding: isAdmin ? [] : ["exclusions"],
            visible: { isAdmin || $0.person == caller.person })
        return ListWaitlistEntriesResponse(
            waitlistEntries: isAdmin ? page.items : page.items.map(\.seenByPerson), nextPageToken: page.nextPageToken)
    }
}
