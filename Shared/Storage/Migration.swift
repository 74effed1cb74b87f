internal import GRDB

/// One step of a schema. Steps only go forward; a released one is never edited, a new one is added.
public struct Migration: Sendable, Hashable {
    /// 1 or more, ascending; gaps leave room for the steps of another layer.
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
                + Idempotency.statements + Sources.statements),
        Migration(version: 2, name: "events of one scope", statements: Outbox.scopeStatements),
        Migration(version: 3, name: "keys of what is encrypted", statements: ScopeKeys.statements),
        Migration(version: 4, name: "tables without anything in clear", statements: ScopeKeys.encryptedStatements),
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

    /// Whether this program can open the file, without changing it.
    func check(_ connection: GRDB.Database) throws {
        guard try connection.tableExists("storage_migration"), try connection.tableExists("storage_identity") else {
            throw StorageError.file("the file is not a database of Rapport")
        }
        _ = try applied(Self.storage, component: "storage", connection)
        _ = try applied(service, component: "service", connection)
    }

    /// The versions that the file has, each known to this program.
    private func applied(
        _ steps: [Migration], component: String, _ connection: GRDB.Database
    ) throws -> Set<Int> {
        let applied = try GRDB.Row.fetchAll(
            connection, sql: "SELECT version, name FROM storage_migration WHERE component = ? ORDER BY version",
            arguments: [component]
        ).map { (version: $0[0] as Int, name: $0[1] as String) }
        let known = Dictionary(steps.map { ($0.version, $0.name) }) { first, _ in first }
        for (version, name) in applied {
            guard let step = known[version] else {
                throw StorageError.newerFile(component: component, found: version, known: steps.last?.version ?? 0)
            }
            guard step == name else {
                throw StorageError.migration(
                    "\(component) version \(version) of the file is “\(name)”, of the program “\(step)”: "
                        + "this is the file of another service")
            }
        }
        return Set(applied.map(\.version))
    }

    private func apply(_ steps: [Migration], component: String, _ connection: GRDB.Database) throws {
        for (step, next) in zip(steps, steps.dropFirst()) where step.version >= next.version {
            throw StorageError.migration(
                "\(component) step “\(next.name)” has version \(next.version), not above \(step.version)")
        }
        let present = try applied(steps, component: component, connection)
        for step in steps where !present.contains(step.version) {
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
