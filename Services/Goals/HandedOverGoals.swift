import Schema
import ServiceKit
import Storage

/// Goals that a coachee takes along to a new coach: proposed anew, under the coachee's signature, for the new coach to sign
/// (docs/domain.md §6.1, S43). What the old two have measured stays with them.
enum HandedOverGoals {
    static func apply(_ event: Event, in runtime: Runtime, _ transaction: Transaction) throws {
        guard case .relationshipHandedOver(let handOver) = event.payload, let source = Identifier(event.id),
            let successor = runtime.projection?.relationship(handOver.successor, in: transaction)
        else { return }
        let change = try runtime.change(by: event, of: successor, in: transaction)
        for item in handOver.items where item.hasPrefix("\(event.relationship)/goals/") {
            // The same event names the same goal: told anew, it adds nothing.
            let name = "\(successor.name)/goals/\(Identifier.version5(namespace: source, name: item))"
            guard try change.find(Tables.goals, name) == nil, let old = try change.find(Tables.goals, item),
                old.isPortable
            else { continue }
            var goal = try Goal.draft(old, named: name, by: successor.trustor, at: change.now)
            goal.continues = old.name
            try goal.propose(by: successor.trustor, at: change.now)
            goal = try change.insert(Tables.goals, goal)
            try change.publishProposal(of: goal)
        }
    }
}

extension Goal {
    /// Neither decided nor given up.
    fileprivate var isPortable: Bool { !isDeleted && [.draft, .proposed, .active, .atRisk].contains(state) }
}
