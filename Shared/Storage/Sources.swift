/// What calls between services have caused, kept for good: a retry after days still takes effect once.
///
/// A `source` is a permanent unique name of the cause, such as the name of a support action that creates a commitment.
public struct Sources {
    static let statements = [
        """
        CREATE TABLE storage_source (
            organization ANY NOT NULL, source TEXT NOT NULL, resource TEXT NOT NULL, revision INTEGER NOT NULL,
            UNIQUE (organization, source)
        ) STRICT
        """
    ]

    let transaction: Transaction

    /// The resource that `source` has made, with its first revision; nil before.
    public func resource(of source: String, organization: Key) throws -> (name: String, revision: Int64)? {
        try transaction.first(
            "SELECT resource, revision FROM storage_source WHERE organization = ? AND source = ?",
            [.key(organization), .text(source)]
        ).map { (try $0.text(0), try $0.int64(1)) }
    }

    /// - Throws: `StorageError.constraint` when the source has made something before.
    public func record(_ source: String, organization: Key, resource: String, revision: Int64) throws {
        try organization.check()
        try Limits.check(text: source, "source")
        try Limits.check(text: resource, "resource name")
        try transaction.execute(
            "INSERT INTO storage_source (organization, source, resource, revision) VALUES (?, ?, ?, ?)",
            [.key(organization), .text(source), .text(resource), .integer(revision)])
    }
}

extension Transaction {
    public var sources: Sources { Sources(transaction: self) }
}
