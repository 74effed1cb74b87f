internal import Crypto

/// Messages of an encrypted table: 0, the format's number, then what AES-GCM made of the message with its place
/// authenticated. No message in clear begins with 0, since no field has that number; one in clear is read as it is.
private enum EncryptedBody {
    static let mark: [UInt8] = [0, 1]
}

extension ResourceTable {
    /// The message as it is stored.
    func sealed(_ resource: ResourceRow, in transaction: Transaction) throws -> [UInt8] {
        guard isEncrypted else { return resource.body }
        let key = try transaction.makeScopeKey(resource.organization, keyScope(of: resource.parent))
        return try EncryptedBody.mark + Keyring.seal(resource.body, with: key, for: place(of: resource))
    }

    fileprivate func place(of resource: ResourceRow) -> [UInt8] {
        ScopeKeys.place(Key.text(name), resource.organization, resource.parent, resource.id)
    }

    /// Destroys the key of a parent: what it has encrypted, in all tables of its kind, can never be read again, from no copy
    /// that is made from now on.
    /// - Returns: false when there was none.
    @discardableResult
    public func shredKey(_ organization: Key, _ parent: Key, in transaction: Transaction) throws -> Bool {
        try transaction.execute(
            "DELETE FROM storage_key WHERE organization = ? AND scope = ?",
            [.key(organization), .key(keyScope(of: parent))]) > 0
    }

    /// Encrypts what was stored in clear, by a program before the table was encrypted. Once nothing is left, no later call
    /// looks again.
    /// - Returns: how many; at most `limit` a call.
    public func encryptRows(limit: Int = 500, in transaction: Transaction) throws -> Int {
        guard isEncrypted,
            try transaction.first("SELECT 1 FROM storage_encrypted WHERE name = ?", [.text(name)]) == nil
        else { return 0 }
        let rows = try transaction.query(
            """
            SELECT organization, parent, id, body FROM \(name)
            WHERE length(body) > 0 AND substr(body, 1, 1) <> x'00' LIMIT ?
            """, [Value(limit)])
        if rows.isEmpty {
            try transaction.execute("INSERT INTO storage_encrypted (name) VALUES (?)", [.text(name)])
        }
        for row in rows {
            let resource = ResourceRow(
                organization: try row.key(0), parent: try row.key(1), id: try row.key(2), body: try row.blob(3))
            try transaction.execute(
                "UPDATE \(name) SET body = ? WHERE organization = ? AND parent = ? AND id = ?",
                [
                    .blob(try sealed(resource, in: transaction)), .key(resource.organization), .key(resource.parent),
                    .key(resource.id),
                ])
        }
        return rows.count
    }
}

/// Opens the messages of one table, one after another; neighbours of one parent share its key.
struct BodyOpener {
    private let table: ResourceTable
    private let snapshot: Snapshot
    private var known: (organization: Key, parent: Key, key: SymmetricKey?)?

    init(_ table: ResourceTable, _ snapshot: Snapshot) {
        self.table = table
        self.snapshot = snapshot
    }

    /// - Returns: nil for what was encrypted with a key that has been destroyed: it is not there any more.
    /// - Throws: `StorageError.keyring` when the keyring is not the right one.
    mutating func open(_ row: ResourceRow) throws -> ResourceRow? {
        guard row.body.first == EncryptedBody.mark[0] else { return row }
        guard row.body.starts(with: EncryptedBody.mark) else {
            throw StorageError.keyring("\(table.name) holds what a newer program has encrypted")
        }
        guard let key = try key(row.organization, row.parent) else { return nil }
        var row = row
        row.body = try Keyring.open(
            Array(row.body.dropFirst(EncryptedBody.mark.count)), with: key, for: table.place(of: row))
        return row
    }

    private mutating func key(_ organization: Key, _ parent: Key) throws -> SymmetricKey? {
        if let known, known.organization == organization, known.parent == parent { return known.key }
        let key = try snapshot.scopeKey(organization, table.keyScope(of: parent))
        known = (organization, parent, key)
        return key
    }
}
