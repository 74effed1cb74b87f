import Schema
import Standard
import Storage

/// A resource that is kept for a while after its deletion (AIP-164): hidden from lists, readable by its name, and
/// brought back by undeletion.
public protocol SoftDeletable: Resource {
    /// Nil while it is not deleted.
    var deleteTime: Timestamp? { get set }
    /// When it goes for good.
    var purgeTime: Timestamp? { get set }
}

extension SoftDeletable {
    public var isDeleted: Bool { deleteTime != nil }
}

/// Deleted resources are kept this long: long enough to notice a slip.
public let deletionRetentionDays = 30

extension Change {
    /// Deletes for now; a duty of `kind` takes it out for good after `deletionRetentionDays`.
    /// - Throws: `Refusal` FAILED_PRECONDITION, WRONG_STATE when it is deleted already.
    public func softDelete<R: SoftDeletable>(_ table: Table<R>, _ resource: R, purge kind: String) throws -> R {
        guard !resource.isDeleted else {
            throw Refusal.wrongState("the resource", is: "deleted", needs: "one that is not")
        }
        var resource = resource
        let purge = now.adding(days: deletionRetentionDays)
        resource.deleteTime = now.timestamp
        resource.purgeTime = purge.timestamp
        try schedule(kind, for: resource.name, at: purge)
        return try update(table, resource)
    }

    /// - Throws: `Refusal` FAILED_PRECONDITION, WRONG_STATE when it is not deleted.
    public func undelete<R: SoftDeletable>(_ table: Table<R>, _ resource: R, purge kind: String) throws -> R {
        guard resource.isDeleted else {
            throw Refusal.wrongState("the resource", is: "not deleted", needs: "a deleted one")
        }
        var resource = resource
        resource.deleteTime = nil
        resource.purgeTime = nil
        try cancel(kind, for: resource.name)
        return try update(table, resource)
    }
}
