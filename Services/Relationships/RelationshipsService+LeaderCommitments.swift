import RPC
import Schema
import ServiceKit
import Storage

extension CreateLeaderCommitmentRequest: Mutation {}
extension SettleLeaderCommitmentRequest: Mutation {}
extension ListLeaderCommitmentsRequest: ListRequest {}

/// The leader's own ledger, for the leader and those whom they coach now (docs/domain.md S48).
extension RelationshipsService {
    func createLeaderCommitment(
        _ request: CreateLeaderCommitmentRequest, _ context: ServerContext
    ) async throws -> LeaderCommitment {
        let person = try leader(try ResourceName(request.parent, "organizations", "people"), context)
        return try await runtime.mutate(
            request, context, in: person.organization, answering: Tables.leaderCommitments
        ) { change in
            guard
                try PairIndex.coachesSomebody(person.text, organization: person.organization, in: change.transaction)
            else {
                throw Refusal(
                    .failedPrecondition, "WRONG_STATE",
                    "This is a promise to those whom one coaches, and there is nobody yet.")
            }
            let open = try Tables.leaderCommitments.list(
                parent: person, state: LeaderCommitment.State.open.rawValue, limit: LeaderCommitment.maximumOpen,
                in: change.transaction)
            guard open.count < LeaderCommitment.maximumOpen else {
                throw Refusal(
                    .resourceExhausted, "CAPACITY_FULL",
                    "At most \(LeaderCommitment.maximumOpen) open commitments: settle one first.")
            }
            let commitment = try change.create(
                Tables.leaderCommitments,
                LeaderCommitment.promised(
                    request.leaderCommitment ?? LeaderCommitment(),
                    name: change.newName("leaderCommitments", in: person.text), at: change.now))
            try change.scheduleSilence(of: commitment)
            return commitment
        }
    }

    func settleLeaderCommitment(
        _ request: SettleLeaderCommitmentRequest, _ context: ServerContext
    ) async throws -> LeaderCommitment {
        let name = try ResourceName(request.name, Tables.Form.leaderCommitments)
        _ = try leader(name.parent, context)
        return try await runtime.mutate(
            request, context, in: name.organization, answering: Tables.leaderCommitments
        ) { change in
            var commitment = try change.get(Tables.leaderCommitments, name.text)
            try commitment.settle(request, at: change.now)
            if commitment.state == .open {
                try change.scheduleSilence(of: commitment)
            } else {
                try change.cancel(.leaderSilent, for: commitment.name)
            }
            return try change.save(Tables.leaderCommitments, commitment)
        }
    }

    func getLeaderCommitment(
        _ request: GetLeaderCommitmentRequest, _ context: ServerContext
    ) async throws -> LeaderCommitment {
        let name = try ResourceName(request.name, Tables.Form.leaderCommitments)
        try await requireFollower(of: name.parent, context)
        return try await runtime.database.read { snapshot in
            guard let commitment = try Tables.leaderCommitments.find(name.text, in: snapshot) else {
                throw Refusal.notFound(name.text)
            }
            return commitment
        }
    }

    func listLeaderCommitments(
        _ request: ListLeaderCommitmentsRequest, _ context: ServerContext
    ) async throws -> ListLeaderCommitmentsResponse {
        try await requireFollower(of: try ResourceName(request.parent, "organizations", "people"), context)
        let page = try await runtime.page(context, Tables.leaderCommitments, request)
        return ListLeaderCommitmentsResponse(leaderCommitments: page.items, nextPageToken: page.nextPageToken)
    }

    private func leader(_ person: ResourceName, _ context: ServerContext) throws -> ResourceName {
        guard try context.caller.person == person.text else { throw Refusal.notParty }
        return person
    }

    private func requireFollower(of leader: ResourceName, _ context: ServerContext) async throws {
        let caller = try context.caller
        guard let person = caller.person, caller.belongs(to: leader.organization) else { throw Refusal.notParty }
        guard person != leader.text else { return }
        let follows = try await runtime.database.read { snapshot in
            try PairIndex.coaches(leader.text, person, organization: leader.organization, in: snapshot)
        }
        guard follows else { throw Refusal.notParty }
    }
}

extension Change {
    fileprivate func scheduleSilence(of commitment: LeaderCommitment) throws {
        let due = try Check.instant(commitment.dueTime, "due_time")
        try schedule(.leaderSilent, for: commitment.name, at: due.adding(days: LeaderCommitment.silenceDays))
    }

    /// The date has passed and the leader says nothing.
    func missLeaderCommitment(_ name: String) throws {
        guard var commitment = try find(Tables.leaderCommitments, name), commitment.miss(at: now) else { return }
        commitment = try save(Tables.leaderCommitments, commitment)
    }
}
