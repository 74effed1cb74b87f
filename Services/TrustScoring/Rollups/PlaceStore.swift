import Crypto
import Schema
import ServiceKit
import Storage
import TrustModel

/// Where people belonged when, and what programmes ask of reports: of the events of Relationships, names of nobody.
enum PlaceStore {
    static let statements = [
        """
        CREATE TABLE person_place (
            organization TEXT NOT NULL, person TEXT NOT NULL, since INTEGER NOT NULL, unit TEXT NOT NULL,
            level INTEGER NOT NULL, active INTEGER NOT NULL,
            PRIMARY KEY (organization, person, since)) STRICT, WITHOUT ROWID
        """,
        """
        CREATE TABLE programme_minimum (
            organization TEXT NOT NULL, programme TEXT NOT NULL, minimum INTEGER NOT NULL,
            PRIMARY KEY (organization, programme)) STRICT, WITHOUT ROWID
        """,
    ]

    struct Place: Sendable {
        var unit: [String]
        /// 1 is the top, 0 unknown.
        var level: Int
        var isActive: Bool
    }

    // MARK: Writing

    static func take(_ event: Event, in transaction: Transaction) throws {
        switch event.payload {
        case .personChanged(let change):
            let organization = try ResourceName(change.person, "organizations", "people").organization
            let since = try event.occurredAt.map { try Instant($0) } ?? Instant(microseconds: 0)
            try transaction.execute(
                """
                INSERT INTO person_place (organization, person, since, unit, level, active) VALUES (?, ?, ?, ?, ?, ?)
                ON CONFLICT (organization, person, since) DO UPDATE SET unit = excluded.unit, level = excluded.level,
                    active = excluded.active
                """,
                [
                    .text(organization), .text(change.person), .integer(since.microseconds), .text(change.unit),
                    .integer(Int64(change.level)), Value(change.active),
                ])
        case .programmeChanged(let change):
            let organization = try ResourceName(change.programme, "organizations", "programmes").organization
            try transaction.execute(
                """
                INSERT INTO programme_minimum (organization, programme, minimum) VALUES (?, ?, ?)
                ON CONFLICT (organization, programme) DO UPDATE SET minimum = excluded.minimum
                """, [.text(organization), .text(change.programme), .integer(Int64(change.minimumGroupSize))])
        default: break
        }
    }

    static func forget(in transaction: Transaction) throws {
        try transaction.execute("DELETE FROM person_place")
        try transaction.execute("DELETE FROM programme_minimum")
    }

    // MARK: Reading

    /// Where everybody belonged at an instant; of who came later, where they came to.
    static func places(
        of organization: String, at instant: Instant, in snapshot: Snapshot
    ) throws -> [String: Place] {
        var places: [String: Place] = [:]
        try snapshot.each(
            "SELECT person, since, unit, level, active FROM person_place WHERE organization = ? ORDER BY person, since",
            [.text(organization)]
        ) { row in
            let person = try row.text(0)
            let since = Instant(microseconds: try row.int64(1))
            guard places[person] == nil || since <= instant else { return }
            places[person] = Place(
                unit: CohortTree.path(try row.text(2)), level: try row.int(3), isActive: try row.bool(4))
        }
        return places
    }

    /// The largest of the organisation's programmes.
    static func minimum(of organization: String, in snapshot: Snapshot) throws -> Int {
        try snapshot.first(
            "SELECT max(minimum) FROM programme_minimum WHERE organization = ?", [.text(organization)]
        )?.optionalInt64(0).map(Int.init) ?? 0
    }

    static func isKnown(programme: String, in snapshot: Snapshot) throws -> Bool {
        try minimum(ofProgramme: programme, in: snapshot) > 0
    }

    /// 0 for a programme that nobody has told of.
    static func minimum(ofProgramme programme: String, in snapshot: Snapshot) throws -> Int {
        try snapshot.first(
            "SELECT minimum FROM programme_minimum WHERE organization = ? AND programme = ?",
            [.text(try ResourceName(programme, "organizations", "programmes").organization), .text(programme)]
        )?.int(0) ?? 0
    }
}

/// The id under which somebody or something is counted: 64 bits of SHA-256 of its name.
func pseudonym(_ name: String) -> UInt64 {
    SHA256.hash(data: Array(name.utf8)).prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
}
