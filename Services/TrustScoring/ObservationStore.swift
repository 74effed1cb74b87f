import Schema
import ServiceKit
import Storage
import TrustModel

/// The observations of one relationship in the database, and the leave of people, which belongs to none.
struct ObservationStore {
    private let name: ResourceName
    private let scope: [Value]

    init(_ relationship: ResourceName) {
        name = relationship
        scope = relationship.scope
    }

    static let migration = Migration(
        version: 104, name: "observations and leave",
        statements: [
            // In the order of time: the latest weeks are one range. Names are kept without the relationship's.
            """
            CREATE TABLE observation (
                organization TEXT NOT NULL, relationship ANY NOT NULL, occurred_at INTEGER NOT NULL, id BLOB NOT NULL,
                kind TEXT NOT NULL, subject TEXT NOT NULL, object TEXT NOT NULL, role INTEGER NOT NULL,
                value REAL NOT NULL, is_set INTEGER NOT NULL, origin TEXT NOT NULL,
                PRIMARY KEY (organization, relationship, occurred_at, id)) STRICT, WITHOUT ROWID
            """,
            "CREATE INDEX observation_by_subject ON observation (organization, relationship, subject, kind)",
            "CREATE INDEX observation_by_kind ON observation (organization, relationship, kind, occurred_at)",
            """
            CREATE TABLE leave_window (
                organization TEXT NOT NULL, person TEXT NOT NULL, leave_window TEXT NOT NULL,
                start_time INTEGER NOT NULL, end_time INTEGER NOT NULL, origin TEXT NOT NULL,
                PRIMARY KEY (organization, person, leave_window)) STRICT, WITHOUT ROWID
            """,
        ])

    // MARK: Writing

    /// Writes what an event says, once; `origin` is the service that says it.
    func take(_ event: Event, from origin: String, in transaction: Transaction) throws {
        guard let source = Identifier(event.id) else { return }
        for (number, change) in try MalformedEvent.catching({ try Observation.changes(by: event) }).enumerated() {
            switch change {
            case .add(let observation, let replacing, let once):
                try remove(observation.subject, replacing, in: transaction)
                if once, try isKnown(observation, in: transaction) { continue }
                let id = Identifier.version5(namespace: source, name: "observation \(number)")
                try insert(observation, id: id, origin: origin, in: transaction)
            case .remove(let subject, let kinds): try remove(subject, kinds, in: transaction)
            case .retag(let subject, let value):
                try transaction.execute(
                    """
                    UPDATE observation SET value = ? WHERE organization = ? AND relationship = ? AND subject = ?
                        AND kind = ?
                    """, [.real(value)] + scope + [.text(relative(subject)), .text(Observation.Kind.feedback.rawValue)])
            }
        }
    }

    private func insert(
        _ observation: Observation, id: Identifier, origin: String, in transaction: Transaction
    ) throws {
        try transaction.execute(
            """
            INSERT INTO observation (organization, relationship, occurred_at, id, kind, subject, object, role, value,
                is_set, origin)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING
            """,
            scope + [
                .integer(observation.at.microseconds), .id(id), .text(observation.kind.rawValue),
                .text(relative(observation.subject)), .text(relatives(observation.object)),
                .integer(Int64(observation.role.rawValue)), .real(observation.value), Value(observation.isSet),
                .text(origin),
            ])
    }

    private func isKnown(_ observation: Observation, in transaction: Transaction) throws -> Bool {
        try transaction.first(
            """
            SELECT 1 FROM observation INDEXED BY observation_by_subject
            WHERE organization = ? AND relationship = ? AND subject = ? AND kind = ? AND object = ?
            """,
            scope + [
                .text(relative(observation.subject)), .text(observation.kind.rawValue),
                .text(relatives(observation.object)),
            ]) != nil
    }

    private func remove(_ subject: String, _ kinds: Set<Observation.Kind>, in transaction: Transaction) throws {
        for kind in kinds {
            try transaction.execute(
                "DELETE FROM observation WHERE organization = ? AND relationship = ? AND subject = ? AND kind = ?",
                scope + [.text(relative(subject)), .text(kind.rawValue)])
        }
    }

    /// Leave belongs to a person (docs/domain.md §6.1); why is never said.
    static func take(_ leave: LeaveChanged, from origin: String, in transaction: Transaction) throws {
        let organization = try ResourceName(leave.person, "organizations", "people").organization
        let key: [Value] = [.text(organization), .text(leave.person), .text(leave.leaveWindow)]
        guard !leave.deleted, let start = leave.startTime, let end = leave.endTime else {
            try transaction.execute(
                "DELETE FROM leave_window WHERE organization = ? AND person = ? AND leave_window = ?", key)
            return
        }
        try transaction.execute(
            """
            INSERT INTO leave_window (organization, person, leave_window, start_time, end_time, origin)
            VALUES (?, ?, ?, ?, ?, ?)
            ON CONFLICT (organization, person, leave_window) DO UPDATE SET start_time = excluded.start_time,
                end_time = excluded.end_time
            """,
            key + [
                .integer(try Instant(start).microseconds), .integer(try Instant(end).microseconds), .text(origin),
            ])
    }

    static func forget(_ origin: String, in transaction: Transaction) throws {
        try transaction.execute("DELETE FROM observation WHERE origin = ?", [.text(origin)])
        try transaction.execute("DELETE FROM leave_window WHERE origin = ?", [.text(origin)])
    }

    // MARK: Reading

    /// Of all kinds, in (from, to], in the order of time.
    func observations(from: Instant, to: Instant, in snapshot: Snapshot) throws -> [Observation] {
        try snapshot.query(
            """
            SELECT kind, occurred_at, subject, object, role, value, is_set FROM observation
            WHERE organization = ? AND relationship = ? AND occurred_at > ? AND occurred_at <= ?
            ORDER BY occurred_at, id
            """, scope + [.integer(from.microseconds), .integer(to.microseconds)]
        ).map(observation)
    }

    /// Of one kind, in (from, to], in the order of time.
    func observations(
        of kind: Observation.Kind, from: Instant, to: Instant, in snapshot: Snapshot
    ) throws -> [Observation] {
        try snapshot.query(
            """
            SELECT kind, occurred_at, subject, object, role, value, is_set
            FROM observation INDEXED BY observation_by_kind
            WHERE organization = ? AND relationship = ? AND kind = ? AND occurred_at > ? AND occurred_at <= ?
            ORDER BY occurred_at, id
            """, scope + [.text(kind.rawValue), .integer(from.microseconds), .integer(to.microseconds)]
        ).map(observation)
    }

    /// The trustee's latest feedback that is not NEUTRAL, in the order of time.
    ///
    /// - Parameter withEmptyPraise: recognition that says neither what was done nor what it brought about, too.
    func feedback(
        limit: Int, upTo instant: Instant, withEmptyPraise: Bool, in snapshot: Snapshot
    ) throws -> [Observation] {
        try snapshot.query(
            """
            SELECT kind, occurred_at, subject, object, role, value, is_set
            FROM observation INDEXED BY observation_by_kind
            WHERE organization = ?1 AND relationship = ?2 AND kind = ?3 AND occurred_at <= ?4 AND role = ?5
                AND value <> ?6 AND (?7 OR value <> ?8 OR EXISTS (
                    SELECT 1 FROM observation AS concrete INDEXED BY observation_by_subject
                    WHERE concrete.organization = ?1 AND concrete.relationship = ?2
                        AND concrete.subject = observation.subject AND concrete.kind = ?9))
            ORDER BY occurred_at DESC, id DESC LIMIT ?10
            """,
            scope + [
                .text(Observation.Kind.feedback.rawValue), .integer(instant.microseconds),
                .integer(Int64(Role.trustee.rawValue)), .real(Double(FeedbackItem.Kind.neutral.rawValue)),
                Value(withEmptyPraise), .real(Double(FeedbackItem.Kind.recognition.rawValue)),
                .text(Observation.Kind.feedbackConcrete.rawValue), Value(limit),
            ]
        ).map(observation).reversed()
    }

    /// The last one of a kind up to an instant.
    func last(_ kind: Observation.Kind, upTo instant: Instant, in snapshot: Snapshot) throws -> Observation? {
        try snapshot.first(
            """
            SELECT kind, occurred_at, subject, object, role, value, is_set
            FROM observation INDEXED BY observation_by_kind
            WHERE organization = ? AND relationship = ? AND kind = ? AND occurred_at <= ?
            ORDER BY occurred_at DESC, is_set LIMIT 1
            """, scope + [.text(kind.rawValue), .integer(instant.microseconds)]
        ).map(observation)
    }

    /// The last held session or feedback that is not NEUTRAL, up to an instant.
    func lastContact(upTo instant: Instant, in snapshot: Snapshot) throws -> Instant? {
        let feedback = try snapshot.first(
            """
            SELECT occurred_at FROM observation INDEXED BY observation_by_kind
            WHERE organization = ? AND relationship = ? AND kind = ? AND occurred_at <= ? AND value <> ?
            ORDER BY occurred_at DESC LIMIT 1
            """,
            scope + [
                .text(Observation.Kind.feedback.rawValue), .integer(instant.microseconds),
                .real(Double(FeedbackItem.Kind.neutral.rawValue)),
            ]
        ).map { Instant(microseconds: try $0.int64(0)) }
        let session = try last(.sessionHeld, upTo: instant, in: snapshot)?.at
        return [feedback, session].compactMap(\.self).max()
    }

    /// Leave of these people that touches (from, to).
    func leave(
        of people: [String], from: Instant, to: Instant, in snapshot: Snapshot
    ) throws -> [SustainingFacts.Absence] {
        try people.flatMap { person in
            try snapshot.query(
                """
                SELECT start_time, end_time FROM leave_window
                WHERE organization = ? AND person = ? AND end_time > ? AND start_time < ?
                """, [scope[0], .text(person), .integer(from.microseconds), .integer(to.microseconds)]
            ).map {
                SustainingFacts.Absence(
                    from: Instant(microseconds: try $0.int64(0)), to: Instant(microseconds: try $0.int64(1)))
            }
        }
    }

    private func observation(_ row: Row) throws -> Observation {
        guard let kind = Observation.Kind(rawValue: try row.text(0)) else {
            throw StorageError.column("an observation's kind is unknown: a newer program wrote it")
        }
        return Observation(
            kind: kind, at: Instant(microseconds: try row.int64(1)), subject: absolute(try row.text(2)),
            object: try row.text(3).split(separator: "\n").map { absolute(String($0)) }.joined(separator: "\n"),
            role: Role(rawValue: Int32(truncatingIfNeeded: try row.int64(4))), value: try row.double(5),
            isSet: try row.bool(6))
    }

    private func relative(_ text: String) -> String {
        text == name.text ? "" : text.hasPrefix(name.text + "/") ? String(text.dropFirst(name.text.count)) : text
    }

    private func relatives(_ text: String) -> String {
        text.split(separator: "\n").map { relative(String($0)) }.joined(separator: "\n")
    }

    /// What belongs to the relationship begins with a slash.
    private func absolute(_ text: String) -> String { text.hasPrefix("/") ? name.text + text : text }
}
