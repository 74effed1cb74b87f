import Schema
import ServiceKit
import Storage

/// Relationships that had ended before this program kept what a relationship leaves for a time: their time begins at their end
/// all the same, once in the life of a database (docs/domain.md §6.10).
struct EarlierEnds: Sendable {
    static let statements = ["CREATE TABLE retention_of_earlier_ends (singleton INTEGER PRIMARY KEY) STRICT"]
    let runtime: Runtime

    func run() async throws {
        let ended = try await runtime.database.read { snapshot -> [String] in
            guard try snapshot.first("SELECT 1 FROM retention_of_earlier_ends") == nil else { return [] }
            var names: [String] = []
            try Tables.relationships.each(in: snapshot) { if $0.state == .ended { names.append($0.name) } }
            return names
        }
        for name in ended { try await take(name) }
        try await runtime.database.write {
            try $0.execute("INSERT INTO retention_of_earlier_ends (singleton) VALUES (1) ON CONFLICT DO NOTHING")
        }
    }

    /// One in each transaction: there is no hurry, and requests come between.
    private func take(_ name: String) async throws {
        let organization = try ResourceName.organization(of: name).text
        try await runtime.act(as: "retention", in: organization) { change in
            guard let relationship = try change.find(Tables.relationships, name), relationship.state == .ended,
                let end = relationship.endTime
            else { return }
            try change.startRetention(of: relationship, from: Instant(end))
        }
    }
}
