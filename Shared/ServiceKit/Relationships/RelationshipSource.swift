import Schema
import Storage

/// Where a service finds the relationship that a request is about.
public protocol RelationshipSource: Sendable {
    /// As of the snapshot; nil for an unknown one.
    func relationship(_ name: String, in snapshot: Snapshot) throws -> Relationship?
    /// All that a person has or had, in the order of their names.
    func relationships(of person: String, in snapshot: Snapshot) throws -> [Relationship]
}
