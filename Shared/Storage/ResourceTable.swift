/// One stored resource: its place, its revision and its serialised message.
public struct ResourceRow: Sendable, Hashable {
    public var organization: Key
    /// What it belongs to, such as its relationship; `.root` directly under the organisation.
    public var parent: Key
    public var id: Key
    /// 1 after `insert`, one more after each `put`. Give `put` the revision that was read.
    public var revision: Int64
    /// The state machine's state, so that lists by state need not open the message.
    public var state: Int64
    /// One value for each sort column of the table, in their order.
    public var sort: [Value]
    /// At most `Limits.payload` bytes.
    public var body: [UInt8]

    public init(
        organization: Key, parent: Key = .root, id: Key, revision: Int64 = 0, state: Int64 = 0, sort: [Value] = [],
        body: [UInt8]
    ) {
        self.organization = organization
        self.parent = parent
        self.id = id
        self.revision = revision
        self.state = state
        self.sort = sort
        self.body = body
    }
}

/// Where a sorted list goes on: the last resource's value in the sorted column, and its place.
public struct SortedPosition: Sendable, Hashable {
    public var value: Value
    public var parent: Key
    public var id: Key

    public init(value: Value, parent: Key, id: Key) {
        self.value = value
        self.parent = parent
        self.id = id
    }
}

/// A table of resources of one type. Storage does not look into their messages.
///
/// The organisation comes first in every key, so a list cannot cross into another's rows. It is a rowid table: rows are
/// appended in the order of their creation, and with UUIDv7 ids the index grows at its end as well.
public struct ResourceTable: Sendable {
    public struct SortColumn: Sendable, Hashable {
        public let name: String
        /// Without an index the column is only stored, for SQL of the service's own.
        public let indexed: Bool

        public init(_ name: String, indexed: Bool = true) {
            self.name = name
            self.indexed = indexed
        }
    }

    public let name: String
    public let sortColumns: [SortColumn]
    /// Whether messages are encrypted at rest, each with the key of its organisation and parent.
    public let isEncrypted: Bool
    /// What kind of parent the keys are of.
    private let keyKind: String
    private let selection: String
    private let selectionByKey: String
    private let insertion: String
    private let replacement: String

    /// - Parameters:
    ///   - name: lower-case letters, digits and underscores; not beginning with `storage_` or `sqlite_`.
    ///   - sortColumns: values beside the message that lists sort by.
    ///   - isEncrypted: for messages that the operator of the database must not read. What was stored before stays readable.
    ///   - keyKind: what kind of parent they belong to: parents of two kinds that happen to have one id have two keys, so that
    ///     nobody who chooses an id destroys what is another's. Empty for the kind that most tables belong to.
    public init(_ name: String, sortColumns: [SortColumn] = [], isEncrypted: Bool = false, keyKind: String = "") {
        for identifier in [name] + sortColumns.map(\.name) {
            precondition(
                identifier.wholeMatch(of: /[a-z][a-z0-9_]{0,59}/) != nil && !identifier.hasPrefix("storage_")
                    && !identifier.hasPrefix("sqlite_"), "“\(identifier)” cannot name a table or column")
        }
        self.name = name
        self.sortColumns = sortColumns
        self.isEncrypted = isEncrypted
        self.keyKind = keyKind
        let sorts = sortColumns.map { ", \($0.name)" }.joined()
        selection = "SELECT organization, parent, id, revision, state, body\(sorts) FROM \(name)"
        selectionByKey =
            "SELECT revision, state, body\(sorts) FROM \(name) WHERE organization = ? AND parent = ? AND id = ?"
        insertion = """
            INSERT INTO \(name) (organization, parent, id, revision, state, body\(sorts))
            VALUES (?, ?, ?, 1, ?, ?\(String(repeating: ", ?", count: sortColumns.count))) ON CONFLICT DO NOTHING
            """
        let assignments = sortColumns.map { ", \($0.name) = ?" }.joined()
        replacement = """
            UPDATE \(name) SET revision = revision + 1, state = ?, body = ?\(assignments)
            WHERE organization = ? AND parent = ? AND id = ? AND revision = ?
            """
    }

    /// The scope of the key that what belongs to a parent is encrypted with.
    func keyScope(of parent: Key) -> Key { keyKind.isEmpty ? parent : .text("\(keyKind)/\(parent)") }

    /// For the service's migration. Columns: organization, parent, id, revision, state, body and the sort columns.
    public var statements: [String] {
        let sorts = sortColumns.map { "\($0.name) ANY, " }.joined()
        return [
            """
            CREATE TABLE \(name) (
                organization ANY NOT NULL, parent ANY NOT NULL, id ANY NOT NULL, revision INTEGER NOT NULL,
                state INTEGER NOT NULL, \(sorts)body BLOB NOT NULL,
                UNIQUE (organization, parent, id)
            ) STRICT
            """,
            "CREATE INDEX \(name)_by_state ON \(name) (organization, parent, state, id)",
        ]
            + sortColumns.filter(\.indexed).map {
                "CREATE INDEX \(name)_by_\($0.name) ON \(name) (organization, \($0.name), parent, id)"
            }
    }

    public func get(_ organization: Key, _ parent: Key, _ id: Key, in snapshot: Snapshot) throws -> ResourceRow? {
        try snapshot.first(selectionByKey, [.key(organization), .key(parent), .key(id)]).flatMap { row in
            let resource = ResourceRow(
                organization: organization, parent: parent, id: id, revision: try row.int64(0),
                state: try row.int64(1), sort: Array(row.values.dropFirst(3)), body: try row.blob(2))
            guard isEncrypted else { return resource }
            var opener = BodyOpener(self, snapshot)
            return try opener.open(resource)
        }
    }

    /// Stores a new resource with revision 1, whatever `revision` says.
    /// - Throws: `StorageError.alreadyExists`.
    public func insert(_ resource: ResourceRow, in transaction: Transaction) throws {
        try check(resource)
        let inserted = try transaction.execute(
            insertion,
            [
                .key(resource.organization), .key(resource.parent), .key(resource.id), .integer(resource.state),
                .blob(try sealed(resource, in: transaction)),
            ] + resource.sort)
        guard inserted == 1 else { throw StorageError.alreadyExists }
    }

    /// Replaces state, sort values and message of the resource if it still has `resource.revision`.
    /// - Returns: its new revision.
    /// - Throws: `StorageError.notFound`, or `.revisionMismatch` with the stored revision.
    @discardableResult
    public func put(_ resource: ResourceRow, in transaction: Transaction) throws -> Int64 {
        try check(resource)
        let place: [Value] = [.key(resource.organization), .key(resource.parent), .key(resource.id)]
        let replaced = try transaction.execute(
            replacement,
            [.integer(resource.state), .blob(try sealed(resource, in: transaction))] + resource.sort + place + [
                .integer(resource.revision)
            ])
        guard replaced == 0 else { return resource.revision + 1 }
        let stored = try transaction.first(
            "SELECT revision FROM \(name) WHERE organization = ? AND parent = ? AND id = ?", place)
        guard let stored else { throw StorageError.notFound }
        throw StorageError.revisionMismatch(stored: try stored.int64(0))
    }

    /// False when there is none.
    @discardableResult
    public func delete(_ organization: Key, _ parent: Key, _ id: Key, in transaction: Transaction) throws -> Bool {
        try transaction.execute(
            "DELETE FROM \(name) WHERE organization = ? AND parent = ? AND id = ?",
            [.key(organization), .key(parent), .key(id)]) > 0
    }

    /// The children of `parent` in ascending order of id, from behind `after`.
    /// - Parameter limit: 1 to `Limits.rows`.
    public func list(
        _ organization: Key, _ parent: Key, after: Key? = nil, limit: Int, in snapshot: Snapshot
    ) throws -> [ResourceRow] {
        try rows(
            "organization = ? AND parent = ?", [.key(organization), .key(parent)], after: after, limit, in: snapshot)
    }

    /// The children of `parent` with the greatest ids, in descending order.
    /// - Parameter limit: 1 to `Limits.rows`.
    public func latest(
        _ organization: Key, _ parent: Key, limit: Int, in snapshot: Snapshot
    ) throws -> [ResourceRow] {
        try Limits.check(rows: limit)
        return try opened(
            snapshot.query(
                "\(selection) WHERE organization = ? AND parent = ? ORDER BY id DESC LIMIT ?",
                [.key(organization), .key(parent), Value(limit)]),
            in: snapshot)
    }

    /// The children of `parent` in one state, in ascending order of id.
    public func list(
        _ organization: Key, _ parent: Key, state: Int64, after: Key? = nil, limit: Int, in snapshot: Snapshot
    ) throws -> [ResourceRow] {
        try rows(
            "organization = ? AND parent = ? AND state = ?", [.key(organization), .key(parent), .integer(state)],
            after: after, limit, in: snapshot)
    }

    /// An organisation's resources under all parents, ascending by (column, parent, id); those without a value are left
    /// out.
    /// - Parameters:
    ///   - column: an indexed sort column of this table.
    ///   - range: the lowest and highest value to list, both inclusive; nil leaves that end open.
    public func list(
        _ organization: Key, sortedBy column: String, from lowest: Value? = nil, through highest: Value? = nil,
        after: SortedPosition? = nil, limit: Int, in snapshot: Snapshot
    ) throws -> [ResourceRow] {
        try Limits.check(rows: limit)
        guard sortColumns.contains(SortColumn(column)) else {
            throw StorageError.invalid("\(name) has no index on “\(column)”")
        }
        var condition = "organization = ? AND \(column) IS NOT NULL"
        var values: [Value] = [.key(organization)]
        if let lowest {
            condition += " AND \(column) >= ?"
            values.append(lowest)
        }
        if let highest {
            condition += " AND \(column) <= ?"
            values.append(highest)
        }
        if let after {
            condition += " AND (\(column), parent, id) > (?, ?, ?)"
            values += [after.value, .key(after.parent), .key(after.id)]
        }
        return try opened(
            snapshot.query(
                "\(selection) WHERE \(condition) ORDER BY \(column), parent, id LIMIT ?", values + [Value(limit)]),
            in: snapshot)
    }

    /// Every resource of every organisation, in the order of creation: for memory that is filled at start.
    public func each(in snapshot: Snapshot, _ body: (ResourceRow) throws -> Void) throws {
        var opener = BodyOpener(self, snapshot)
        try snapshot.each("\(selection) ORDER BY rowid") { row in
            if let resource = try opener.open(resource(row)) { try body(resource) }
        }
    }

    private func rows(
        _ condition: String, _ values: [Value], after: Key?, _ limit: Int, in snapshot: Snapshot
    ) throws -> [ResourceRow] {
        try Limits.check(rows: limit)
        let start = after.map { (" AND id > ?", [Value.key($0)]) } ?? ("", [])
        return try opened(
            snapshot.query(
                "\(selection) WHERE \(condition)\(start.0) ORDER BY id LIMIT ?", values + start.1 + [Value(limit)]),
            in: snapshot)
    }

    private func opened(_ rows: [Row], in snapshot: Snapshot) throws -> [ResourceRow] {
        guard isEncrypted else { return try rows.map(resource) }
        var opener = BodyOpener(self, snapshot)
        return try rows.compactMap { try opener.open(resource($0)) }
    }

    private func resource(_ row: Row) throws -> ResourceRow {
        ResourceRow(
            organization: try row.key(0), parent: try row.key(1), id: try row.key(2), revision: try row.int64(3),
            state: try row.int64(4), sort: Array(row.values.dropFirst(6)), body: try row.blob(5))
    }

    private func check(_ resource: ResourceRow) throws {
        for key in [resource.organization, resource.parent, resource.id] { try key.check() }
        try Limits.check(payload: resource.body)
        guard resource.sort.count == sortColumns.count else {
            throw StorageError.invalid("\(name) has \(sortColumns.count) sort columns, not \(resource.sort.count)")
        }
    }
}
