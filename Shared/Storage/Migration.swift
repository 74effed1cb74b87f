internal import GRDB

/// One step of a schema. Steps only go forward; a released one is never edited, a new one is added.
public struct Migration: Sendable, Hashable {
    /// Counts up from 1 without gaps.
    public let version: Int
    public let name: String
    public let statements: [String]

    public init(version: Int, name: String, statements: [String]) {
        self.version = version
        self.name = name
        self.statements = statements
    }
}

/// Brings a file to the present schema inside one transaction: all missing steps, or none.
struct Migrator {
    let service: [Migration]

    /// Storage's own tables have versions of their own, so that a service numbers its steps without regard to them.
    private static let storage = [
        Migration(
            version: 1, name: "storage",
            statements: FileIdentity.statements + Outbox.statements + Checkpoint.statements + DueTable.statements
                + Idempotency.statements + Sources.statements)
    ]

    func migrate(_ connection: GRDB.Database) throws {
        let objects = try Int.fetchOne(connection, sql: "SELECT count(*) FROM sqlite_schema") ?? 0
        if try !connection.tableExists("storage_migration") {
            guard objects == 0 else { throw StorageError.file("the file is an SQLite database, but not of Rapport") }
            try connection.execute(
                sql: """
                    CREATE TABLE storage_migration (
                        component TEXT NOT NULL, version INTEGER NOT NULL, name TEXT NOT NULL,
                        PRIMARY KEY (component, version)
                    ) STRICT
                    """)
        }
        try apply(Self.storage, component: "storage", connection)
        try apply(service, component: "service", connection)
    }

    private func apply(_ steps: [Migration], component: String, _ connection: GRDB.Database) throws {
        for (index, step) in steps.enumerated() where step.version != index + 1 {
            throw StorageError.migration(
                "\(component) step “\(step.name)” has version \(step.version), not \(index + 1)")
        }
        let applied = try String.fetchAll(
            connection, sql: "SELECT name FROM storage_migration WHERE component = ? ORDER BY version",
            arguments: [component])
        guard applied.count <= steps.count else {
            throw StorageError.newerFile(component: component, found: applied.count, known: steps.count)
        }
        for (name, step) in zip(applied, steps) where name != step.name {
            throw StorageError.migration(
                "\(component) version \(step.version) of the file is “\(name)”, of the program “\(step.name)”: "
                    + "this is the file of another service")
        }
        for step in steps.dropFirst(applied.count) {
            do {
                for statement in step.statements { try connection.execute(sql: statement) }
                try connection.execute(
                    sql: "INSERT INTO storage_migration (component, version, name) VALUES (?, ?, ?)",
                    arguments: [component, step.version, step.name])
            } catch let error as DatabaseError {
                throw StorageError.migration(
                    "\(component) version \(step.version) “\(step.name)”: \(error.message ?? "no message")")
            }
        }
    }
}
