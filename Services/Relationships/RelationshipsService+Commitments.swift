import RPC
import Schema
import ServiceKit
import Storage

extension RelationshipsService {
    /// The owner promises. A service asks in a party's name for what its own resource entails; it names that resource as
    /// the source, and asking twice makes one commitment (docs/domain.md rule 13).
    func createCommitment(_ request: CreateCommitmentRequest, _ context: ServerContext) async throws -> Commitment {
        try await runtime.mutate(request, context, under: request.parent, answering: Tables.commitments) { change in
            let draft = request.commitment ?? Commitment()
            let name: String
            let owner: String
            if change.caller?.service != nil {
                name = try Commitment.name(askedBy: draft.source, in: change.relationship)
                owner = draft.owner
                guard change.relationship.isParty(owner) else {
                    throw Refusal.invalid("commitment.owner", "one of the two parties")
                }
                if let existing = try change.find(Tables.commitments, name) { return existing }
            } else {
                owner = try change.party(.trustor, .trustee)
                guard draft.owner.isEmpty || draft.owner == owner else {
                    throw Refusal.roleForbidden("A promise is made by the one who will keep it.")
                }
                guard draft.source.isEmpty else {
                    throw Refusal.roleForbidden("commitment.source is set by services alone.")
                }
                name = change.newName("commitments", in: request.parent)
            }
            try change.requireActive()
            var commitment = try Commitment.proposed(draft, name: name, owner: owner, at: change.now)
            commitment = try change.create(Tables.commitments, commitment)
            try change.schedule(.commitmentLapses, for: name, at: try commitment.due)
            try change.publish("commitment.proposed.v1", commitment)
            return commitment
        }
    }

    func acceptCommitment(_ request: AcceptCommitmentRequest, _ context: ServerContext) async throws -> Commitment {
        try await change(request, context, request.name, settling: false) { change, person, commitment in
            let acceptance = try commitment.accept(by: person)
            let deadline = try commitment.missDeadline(graceHours: change.relationship.graceHours)
            try change.schedule(.commitmentMissed, for: commitment.name, at: deadline)
            switch acceptance {
            case .promise:
                try change.cancel(.commitmentLapses, for: commitment.name)
                return [("commitment.accepted.v1", change.now)]
            case .renegotiation(let asked):
                return [("commitment.renegotiated.v1", asked)]
            }
        }
    }

    func renegotiateCommitment(
        _ request: RenegotiateCommitmentRequest, _ context: ServerContext
    ) async throws -> Commitment {
        try await change(request, context, request.name, settling: false) { change, person, commitment in
            let later = try Check.instant(request.dueTime, "due_time")
            try commitment.renegotiate(to: later, by: person, at: change.now)
            return []
        }
    }

    func declineCommitment(_ request: DeclineCommitmentRequest, _ context: ServerContext) async throws -> Commitment {
        try await change(request, context, request.name) { change, person, commitment in
            switch try commitment.decline(by: person, at: change.now) {
            case .promise:
                try change.cancel(.commitmentLapses, for: commitment.name)
                return [("commitment.declined.v1", change.now)]
            case .renegotiation:
                return [("commitment.renegotiation_declined.v1", change.now)]
            }
        }
    }

    func releaseCommitment(_ request: ReleaseCommitmentRequest, _ context: ServerContext) async throws -> Commitment {
        try await change(request, context, request.name) { change, person, commitment in
            try commitment.release(by: person, at: change.now)
            try change.cancel(.commitmentMissed, for: commitment.name)
            return [("commitment.released.v1", change.now)]
        }
    }

    func markTrivial(_ request: MarkTrivialRequest, _ context: ServerContext) async throws -> Commitment {
        try await change(request, context, request.name) { change, person, commitment in
            try commitment.markTrivial(by: person) ? [("commitment.marked_trivial.v1", change.now)] : []
        }
    }

    func claimKept(_ request: ClaimKeptRequest, _ context: ServerContext) async throws -> Commitment {
        try await change(request, context, request.name) { change, person, commitment in
            try commitment.claimKept(by: person, at: change.now)
            if commitment.state == .missed {
                try change.cancel(.commitmentAbandoned, for: commitment.name)
            } else {
                try change.cancel(.commitmentMissed, for: commitment.name)
                try change.schedule(
                    .claimUnconfirmed, for: commitment.name, at: change.now.adding(days: Span.confirmationDays))
            }
            return [("commitment.claimed.v1", change.now)]
        }
    }

    func confirmKept(_ request: ConfirmKeptRequest, _ context: ServerContext) async throws -> Commitment {
        try await change(request, context, request.name) { change, person, commitment in
            try commitment.confirmKept(by: person, at: change.now)
            try change.cancel(.claimUnconfirmed, for: commitment.name)
            try change.cancel(.disputeVoid, for: commitment.name)
            let type = commitment.state == .keptLate ? "commitment.kept_late.v1" : "commitment.kept.v1"
            return [(type, try commitment.claimed)]
        }
    }

    func disputeCommitment(_ request: DisputeCommitmentRequest, _ context: ServerContext) async throws -> Commitment {
        try await change(request, context, request.name) { change, person, commitment in
            try commitment.dispute(by: person, at: change.now)
            try change.cancel(.claimUnconfirmed, for: commitment.name)
            try change.schedule(
                .disputeVoid, for: commitment.name, at: change.now.adding(days: Span.disputeDays))
            return [("commitment.disputed.v1", change.now)]
        }
    }

    /// Back to an open promise; when its time is over already it is missed at once (docs/domain.md rule 27).
    func withdrawClaim(_ request: WithdrawClaimRequest, _ context: ServerContext) async throws -> Commitment {
        try await runtime.mutate(request, context, under: request.name, answering: Tables.commitments) { change in
            let person = try change.party(.trustor, .trustee)
            try change.requireSettleable()
            var commitment = try change.get(Tables.commitments, request.name)
            try commitment.withdrawClaim(by: person)
            try change.cancel(.claimUnconfirmed, for: commitment.name)
            try change.cancel(.disputeVoid, for: commitment.name)
            commitment = try change.save(Tables.commitments, commitment)
            try change.publish("commitment.claim_withdrawn.v1", commitment)
            let deadline = try commitment.missDeadline(graceHours: change.relationship.graceHours)
            guard deadline <= change.now else {
                try change.schedule(.commitmentMissed, for: commitment.name, at: deadline)
                return commitment
            }
            try change.miss(commitment.name)
            return try change.get(Tables.commitments, request.name)
        }
    }

    func getCommitment(_ request: GetCommitmentRequest, _ context: ServerContext) async throws -> Commitment {
        try await runtime.get(context, Tables.commitments, request.name)
    }

    func listCommitments(
        _ request: ListCommitmentsRequest, _ context: ServerContext
    ) async throws -> ListCommitmentsResponse {
        let page = try await runtime.list(context, Tables.commitments, request)
        return ListCommitmentsResponse(commitments: page.items, nextPageToken: page.nextPageToken)
    }

    /// One party's act on a stored commitment.
    /// - Parameters:
    ///   - settling: also while the relationship ends and afterwards.
    ///   - act: changes it and answers the events to publish, each with the instant of its fact.
    private func change<Q: Mutation>(
        _ request: Q, _ context: ServerContext, _ name: String, settling: Bool = true,
        _ act: @Sendable @escaping (Change, _ person: String, inout Commitment) throws -> [(String, Instant)]
    ) async throws -> Commitment {
        try await runtime.mutate(request, context, under: name, answering: Tables.commitments) { change in
            let person = try change.party(.trustor, .trustee)
            if settling { try change.requireSettleable() } else { try change.requireActive() }
            var commitment = try change.get(Tables.commitments, name)
            let events = try act(change, person, &commitment)
            commitment = try change.save(Tables.commitments, commitment)
            for (type, instant) in events { try change.publish(type, commitment, occurredAt: instant) }
            return commitment
        }
    }
}

extension Commitment {
    /// RFC 9562's namespace for URLs: Goals derives the same name before this service has heard of the commitment.
    static let namespace = Identifier(high: 0x6ba7_b811_9dad_11d1, low: 0x80b4_00c0_4fd4_30c8)

    /// The commitment that a resource of the same relationship asks for.
    static func name(askedBy source: String, in relationship: Relationship) throws -> String {
        guard source.hasPrefix(relationship.name + "/"), source.utf8.count <= 400 else {
            throw Refusal.invalid("commitment.source", "the name of a resource of the same relationship")
        }
        return "\(relationship.name)/commitments/\(Identifier.version5(namespace: namespace, name: source))"
    }
}

// What time does to a promise (docs/domain.md rules 5, 6, 9 and 27).
extension Change {
    func lapse(_ name: String) throws {
        guard var commitment = try find(Tables.commitments, name), commitment.lapse(at: now) else { return }
        commitment = try save(Tables.commitments, commitment)
        try publish("commitment.lapsed.v1", commitment)
    }

    /// A miss of the trustee opens a breach case.
    func miss(_ name: String) throws {
        guard var commitment = try find(Tables.commitments, name), commitment.miss() else { return }
        let breachCase =
            commitment.owner == relationship.trustee ? try confirmBreach(.commitment, of: name) : nil
        commitment.breachCase = breachCase?.name ?? ""
        commitment = try save(Tables.commitments, commitment)
        // From its own deadline; later when a withdrawn claim has hidden the miss until now.
        try schedule(.commitmentAbandoned, for: name, at: now.adding(days: Span.noticeDays))
        try publish("commitment.missed.v1", commitment)
        if let breachCase { try announce(breachCase) }
    }

    func abandon(_ name: String) throws {
        guard var commitment = try find(Tables.commitments, name), commitment.abandon(at: now) else { return }
        commitment = try save(Tables.commitments, commitment)
        try publish("commitment.abandoned.v1", commitment)
    }

    /// The claim counts from its own instant, with half the weight.
    func leaveUnconfirmed(_ name: String) throws {
        guard var commitment = try find(Tables.commitments, name), commitment.goUnconfirmed(at: now) else { return }
        commitment = try save(Tables.commitments, commitment)
        try publish("commitment.kept_unconfirmed.v1", commitment, occurredAt: try commitment.claimed)
    }

    func voidDispute(_ name: String) throws {
        guard var commitment = try find(Tables.commitments, name), commitment.goVoid(at: now) else { return }
        commitment = try save(Tables.commitments, commitment)
        try publish("commitment.voided.v1", commitment)
    }

    /// The relationship has ended: what is open binds nobody any more (docs/domain.md rule 28).
    func releaseOpenCommitments() throws {
        for state in Commitment.openStates {
            while true {
                let open = try Tables.commitments.list(
                    parent: ResourceName(relationship.name, "organizations", "relationships"), state: state.rawValue,
                    limit: 500, in: transaction)
                if open.isEmpty { break }
                for var commitment in open where commitment.releaseAtEnd(at: now) {
                    commitment = try save(Tables.commitments, commitment)
                    try cancel(.commitmentLapses, for: commitment.name)
                    try cancel(.commitmentMissed, for: commitment.name)
                    try publish("commitment.released.v1", commitment)
                }
            }
        }
    }

    /// A pause is over: what is still open is due later (docs/domain.md rule 28).
    func shiftOpenCommitments(by microseconds: Int64) throws {
        let parent = try ResourceName(relationship.name, "organizations", "relationships")
        var last: String?
        while true {
            let page = try Tables.commitments.list(parent: parent, after: last, limit: 500, in: transaction)
            for var commitment in page where try commitment.shift(by: microseconds) {
                commitment = try save(Tables.commitments, commitment)
            }
            guard page.count == 500, let final = page.last else { return }
            last = try ResourceName(final.name, "organizations", "relationships", "commitments").id
        }
    }
}
