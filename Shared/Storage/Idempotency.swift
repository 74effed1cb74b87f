internal import Crypto

/// Who asked, and the `request_id` that they gave.
public struct RequestKey: Sendable, Hashable {
    public var organization: Key
    /// The caller's resource name or service name.
    public var caller: String
    public var id: Identifier

    public init(organization: Key, caller: String, id: Identifier) {
        self.organization = organization
        self.caller = caller
        self.id = id
    }
}

public enum RequestOutcome: Sendable, Hashable {
    /// Not seen in the last 24 hours: do the work and `record` it.
    case new
    /// Done before: answer with this resource.
    case replay(resource: String, revision: Int64)
    /// The same id came with another method or body: `ALREADY_EXISTS`, reason `REQUEST_ID_REUSED`.
    case reused
}

/// Remembers requests for 24 hours (docs/domain.md §6.0, AIP-155): a hash of what was asked and the name and revision
/// of what it made, never the answer itself.
///
/// Rows are keyed by the hour first. Request ids are random, and random keys over a whole day's table would touch a
/// page per write; within one hour the pages that change stay few. A look-up asks each of the last 25 hours.
public struct Idempotency {
    static let statements = [
        """
        CREATE TABLE storage_request (
            hour INTEGER NOT NULL, key BLOB NOT NULL, at INTEGER NOT NULL, fingerprint BLOB NOT NULL,
            resource TEXT NOT NULL, revision INTEGER NOT NULL,
            UNIQUE (hour, key)
        ) STRICT
        """
    ]

    private static let hour: Int64 = 3_600_000_000
    private static let hours = Int64(24)

    let transaction: Transaction

    /// - Parameters:
    ///   - method: the RPC's full name.
    ///   - request: its serialised message without `request_id`.
    ///   - instant: now, in microseconds since 1970-01-01T00:00:00Z.
    public func lookup(
        _ key: RequestKey, method: String, request: [UInt8], at instant: Int64
    ) throws -> RequestOutcome {
        let hour = bucket(instant)
        let row = try transaction.first(
            """
            SELECT fingerprint, resource, revision FROM storage_request
            WHERE hour IN (\(Self.placeholders)) AND key = ? AND at > ?
            """,
            (0...Self.hours).map { .integer(hour - $0) }
                + [.blob(digest(key)), .integer(instant - Self.hours * Self.hour)])
        guard let row else { return .new }
        guard try row.blob(0) == fingerprint(method, request) else { return .reused }
        return .replay(resource: try row.text(1), revision: try row.int64(2))
    }

    /// Notes what a new request made, in the transaction that makes it.
    public func record(
        _ key: RequestKey, method: String, request: [UInt8], resource: String, revision: Int64, at instant: Int64
    ) throws {
        try Limits.check(text: resource, "resource name")
        try transaction.execute(
            "INSERT INTO storage_request (hour, key, at, fingerprint, resource, revision) VALUES (?, ?, ?, ?, ?, ?)",
            [
                .integer(bucket(instant)), .blob(digest(key)), .integer(instant), .blob(fingerprint(method, request)),
                .text(resource), .integer(revision),
            ])
    }

    /// Forgets requests of hours that no look-up asks any more, at most `limit` of them, and returns how many.
    @discardableResult
    public func purge(at instant: Int64, limit: Int = 1000) throws -> Int {
        try Limits.check(rows: limit)
        return try transaction.execute(
            """
            DELETE FROM storage_request WHERE rowid IN (
                SELECT rowid FROM storage_request WHERE hour < ? ORDER BY hour LIMIT ?
            )
            """, [.integer(bucket(instant) - Self.hours), Value(limit)])
    }

    private static let placeholders = Array(repeating: "?", count: Int(hours) + 1).joined(separator: ", ")

    /// Rounds down also before 1970.
    private func bucket(_ instant: Int64) -> Int64 {
        instant >= 0 ? instant / Self.hour : (instant + 1) / Self.hour - 1
    }

    /// 16 bytes stand for organisation, caller and id: the table names nobody.
    private func digest(_ key: RequestKey) -> [UInt8] {
        Array(hash(["request", "\(key.organization)", key.caller].map { Array($0.utf8) } + [key.id.bytes]).prefix(16))
    }

    private func fingerprint(_ method: String, _ request: [UInt8]) -> [UInt8] {
        hash([Array("body".utf8), Array(method.utf8), request])
    }

    /// Each part is preceded by its length, so that no two lists of parts read alike.
    private func hash(_ parts: [[UInt8]]) -> [UInt8] {
        var hash = SHA256()
        hash.update(data: transaction.identity.secret)
        for part in parts {
            hash.update(data: (0..<8).map { UInt8(truncatingIfNeeded: part.count >> ($0 * 8)) })
            hash.update(data: part)
        }
        return Array(hash.finalize())
    }
}

extension Transaction {
    public var idempotency: Idempotency { Idempotency(transaction: self) }
}
