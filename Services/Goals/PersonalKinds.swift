import Schema
import ServiceKit
import Storage

extension GoalsService {
    /// What Goals keeps of people.
    var personalKinds: [PersonalKind] {
        [
            PersonalKind(Tables.goals), PersonalKind(Tables.checkIns, below: Tables.goals),
            PersonalKind(Tables.revisions, below: Tables.goals), PersonalKind(Tables.attainments, below: Tables.goals),
            PersonalKind(Tables.supportActions), PersonalKind(Tables.opportunities),
            PersonalKind(Tables.obstacles) { obstacle, party, transaction in
                if obstacle.author == party.person, !obstacle.tag.isEmpty {
                    // Tags lie in clear beside the table.
                    try transaction.execute(
                        "DELETE FROM recent_obstacle WHERE relationship = ? AND tag = ?",
                        [.text(party.relationship?.name ?? ""), .text(obstacle.tag)])
                }
                return obstacle.erase(party)
            },
            Self.deliveries,
        ]
    }

    /// Promises that are still on their way to Relationships.
    private static let deliveries = PersonalKind(ofRelationships: false) { _, _, _ in
        ([], nil)
    } erase: { party, _, transaction in
        var count = 0
        for row in try transaction.query("SELECT id, request FROM support_delivery") {
            let request = try CreateCommitmentRequest(serialized: try row.blob(1))
            guard request.commitment?.owner == party.person else { continue }
            count += try transaction.execute("DELETE FROM support_delivery WHERE id = ?", [row[0]])
        }
        return (count, nil)
    }
}

extension Goal: Erasable {
    /// Both have signed it, and it is the coachee's: it stays until the coachee, or both, are erased.
    public mutating func erase(_ party: ErasedParty) -> Bool {
        guard party.role == .trustor || party.isLast || state == .draft && author == party.person else { return true }
        statement.erase()
        actor.erase()
        measure.erase()
        unit.erase()
        dependencies.erase()
        purpose.erase()
        gasLevels.erase()
        alignedWith.erase()
        retireReason.erase()
        for index in smartVerdicts.indices { smartVerdicts[index].reason.erase() }
        return !isDeleted
    }
}

extension CheckIn: Erasable {
    public mutating func erase(_ party: ErasedParty) -> Bool {
        if author == party.person { supportAsked.erase() }
        return true
    }
}

extension Revision: Erasable {
    /// The wordings go with the goal's.
    public mutating func erase(_ party: ErasedParty) -> Bool {
        if author == party.person { why.erase() }
        if var goal = revised {
            _ = goal.erase(party)
            revised = goal
        }
        if var goal = original {
            _ = goal.erase(party)
            original = goal
        }
        return true
    }
}

extension Attainment: Erasable {
    public mutating func erase(_ party: ErasedParty) -> Bool {
        if author == party.person { evidence.erase() }
        return true
    }
}

extension SupportAction: Erasable {
    public mutating func erase(_ party: ErasedParty) -> Bool {
        if author == party.person { what.erase() }
        return true
    }
}

extension Obstacle: Erasable {
    public mutating func erase(_ party: ErasedParty) -> Bool {
        if author == party.person {
            text.erase()
            tag = ""
            patternPrompt?.question.erase()
        } else {
            acknowledgement.erase()
        }
        return true
    }
}

extension Opportunity: Erasable {
    /// The trustee offers it.
    public mutating func erase(_ party: ErasedParty) -> Bool {
        if party.role == .trustee { what.erase() }
        return true
    }
}
