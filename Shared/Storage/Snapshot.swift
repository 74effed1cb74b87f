internal import GRDB

/// One consistent view of the database, valid only inside the closure that received it.
///
/// A `Transaction` is a snapshot too, so a store's queries serve both.
public class Snapshot {
    private var connection: GRDB.Database?
    let identity: FileIdentity

    init(_ connection: GRDB.Database, _ identity: FileIdentity) {
        self.connection = connection
        self.identity = identity
    }

    /// The rows of a SELECT, VALUES or WITH; in a transaction also of INSERT, UPDATE or DELETE with RETURNING. The
    /// statement is compiled once per connection and kept, so give what varies as `values`: `?` in order, or `?1`,
    /// `?2`.
    public final func query(_ sql: String, _ values: [Value] = []) throws -> [Row] {
        try Self.requireData(sql)
        let connection = try live()
        return try StorageError.translating {
            let cursor = try GRDB.Row.fetchCursor(
                connection.cachedStatement(sql: sql), arguments: Self.arguments(values))
            var rows: [Row] = []
            while let row = try cursor.next() { rows.append(Row(row)) }
            return rows
        }
    }

    /// The first row, if there is one. The rest is not read.
    public final func first(_ sql: String, _ values: [Value] = []) throws -> Row? {
        try Self.requireData(sql)
        let connection = try live()
        return try StorageError.translating {
            try GRDB.Row.fetchOne(
                connection.cachedStatement(sql: sql), arguments: Self.arguments(values)
            ).map(Row.init)
        }
    }

    /// Hands each row to `body` without holding them all: for tables that fill memory at start.
    public final func each(_ sql: String, _ values: [Value] = [], _ body: (Row) throws -> Void) throws {
        try Self.requireData(sql)
        let connection = try live()
        try StorageError.translating {
            // A statement of its own, since `body` may run the same text while this one is still being stepped.
            let cursor = try GRDB.Row.fetchCursor(
                connection.makeStatement(sql: sql), arguments: Self.arguments(values))
            while let row = try cursor.next() { try body(Row(row)) }
        }
    }

    final func live() throws -> GRDB.Database {
        guard let connection else { throw StorageError.outsideTransaction }
        return connection
    }

    final func invalidate() { connection = nil }

    static func arguments(_ values: [Value]) throws -> StatementArguments {
        // As optional existentials: GRDB's way for values of one type goes through a key path, a fifth of a write.
        StatementArguments(try values.map { value -> (any DatabaseValueConvertible)? in try value.databaseValue })
    }

    /// Transactions are begun and ended by the group commit alone, and settings of the connection are set when it
    /// opens.
    static func requireData(_ sql: String) throws {
        // Of each statement that runs: bytes are read here, not characters.
        let verb = sql.utf8.drop { $0 == 0x20 || (0x09...0x0d).contains($0) }.prefix {
            (0x41...0x5a).contains($0 & 0xdf)
        }
        guard verbs.contains(where: { $0.utf8.elementsEqual(verb.lazy.map { $0 & 0xdf }) }) else {
            throw StorageError.statement("\(Substring(verb)) is not a statement that a closure may run")
        }
    }

    private static let verbs = ["SELECT", "INSERT", "UPDATE", "DELETE", "WITH", "REPLACE", "VALUES"]
}
