import Schema
import ServiceKit
import Storage
import TrustModel

/// When the two could not be expected to work together: leave of either, and pauses.
enum Absences {
    static func read(
        _ relationship: Relationship, from: Instant, to: Instant, in snapshot: Snapshot
    ) throws -> [SustainingFacts.Absence] {
        let store = ObservationStore(try ResourceName(relationship.name, "organizations", "relationships"))
        let marks = try store.observations(of: .pause, from: from, to: to, in: snapshot)
        return try store.leave(of: [relationship.trustor, relationship.trustee], from: from, to: to, in: snapshot)
            + SustainingInputs.pauses(
                marks, before: try store.last(.pause, upTo: from, in: snapshot), from: from, to: to)
    }
}
