import Schema
import ServiceKit
import Storage

/// A change of context inside a goal's period asks both whether the goal still fits (docs/domain.md S34).
enum RevisionOffers {
    static let statements = [
        // Goals' own: a change that is told anew offers nothing twice.
        """
        CREATE TABLE revision_offered (
            goal TEXT NOT NULL, context_change TEXT NOT NULL, PRIMARY KEY (goal, context_change)) STRICT, WITHOUT ROWID
        """
    ]

    static func apply(_ event: Event, in transaction: Transaction) throws {
        guard case .contextChanged(let change) = event.payload, event.type == "context.changed.v1",
            let heard = try event.occurredAt.map({ try Instant($0) })
        else { return }
        let relationship = try ResourceName(event.relationship, "organizations", "relationships")
        let effective = try change.effectiveTime.map { try Instant($0) } ?? heard
        for state in [Goal.State.active, .atRisk] {
            let goals = try Tables.goals.list(
                parent: relationship, state: state.rawValue, limit: Goal.maximumStored, in: transaction)
            for var goal in goals where try goal.isConcerned(byChangeAt: effective) {
                guard try isNew(change.contextChange, of: goal.name, in: transaction) else { continue }
                goal.offerRevision(
                    RevisionOffer(
                        cause: .contextChanged, contextChange: change.contextChange, openTime: heard.timestamp))
                _ = try Tables.goals.update(goal, in: transaction)
            }
        }
    }

    private static func isNew(_ change: String, of goal: String, in transaction: Transaction) throws -> Bool {
        try transaction.execute(
            "INSERT INTO revision_offered (goal, context_change) VALUES (?, ?) ON CONFLICT DO NOTHING",
            [.text(goal), .text(change)]) == 1
    }
}

extension Goal {
    /// From both signatures to the due date, both included; a goal without one has no end.
    func isConcerned(byChangeAt effective: Instant) throws -> Bool {
        guard isUnderWay, let start = try activateTime, start <= effective else { return false }
        return try dueTime.map { try effective <= Instant($0) } ?? true
    }
}
