import ServiceKit
import Storage
import TrustModel

/// The conduct of one relationship in the order of time, each fact with the cumulative sum behind it: so a new fact costs
/// one look at the last, and one that comes late only those between (docs/domain.md §4.1, §4.3).
struct ConductStore {
    private let scope: [Value]

    init(_ relationship: ResourceName) {
        scope = relationship.scope
    }

    static let migration = Migration(
        version: 105, name: "conduct, alerts",
        statements: [
            """
            CREATE TABLE conduct (
                organization TEXT NOT NULL, relationship ANY NOT NULL, challenge INTEGER NOT NULL,
                occurred_at INTEGER NOT NULL, id BLOB NOT NULL, step INTEGER NOT NULL, sum REAL NOT NULL,
                subject TEXT NOT NULL,
                PRIMARY KEY (organization, relationship, challenge, occurred_at, id)) STRICT, WITHOUT ROWID
            """,
            "CREATE INDEX conduct_by_subject ON conduct (organization, relationship, subject)",
            // Rules of D3 that were broken, and when.
            """
            CREATE TABLE transparency_breach (
                organization TEXT NOT NULL, relationship ANY NOT NULL, occurred_at INTEGER NOT NULL, id BLOB NOT NULL,
                rule INTEGER NOT NULL, subject TEXT NOT NULL,
                PRIMARY KEY (organization, relationship, occurred_at, id)) STRICT, WITHOUT ROWID
            """,
            """
            CREATE TABLE alert_course (
                organization TEXT NOT NULL, relationship ANY NOT NULL, challenge INTEGER NOT NULL, alert TEXT NOT NULL,
                last_watch INTEGER, last_alert INTEGER,
                PRIMARY KEY (organization, relationship, challenge)) STRICT, WITHOUT ROWID
            """,
        ] + AlertTable.alerts.statements)

    /// What a row does to the sum.
    private enum Step: Int64 {
        case good = 0
        case bad = 1
        /// Somebody has acknowledged what there was to say: the sum begins anew.
        case reset = 2
    }

    // MARK: Writing

    /// Puts right what is known about one resource.
    /// - Returns: the challenges whose sums changed.
    func replace(about subject: String, with facts: [Conduct], in transaction: Transaction) throws -> Set<Challenge> {
        let known = try transaction.query(
            """
            SELECT challenge, occurred_at, id, step FROM conduct INDEXED BY conduct_by_subject
            WHERE organization = ? AND relationship = ? AND subject = ?
            """, scope + [.text(subject)]
        ).map { row in
            guard let challenge = Challenge(rawValue: UInt8(truncatingIfNeeded: try row.int64(0))) else {
                throw StorageError.column("a conduct's challenge is unknown: a newer program wrote it")
            }
            return Conduct(
                challenge, at: Instant(microseconds: try row.int64(1)), id: EventID(try row.id(2)),
                isBad: try row.int64(3) == Step.bad.rawValue)
        }
        let gone = Set(known).subtracting(facts)
        let new = Set(facts).subtracting(known)
        for fact in gone { try delete(fact, in: transaction) }
        for fact in new { try insert(fact, subject: subject, in: transaction) }
        let changed = gone.union(new)
        for (challenge, facts) in Dictionary(grouping: changed, by: \.challenge) {
            let instants = facts.map(\.occurredAt)
            guard let first = instants.min(), let last = instants.max() else { continue }
            try fold(challenge, from: first, through: last, in: transaction)
        }
        return Set(changed.map(\.challenge))
    }

    /// Begins a sum anew.
    func reset(_ challenge: Challenge, at instant: Instant, in transaction: Transaction) throws {
        try insert(
            challenge, at: instant, id: [UInt8](repeating: .max, count: 16), .reset, subject: "", in: transaction)
        try fold(challenge, from: instant, through: instant, in: transaction)
    }

    private func insert(_ fact: Conduct, subject: String, in transaction: Transaction) throws {
        try insert(
            fact.challenge, at: fact.occurredAt, id: fact.id.bytes, fact.isBad ? .bad : .good, subject: subject,
            in: transaction)
    }

    private func insert(
        _ challenge: Challenge, at instant: Instant, id: [UInt8], _ step: Step, subject: String,
        in transaction: Transaction
    ) throws {
        // No sum is negative: it is computed by `fold`.
        try transaction.execute(
            """
            INSERT INTO conduct (organization, relationship, challenge, occurred_at, id, step, sum, subject)
            VALUES (?, ?, ?, ?, ?, ?, -1, ?) ON CONFLICT DO NOTHING
            """,
            scope + [
                .integer(Int64(challenge.rawValue)), .integer(instant.microseconds), .blob(id),
                .integer(step.rawValue), .text(subject),
            ])
    }

    private func delete(_ fact: Conduct, in transaction: Transaction) throws {
        try transaction.execute(
            """
            DELETE FROM conduct
            WHERE organization = ? AND relationship = ? AND challenge = ? AND occurred_at = ? AND id = ?
            """,
            scope + [
                .integer(Int64(fact.challenge.rawValue)), .integer(fact.occurredAt.microseconds), .blob(fact.id.bytes),
            ])
    }

    /// Computes the sums from the first change on, through the last, and on until one falls in with what it was.
    private func fold(
        _ challenge: Challenge, from first: Instant, through last: Instant, in transaction: Transaction
    ) throws {
        let key = scope + [.integer(Int64(challenge.rawValue)), .integer(first.microseconds)]
        var sum =
            try transaction.first(
                """
                SELECT sum FROM conduct
                WHERE organization = ? AND relationship = ? AND challenge = ? AND occurred_at < ?
                ORDER BY occurred_at DESC, id DESC LIMIT 1
                """, key
            ).map { try $0.double(0) } ?? 0
        let rows = try transaction.query(
            """
            SELECT occurred_at, id, step, sum FROM conduct
            WHERE organization = ? AND relationship = ? AND challenge = ? AND occurred_at >= ?
            ORDER BY occurred_at, id
            """, key)
        let test: CumulativeSum = challenge == .lackOfTransparency ? .opacity : .inconsistency
        for row in rows {
            guard let step = Step(rawValue: try row.int64(2)) else {
                throw StorageError.column("a conduct's step is unknown: a newer program wrote it")
            }
            sum = step == .reset ? 0 : test.next(after: sum, step == .bad)
            if try row.int64(0) > last.microseconds, try row.double(3) == sum { return }
            try transaction.execute(
                """
                UPDATE conduct SET sum = ?
                WHERE organization = ? AND relationship = ? AND challenge = ? AND occurred_at = ? AND id = ?
                """,
                [.real(sum)] + scope + [
                    .integer(Int64(challenge.rawValue)), .integer(try row.int64(0)), .blob(try row.blob(1)),
                ])
        }
    }

    static func forget(in transaction: Transaction) throws {
        try transaction.execute("DELETE FROM conduct WHERE step <> ?", [.integer(Step.reset.rawValue)])
        try transaction.execute("DELETE FROM transparency_breach", [])
    }

    // MARK: Reading

    func sum(of challenge: Challenge, upTo instant: Instant, in snapshot: Snapshot) throws -> Double {
        try snapshot.first(
            """
            SELECT sum FROM conduct
            WHERE organization = ? AND relationship = ? AND challenge = ? AND occurred_at <= ?
            ORDER BY occurred_at DESC, id DESC LIMIT 1
            """, scope + [.integer(Int64(challenge.rawValue)), .integer(instant.microseconds)]
        ).map { try $0.double(0) } ?? 0
    }

    /// Facts in (from, to].
    func count(of challenge: Challenge, from: Instant, to: Instant, in snapshot: Snapshot) throws -> Int {
        try snapshot.first(
            """
            SELECT count(*) FROM conduct
            WHERE organization = ? AND relationship = ? AND challenge = ? AND occurred_at > ? AND occurred_at <= ?
                AND step <> ?
            """,
            scope + [
                .integer(Int64(challenge.rawValue)), .integer(from.microseconds), .integer(to.microseconds),
                .integer(Step.reset.rawValue),
            ]
        ).map { Int(try $0.int64(0)) } ?? 0
    }

    /// The facts that have raised the sum since it was last 0, the latest first.
    func raising(_ challenge: Challenge, limit: Int, in snapshot: Snapshot) throws -> [EventID] {
        var ids: [EventID] = []
        for row in try snapshot.query(
            """
            SELECT id, step, sum FROM conduct WHERE organization = ? AND relationship = ? AND challenge = ?
            ORDER BY occurred_at DESC, id DESC LIMIT 200
            """, scope + [.integer(Int64(challenge.rawValue))])
        {
            guard try row.double(2) > 0, ids.count < limit else { break }
            if try row.int64(1) == Step.bad.rawValue { ids.append(EventID(try row.id(0))) }
        }
        return ids
    }

    // MARK: Rules of D3

    func record(
        _ rule: Int32, id: Identifier, subject: String, at instant: Instant, in transaction: Transaction
    ) throws {
        try transaction.execute(
            """
            INSERT INTO transparency_breach (organization, relationship, occurred_at, id, rule, subject)
            VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING
            """, scope + [.integer(instant.microseconds), .id(id), .integer(Int64(rule)), .text(subject)])
    }

    func hasBrokenRule(from: Instant, to: Instant, in snapshot: Snapshot) throws -> Bool {
        try snapshot.first(
            """
            SELECT 1 FROM transparency_breach
            WHERE organization = ? AND relationship = ? AND occurred_at > ? AND occurred_at <= ?
            """, scope + [.integer(from.microseconds), .integer(to.microseconds)]) != nil
    }
}
