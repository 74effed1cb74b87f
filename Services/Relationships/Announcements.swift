import RPC
import Schema
import ServiceKit
import Storage

/// People and programmes that were stored before the other services heard of them: told once, after the start.
struct Announcements: Sendable {
    /// Of one transaction.
    private static let batch = 500

    /// A version of its own range: the step stands apart from the tables.
    static let migration = Migration(
        version: 110, name: "people and programmes that nobody has been told of",
        statements: [
            "CREATE TABLE unannounced (kind TEXT NOT NULL, name TEXT NOT NULL, PRIMARY KEY (kind, name)) STRICT",
            "CREATE TABLE announcing (done INTEGER NOT NULL) STRICT",
            "INSERT INTO announcing (done) VALUES (0)",
        ])

    let runtime: Runtime

    func run() async throws {
        guard try await collect() else { return }
        while try await tell() {}
    }

    /// - Returns: whether there may be anything to tell.
    private func collect() async throws -> Bool {
        try await runtime.database.write { transaction in
            guard try transaction.first("SELECT done FROM announcing")?.int(0) == 0 else {
                return try transaction.first("SELECT 1 FROM unannounced LIMIT 1") != nil
            }
            func note(_ kind: String, _ name: String) throws {
                try transaction.execute(
                    "INSERT INTO unannounced (kind, name) VALUES (?, ?) ON CONFLICT DO NOTHING",
                    [.text(kind), .text(name)])
            }
            try Tables.people.each(in: transaction) { try note("person", $0.name) }
            try Tables.programmes.each(in: transaction) { try note("programme", $0.name) }
            try transaction.execute("UPDATE announcing SET done = 1")
            return true
        }
    }

    /// - Returns: whether there is more.
    private func tell() async throws -> Bool {
        let context = ServerContext(method: "announcements")
        context[Caller.self] = Caller(service: runtime.service)
        let rows = try await runtime.database.read { snapshot in
            try snapshot.query("SELECT kind, name FROM unannounced ORDER BY kind, name LIMIT ?", [Value(Self.batch)])
                .map { (kind: try $0.text(0), name: try $0.text(1)) }
        }
        let byOrganization = Dictionary(grouping: rows) {
            $0.name.split(separator: "/").prefix(2).joined(separator: "/")
        }
        for (organization, rows) in byOrganization {
            try await runtime.change(context, in: organization) { change in
                for (kind, name) in rows {
                    if kind == "person", let person = try change.find(Tables.people, name) {
                        try change.publish(person)
                    } else if kind == "programme", let programme = try change.find(Tables.programmes, name) {
                        try change.publish(programme)
                    }
                    try change.transaction.execute(
                        "DELETE FROM unannounced WHERE kind = ? AND name = ?", [.text(kind), .text(name)])
                }
            }
        }
        return rows.count == Self.batch
    }
}
