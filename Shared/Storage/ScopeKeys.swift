internal import Crypto

/// One key for what belongs together, such as all that one relationship has written. It lies in the database, wrapped by
/// the keyring; without it, what it has encrypted is noise.
enum ScopeKeys {
    static let statements = [
        """
        CREATE TABLE storage_key (
            organization ANY NOT NULL, scope ANY NOT NULL, keyring TEXT NOT NULL, wrapped BLOB NOT NULL,
            PRIMARY KEY (organization, scope)
        ) STRICT
        """
    ]

    /// Tables that hold nothing in clear: what is looked for once need not be looked for at each start.
    static let encryptedStatements = [
        "CREATE TABLE storage_encrypted (name TEXT PRIMARY KEY NOT NULL) STRICT"
    ]

    static func place(_ words: Key...) -> [UInt8] {
        words.flatMap { key -> [UInt8] in
            let bytes = Array("\(key)".utf8)
            return [UInt8(truncatingIfNeeded: bytes.count >> 8), UInt8(truncatingIfNeeded: bytes.count)] + bytes
        }
    }
}

extension Snapshot {
    /// Nil where there is none, or none any more.
    func scopeKey(_ organization: Key, _ scope: Key) throws -> SymmetricKey? {
        guard
            let row = try first(
                "SELECT keyring, wrapped FROM storage_key WHERE organization = ? AND scope = ?",
                [.key(organization), .key(scope)])
        else { return nil }
        return try keyring.unwrap(
            row.blob(1), by: row.text(0), for: ScopeKeys.place(organization, scope))
    }

    /// Opens one key, so that a wrong keyring is noticed at the start and not by whoever reads first.
    /// - Throws: `StorageError.keyring`.
    public func checkKeyring() throws {
        guard let row = try first("SELECT organization, scope FROM storage_key LIMIT 1") else { return }
        _ = try scopeKey(row.key(0), row.key(1))
    }

    /// - Throws: `StorageError.keyring` without one.
    var keyring: Keyring {
        get throws {
            guard let keyring = identity.keyring else {
                throw StorageError.keyring("the database was opened without a keyring")
            }
            return keyring
        }
    }
}

extension Transaction {
    func makeScopeKey(_ organization: Key, _ scope: Key) throws -> SymmetricKey {
        if let key = try scopeKey(organization, scope) { return key }
        let key = SymmetricKey(size: .bits256)
        let wrapped = try keyring.wrap(key, for: ScopeKeys.place(organization, scope))
        try execute(
            "INSERT INTO storage_key (organization, scope, keyring, wrapped) VALUES (?, ?, ?, ?)",
            [.key(organization), .key(scope), .text(try keyring.current), .blob(wrapped)])
        return key
    }

    /// Wraps keys anew that an older key of the ring has wrapped.
    /// - Returns: how many; at most `limit` a call.
    public func rewrapKeys(limit: Int = 500) throws -> Int {
        let ring = try keyring
        let rows = try query(
            "SELECT organization, scope, keyring, wrapped FROM storage_key WHERE keyring <> ? LIMIT ?",
            [.text(ring.current), Value(limit)])
        for row in rows {
            let (organization, scope) = (try row.key(0), try row.key(1))
            let place = ScopeKeys.place(organization, scope)
            let key = try ring.unwrap(row.blob(3), by: row.text(2), for: place)
            try execute(
                "UPDATE storage_key SET keyring = ?, wrapped = ? WHERE organization = ? AND scope = ?",
                [.text(ring.current), .blob(try ring.wrap(key, for: place)), .key(organization), .key(scope)])
        }
        return rows.count
    }
}
