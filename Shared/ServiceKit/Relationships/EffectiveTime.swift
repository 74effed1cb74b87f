import Schema
import Storage

extension Access {
    /// The instant at which a question is judged that stores nothing and so carries no `occurred_at`: the wall clock, and
    /// while history is imported the relationship's own (docs/domain.md rules 1 and 46).
    public func effectiveTime(_ wall: ServiceClock, in snapshot: Snapshot) throws -> Instant {
        guard relationship.importing else { return wall.now }
        let here = try RelationshipClock.read(relationship.name, in: snapshot)
        let owner = try relationship.importClock.map { try Instant($0) }
        return [here, owner].compactMap { $0 }.max() ?? wall.now
    }
}
