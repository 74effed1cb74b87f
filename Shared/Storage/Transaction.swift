internal import GRDB

/// A snapshot that may change the database. All of its changes become durable together, or none does.
public final class Transaction: Snapshot {
    /// What must be told to others after the commit, and only then.
    struct Effects {
        var position: Int64?
        var duties = false
        var scopes: Set<String> = []

        mutating func merge(_ other: Effects) {
            position = other.position ?? position
            duties = duties || other.duties
            scopes.formUnion(other.scopes)
        }
    }

    var effects = Effects()

    /// Runs one INSERT, UPDATE, DELETE, REPLACE or WITH and returns the number of rows that it changed.
    @discardableResult
    public func execute(_ sql: String, _ values: [Value] = []) throws -> Int {
        try Self.requireData(sql)
        let connection = try live()
        return try StorageError.translating {
            try connection.cachedStatement(sql: sql).execute(arguments: Self.arguments(values))
            return connection.changesCount
        }
    }

    /// The row id of the latest INSERT.
    public func lastInsertedRowID() throws -> Int64 { try live().lastInsertedRowID }
}
