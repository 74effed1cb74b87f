internal import GRDB

/// What makes a database file itself and no other: made with the file, read at each start.
struct FileIdentity: Sendable {
    /// Renewed when a backup is opened for the first time, so that no cursor of the life before fits.
    let epoch: Identifier
    /// Keys the hashes of requests, so that whoever sees the table cannot test guesses of a request's content.
    let secret: [UInt8]
    /// Nil where nothing is encrypted.
    let keyring: Keyring?

    static let statements = [
        """
        CREATE TABLE storage_identity (
            singleton INTEGER PRIMARY KEY CHECK (singleton = 1),
            epoch BLOB NOT NULL,
            secret BLOB NOT NULL,
            is_backup INTEGER NOT NULL DEFAULT 0,
            outbox_pruned INTEGER NOT NULL DEFAULT 0
        ) STRICT
        """
    ]

    /// Reads the identity inside the opening transaction; makes it for a new file and renews the epoch of a backup.
    static func establish(_ connection: GRDB.Database, _ keyring: Keyring?, now: Int64) throws -> FileIdentity {
        let fresh = IdentifierGenerator().next(at: now)
        try connection.execute(
            sql: "INSERT INTO storage_identity (singleton, epoch, secret) VALUES (1, ?, ?) ON CONFLICT DO NOTHING",
            arguments: [
                try Value.id(fresh).databaseValue,
                try Value.blob((0..<32).map { _ in UInt8.random(in: .min ... .max) }).databaseValue,
            ])
        try connection.execute(
            sql: "UPDATE storage_identity SET epoch = ?, is_backup = 0 WHERE is_backup = 1",
            arguments: [try Value.id(fresh).databaseValue])
        guard
            let row = try GRDB.Row.fetchOne(connection, sql: "SELECT epoch, secret FROM storage_identity").map(Row.init)
        else { throw StorageError.file("the database has lost its identity") }
        return FileIdentity(epoch: try row.id(0), secret: try row.blob(1), keyring: keyring)
    }
}
