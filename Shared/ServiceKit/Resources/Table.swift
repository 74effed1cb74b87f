import Storage

/// The stored resources of one type: messages as bytes, beside the columns that they are found by.
public struct Table<R: Resource>: Sendable {
    let storage: ResourceTable
    /// The collections of a name, for example organizations, relationships, goals.
    let collections: [String]
    let state: @Sendable (R) -> Int32

    /// Whether what these resources belong to exists; nil where a look at the relationship tells.
    let parentExists: (@Sendable (String, Snapshot) throws -> Bool)?

    /// - Parameters:
    ///   - parent: the table of what they belong to, when that is no relationship or organisation: a list below a
    ///     parent that does not exist is refused (docs/domain.md rule 33).
    ///   - state: the indexed state column.
    public init<Parent: Resource>(
        _ sqlName: String, collections: [String], below parent: Table<Parent>,
        state: @escaping @Sendable (R) -> Int32 = { _ in 0 }
    ) {
        self.init(
            sqlName, collections: collections, state: state, isEncrypted: false,
            parentExists: { try parent.find($0, in: $1) != nil })
    }

    /// - Parameters:
    ///   - state: the indexed state column.
    ///   - isEncrypted: for what only the people of a relationship may read: the operator of the database cannot
    ///     (docs/domain.md §6.8). The key is that of their parent, a relationship or a person.
    public init(
        _ sqlName: String, collections: [String], state: @escaping @Sendable (R) -> Int32 = { _ in 0 },
        isEncrypted: Bool = false
    ) {
        self.init(sqlName, collections: collections, state: state, isEncrypted: isEncrypted, parentExists: nil)
    }

    private init(
        _ sqlName: String, collections: [String], state: @escaping @Sendable (R) -> Int32, isEncrypted: Bool,
        parentExists: (@Sendable (String, Snapshot) throws -> Bool)?
    ) {
        let parent = collections.dropLast().last ?? ""
        storage = ResourceTable(
            sqlName, isEncrypted: isEncrypted, keyKind: parent == "relationships" ? "" : parent)
        self.parentExists = parentExists
        self.collections = collections
        self.state = state
    }

    /// What a migration runs to make the table.
    public var statements: [String] { storage.statements }

    /// Encrypts what was stored before the table was encrypted, some rows a call.
    /// - Returns: how many.
    public func encryptRows(in transaction: Transaction) throws -> Int {
        try storage.encryptRows(in: transaction)
    }

    /// Destroys the key that what lies below a parent was encrypted with, in every encrypted table of such parents.
    public func shredKey(of parent: ResourceName, in transaction: Transaction) throws {
        try storage.shredKey(parent.organizationKey, parent.asParentKey, in: transaction)
    }

    /// What a request about these resources names: one of them, or what they belong to.
    /// - Throws: `Refusal` INVALID_ARGUMENT, BAD_NAME.
    func check(nameOrParent name: String) throws {
        guard (try? ResourceName(name, collections)) == nil else { return }
        _ = try ResourceName(name, Array(collections.dropLast()))
    }

    /// Whether a name has the form of these resources' names.
    func names(_ name: String) -> Bool { (try? ResourceName(name, collections)) != nil }

    /// - Throws: `Refusal` INVALID_ARGUMENT, BAD_NAME.
    public func find(_ name: String, in snapshot: Snapshot) throws -> R? {
        guard let resource = try row(name, in: snapshot).map(resource) else { return nil }
        // The key holds the nearest parent alone: a name with another grandparent is another resource.
        return resource.name == name ? resource : nil
    }

    func row(_ name: String, in snapshot: Snapshot) throws -> ResourceRow? {
        let name = try ResourceName(name, collections)
        return try storage.get(name.organizationKey, name.parentKey, name.idKey, in: snapshot)
    }

    /// For what no request changes: what an event of another service or a delivery brings about.
    public func insert(_ resource: R, in transaction: Transaction) throws -> R {
        try storage.insert(try stored(resource, revision: 0), in: transaction)
        var resource = resource
        resource.etag = Table.etag(1)
        return resource
    }

    /// - Parameter resource: as read in this transaction, with its etag.
    public func update(_ resource: R, in transaction: Transaction) throws -> R {
        guard let revision = Table.revision(resource.etag) else { throw Refusal.invalid("etag", "is not one of ours") }
        var resource = resource
        do {
            resource.etag = Table.etag(try storage.put(try stored(resource, revision: revision), in: transaction))
        } catch StorageError.revisionMismatch {
            throw Refusal.etagMismatch
        }
        return resource
    }

    /// Takes it out for good.
    public func remove(_ name: String, in transaction: Transaction) throws {
        let name = try ResourceName(name, collections)
        try storage.delete(name.organizationKey, name.parentKey, name.idKey, in: transaction)
    }

    /// In order of creation, below one parent.
    public func list(parent: ResourceName, after id: String?, limit: Int, in snapshot: Snapshot) throws -> [R] {
        try rows(parent: parent, after: id, limit: limit, in: snapshot).map(resource).filter { isChild($0, of: parent) }
    }

    func rows(parent: ResourceName, after id: String?, limit: Int, in snapshot: Snapshot) throws -> [ResourceRow] {
        try storage.list(
            parent.organizationKey, parent.asParentKey, after: id.map(ResourceName.key), limit: limit, in: snapshot)
    }

    /// Those that were created last, in order of creation, below one parent.
    public func latest(parent: ResourceName, limit: Int, in snapshot: Snapshot) throws -> [R] {
        try storage.latest(parent.organizationKey, parent.asParentKey, limit: limit, in: snapshot)
            .reversed().map(resource).filter { isChild($0, of: parent) }
    }

    /// In order of creation, of one state.
    public func list(parent: ResourceName, state: Int32, limit: Int, in snapshot: Snapshot) throws -> [R] {
        try storage.list(
            parent.organizationKey, parent.asParentKey, state: Int64(state), after: nil, limit: limit, in: snapshot
        ).map(resource).filter { isChild($0, of: parent) }
    }

    /// The key holds the nearest parent alone: below another grandparent there are other resources.
    func isChild(_ resource: R, of parent: ResourceName) -> Bool {
        resource.name.hasPrefix("\(parent)/")
    }

    /// All of them: for filling a memory at start.
    public func each(in snapshot: Snapshot, _ body: (R) throws -> Void) throws {
        try storage.each(in: snapshot) { try body(resource(from: $0)) }
    }

    private func stored(_ resource: R, revision: Int64) throws -> ResourceRow {
        let name = try ResourceName(resource.name, collections)
        var bare = resource
        bare.etag = ""
        return ResourceRow(
            organization: name.organizationKey, parent: name.parentKey, id: name.idKey, revision: revision,
            state: Int64(state(resource)), body: bare.serialized())
    }

    func resource(from stored: ResourceRow) throws -> R {
        var resource = try R(serialized: stored.body)
        resource.etag = Table.etag(stored.revision)
        return resource
    }

    static func etag(_ revision: Int64) -> String { "\"\(revision)\"" }

    static func revision(_ etag: String) -> Int64? {
        etag.count > 2 && etag.hasPrefix("\"") && etag.hasSuffix("\"") ? Int64(etag.dropFirst().dropLast()) : nil
    }
}

extension ResourceName {
    /// UUIDs are stored as 16 bytes, which ascend with time; ids that people chose as text.
    static func key(_ id: String) -> Key {
        Identifier(id).map { .id($0) } ?? .text(id)
    }

    var organizationKey: Key { .text(organization) }
    var idKey: Key { ResourceName.key(id) }
    var parentKey: Key { parent.asParentKey }
    /// Children of an organisation lie at the root.
    var asParentKey: Key { text == organization ? .root : idKey }
}
