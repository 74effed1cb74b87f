/// Something that is to happen at an instant if nothing else happens before: a grace period's end, a reveal, a
/// reminder.
public struct Duty: Sendable, Hashable {
    /// Given when the duty is first scheduled; 0 before. Orders duties of the same instant.
    public var id: Int64 = 0
    public var organization: Key
    /// The relationship that it belongs to, whose clock decides; empty for the wall clock.
    public var scope: String
    /// The resource that it is about.
    public var key: Key
    public var kind: String
    /// Microseconds since 1970-01-01T00:00:00Z.
    public var due: Int64
    /// At most `Limits.payload` bytes.
    public var payload: [UInt8]

    public init(organization: Key, scope: String = "", key: Key, kind: String, due: Int64, payload: [UInt8] = []) {
        self.organization = organization
        self.scope = scope
        self.key = key
        self.kind = kind
        self.due = due
        self.payload = payload
    }
}

/// The duties of a service. They are written in the transaction that creates them and claimed in the one that records
/// their effect, so that each fires once.
///
/// A relationship whose history is being imported, or whose mode is not known yet, is *held*: the wall clock does not
/// claim its duties, only a claim for that scope does (docs/domain.md §6.1, history import).
public struct DueTable {
    static let statements = [
        """
        CREATE TABLE storage_due (
            id INTEGER PRIMARY KEY, organization ANY NOT NULL, scope TEXT NOT NULL, key ANY NOT NULL,
            kind TEXT NOT NULL, due INTEGER NOT NULL, held INTEGER NOT NULL, payload BLOB NOT NULL,
            UNIQUE (organization, scope, key, kind)
        ) STRICT
        """,
        "CREATE INDEX storage_due_next ON storage_due (due, id) WHERE held = 0",
        "CREATE INDEX storage_due_scope ON storage_due (organization, scope, due, id)",
        """
        CREATE TABLE storage_due_held (
            organization ANY NOT NULL, scope TEXT NOT NULL, UNIQUE (organization, scope)
        ) STRICT
        """,
    ]

    let transaction: Transaction

    /// Adds the duty, or replaces instant and payload of the one with the same organisation, scope, key and kind.
    public func schedule(_ duty: Duty) throws {
        try duty.organization.check()
        try duty.key.check()
        try Limits.check(text: duty.scope, "scope")
        try Limits.check(text: duty.kind, "kind")
        try Limits.check(payload: duty.payload)
        try transaction.execute(
            """
            INSERT INTO storage_due (organization, scope, key, kind, due, held, payload)
            VALUES (?1, ?2, ?3, ?4, ?5,
                EXISTS (SELECT 1 FROM storage_due_held WHERE organization = ?1 AND scope = ?2), ?6)
            ON CONFLICT (organization, scope, key, kind) DO UPDATE SET due = excluded.due, payload = excluded.payload
            """,
            [
                .key(duty.organization), .text(duty.scope), .key(duty.key), .text(duty.kind), .integer(duty.due),
                .blob(duty.payload),
            ])
        transaction.effects.duties = true
    }

    /// Moves a duty; false when there is none.
    @discardableResult
    public func reschedule(organization: Key, scope: String = "", key: Key, kind: String, to due: Int64) throws -> Bool
    {
        let moved = try transaction.execute(
            "UPDATE storage_due SET due = ? WHERE organization = ? AND scope = ? AND key = ? AND kind = ?",
            [.integer(due), .key(organization), .text(scope), .key(key), .text(kind)])
        transaction.effects.duties = true
        return moved > 0
    }

    /// When a duty falls due; nil when there is none.
    public func find(organization: Key, scope: String = "", key: Key, kind: String) throws -> Int64? {
        try transaction.first(
            "SELECT due FROM storage_due WHERE organization = ? AND scope = ? AND key = ? AND kind = ?",
            [.key(organization), .text(scope), .key(key), .text(kind)]
        )?.int64(0)
    }

    /// Removes a duty; false when there is none.
    @discardableResult
    public func cancel(organization: Key, scope: String = "", key: Key, kind: String) throws -> Bool {
        try transaction.execute(
            "DELETE FROM storage_due WHERE organization = ? AND scope = ? AND key = ? AND kind = ?",
            [.key(organization), .text(scope), .key(key), .text(kind)]) > 0
    }

    /// Removes every duty of a scope and returns how many.
    @discardableResult
    public func cancelAll(organization: Key, scope: String) throws -> Int {
        try transaction.execute(
            "DELETE FROM storage_due WHERE organization = ? AND scope = ?", [.key(organization), .text(scope)])
    }

    /// Moves all duties of a scope by the same time: what a pause did to its deadlines.
    /// - Parameter microseconds: later when positive.
    public func shift(organization: Key, scope: String, by microseconds: Int64) throws {
        try transaction.execute(
            "UPDATE storage_due SET due = due + ? WHERE organization = ? AND scope = ?",
            [.integer(microseconds), .key(organization), .text(scope)])
        transaction.effects.duties = true
    }

    /// Takes the duties that are due by the wall clock, in the order (due, id), except those of held scopes.
    /// They are gone when this transaction commits.
    /// - Parameters:
    ///   - instant: microseconds since 1970-01-01T00:00:00Z, inclusive.
    ///   - limit: 1 to `Limits.rows`.
    public func claim(upTo instant: Int64, limit: Int) throws -> [Duty] {
        try take("held = 0 AND due <= ? ORDER BY due, id LIMIT ?", [.integer(instant)], limit)
    }

    /// Takes the duties of one scope that are due by its own clock, held or not.
    public func claim(upTo instant: Int64, organization: Key, scope: String, limit: Int) throws -> [Duty] {
        try take(
            "organization = ? AND scope = ? AND due <= ? ORDER BY due, id LIMIT ?",
            [.key(organization), .text(scope), .integer(instant)], limit)
    }

    /// Keeps the wall clock away from a scope's duties, present and future.
    public func hold(organization: Key, scope: String) throws {
        try organization.check()
        try Limits.check(text: scope, "scope")
        try transaction.execute(
            "INSERT INTO storage_due_held (organization, scope) VALUES (?, ?) ON CONFLICT DO NOTHING",
            [.key(organization), .text(scope)])
        try mark(organization, scope, held: true)
    }

    public func isHeld(organization: Key, scope: String) throws -> Bool {
        try transaction.first(
            "SELECT 1 FROM storage_due_held WHERE organization = ? AND scope = ?", [.key(organization), .text(scope)])
            != nil
    }

    /// Gives a scope back to the wall clock.
    public func release(organization: Key, scope: String) throws {
        try transaction.execute(
            "DELETE FROM storage_due_held WHERE organization = ? AND scope = ?", [.key(organization), .text(scope)])
        try mark(organization, scope, held: false)
        transaction.effects.duties = true
    }

    private func mark(_ organization: Key, _ scope: String, held: Bool) throws {
        try transaction.execute(
            "UPDATE storage_due SET held = ? WHERE organization = ? AND scope = ?",
            [Value(held), .key(organization), .text(scope)])
    }

    private func take(_ condition: String, _ values: [Value], _ limit: Int) throws -> [Duty] {
        try Limits.check(rows: limit)
        let duties = try transaction.query(
            "SELECT id, organization, scope, key, kind, due, payload FROM storage_due WHERE \(condition)",
            values + [Value(limit)]
        ).map { row in
            var duty = Duty(
                organization: try row.key(1), scope: try row.text(2), key: try row.key(3), kind: try row.text(4),
                due: try row.int64(5), payload: try row.blob(6))
            duty.id = try row.int64(0)
            return duty
        }
        for duty in duties { try transaction.execute("DELETE FROM storage_due WHERE id = ?", [.integer(duty.id)]) }
        return duties
    }
}

extension Transaction {
    public var due: DueTable { DueTable(transaction: self) }
}

extension Snapshot {
    /// What time has still to do.
    /// - Parameter instant: duties due by then are overdue; microseconds since 1970-01-01T00:00:00Z.
    public func dueBacklog(at instant: Int64) throws -> DueBacklog {
        let overdue = try first(
            "SELECT count(*), min(due) FROM storage_due WHERE held = 0 AND due <= ?", [.integer(instant)])
        return DueBacklog(
            overdue: try overdue?.int64(0) ?? 0, oldest: try overdue?.optionalInt64(1), next: try nextDue(),
            scheduled: try first("SELECT count(*) FROM storage_due WHERE held = 0")?.int64(0) ?? 0,
            held: try first("SELECT count(*) FROM storage_due WHERE held <> 0")?.int64(0) ?? 0)
    }

    /// The instant of the earliest duty that the wall clock may claim; nil when there is none.
    public func nextDue() throws -> Int64? {
        try first("SELECT due FROM storage_due WHERE held = 0 ORDER BY due, id LIMIT 1")?.int64(0)
    }
}

/// How many duties wait. Instants are microseconds since 1970-01-01T00:00:00Z.
public struct DueBacklog: Sendable, Hashable {
    /// Due and not fired; with a live service not for longer than a moment.
    public let overdue: Int64
    /// The instant of the oldest of them.
    public let oldest: Int64?
    /// The instant of the earliest duty that waits for the wall clock, overdue or not.
    public let next: Int64?
    /// Duties that wait for the wall clock, overdue ones included.
    public let scheduled: Int64
    /// Duties of held scopes.
    public let held: Int64
}
