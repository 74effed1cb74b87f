import Schema
import Storage
import Synchronization

/// Who has read what another one wrote, and what they were granted: once a person, item and day (docs/domain.md §6.9).
final class Viewings: Sendable {
    static let statements = [
        """
        CREATE TABLE viewing (
            resource TEXT NOT NULL, day INTEGER NOT NULL, person TEXT NOT NULL, right INTEGER NOT NULL,
            source TEXT NOT NULL, instant INTEGER NOT NULL, hidden_until INTEGER NOT NULL,
            PRIMARY KEY (resource, day, person, right, source)
        ) STRICT, WITHOUT ROWID
        """
    ]

    struct Viewing: Hashable, Sendable {
        var resource: String
        var person: String
        var right: ViewingRight
        var source: String
        var day: Int64
    }

    /// Viewings that are known to be stored: repeated ones cost no write. When there are more, it begins anew.
    static let rememberedLimit = 50_000

    private let stored = Mutex<Set<Viewing>>([])

    /// Stores what is not stored yet, before the reader gets an answer, and tells the audit chain of it.
    /// - Parameters:
    ///   - items: what is read, and whom that concerns.
    ///   - caller: the reader.
    func note(
        _ items: [(name: String, people: [String])], by caller: Caller, _ grant: ViewingGrant?, at now: Instant,
        in database: Database
    ) async throws {
        let day = now.microseconds / Instant.microsecondsPerDay
        let people = Dictionary(items.map { ($0.name, $0.people) }) { first, _ in first }
        let viewings = items.map {
            Viewing(
                resource: $0.name, person: caller.person ?? "", right: grant?.right ?? .party,
                source: grant?.source ?? "", day: day)
        }
        let new = stored.withLock { stored in viewings.filter { !stored.contains($0) } }
        guard !new.isEmpty else { return }
        let hiddenUntil = grant?.silence?.microseconds ?? 0
        try await database.write { transaction in
            for viewing in new {
                let isNew =
                    try transaction.execute(
                        """
                        INSERT INTO viewing (resource, day, person, right, source, instant, hidden_until)
                        VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING
                        """,
                        [
                            .text(viewing.resource), .integer(viewing.day), .text(viewing.person),
                            .integer(Int64(viewing.right.rawValue)), .text(viewing.source), .integer(now.microseconds),
                            .integer(hiddenUntil),
                        ]) > 0
                guard isNew else { continue }
                try transaction.audit(
                    "resource.read", viewing.resource, by: caller, about: people[viewing.resource] ?? [], at: now,
                    hiddenUntil: grant?.silence)
            }
        }
        stored.withLock { stored in
            if stored.count + new.count > Self.rememberedLimit { stored.removeAll() }
            stored.formUnion(new)
        }
    }

    /// In the order of days, then of people.
    /// - Parameter position: as given with the last one; nil begins.
    static func read(
        of name: String, at now: Instant, after position: String?, limit: Int, in snapshot: Snapshot
    ) throws -> [(item: Schema.Viewing, position: String)] {
        let start = position.map { $0.split(separator: " ", maxSplits: 3, omittingEmptySubsequences: false) } ?? []
        let key: [Value] =
            start.count == 4
            ? [
                .integer(Int64(start[0]) ?? 0), .text(String(start[2])), .integer(Int64(start[1]) ?? 0),
                .text(String(start[3])),
            ]
            : [.integer(.min), "", 0, ""]
        return try snapshot.query(
            """
            SELECT day, person, right, source, instant FROM viewing
            WHERE resource = ? AND hidden_until <= ? AND (day, person, right, source) > (?, ?, ?, ?)
            ORDER BY day, person, right, source LIMIT ?
            """, [.text(name), .integer(now.microseconds)] + key + [Value(limit)]
        ).map { row in
            let (person, right, source) = (try row.text(1), try row.int64(2), try row.text(3))
            let viewing = Schema.Viewing(
                person: person, right: ViewingRight(rawValue: Int32(right)), source: source,
                time: Instant(microseconds: try row.int64(4)).timestamp)
            return (viewing, "\(try row.int64(0)) \(right) \(person) \(source)")
        }
    }
}

extension Runtime {
    /// Notes that the caller reads these; services read for somebody whose reading is noted where it happens.
    public func note<R: Resource>(
        _ resources: [R], readBy access: Access, _ grant: ViewingGrant? = nil
    ) async throws {
        guard let person = grant?.person ?? access.caller.person else { return }
        let foreign = resources.filter { grant != nil || $0.writer.map { $0 != person } ?? false }
        guard !foreign.isEmpty else { return }
        var reader = access.caller
        reader.person = person
        let parties = [access.relationship.trustor, access.relationship.trustee]
        let items = foreign.map { (name: $0.name, people: grant != nil ? parties : $0.writer.map { [$0] } ?? []) }
        try await viewings.note(items, by: reader, grant, at: clock.now, in: database)
    }
}
