import RPC
import Schema
import Standard
import Storage

/// Who reads, and what of: known to be a party or a service.
public struct Access: Sendable {
    public let caller: Caller
    public let role: Role
    public let relationship: Relationship
}

extension Runtime {
    /// The caller's access to a relationship.
    /// - Throws: `Refusal` PERMISSION_DENIED, NOT_PARTY for everybody but the parties and services.
    public func access(_ context: ServerContext, under name: String) async throws -> Access {
        let caller = try context.caller
        let pair = try ResourceName.relationship(of: name)
        guard caller.belongs(to: pair.organization) else { throw Refusal.notParty }
        let relationship: Relationship
        if let projection {
            relationship = try await projection.find(pair.text)
        } else if let own = try await database.read({ [source] in try source.relationship(pair.text, in: $0) }) {
            relationship = own
        } else {
            throw Refusal.notParty
        }
        let role = relationship.role(of: caller.person ?? "")
        guard caller.service != nil || role != .other else { throw Refusal.notParty }
        return Access(caller: caller, role: role, relationship: relationship)
    }

    /// Reads from one snapshot.
    public func read<T: Sendable>(
        _ context: ServerContext, under name: String, _ body: @Sendable @escaping (Snapshot, Access) throws -> T
    ) async throws -> T {
        let access = try await access(context, under: name)
        return try await database.read { try body($0, access) }
    }

    /// - Throws: `Refusal` NOT_FOUND for what does not exist or is not visible.
    public func get<R: Resource>(
        _ context: ServerContext, _ table: Table<R>, _ name: String,
        visible: @Sendable @escaping (R, Access) -> Bool = { _, _ in true }
    ) async throws -> R {
        try await read(context, under: name) { snapshot, access in
            guard let resource = try table.find(name, in: snapshot), visible(resource, access) else {
                throw Refusal.notFound(name)
            }
            return resource
        }
    }

    /// One page in order of creation (docs/domain.md §6.0).
    public func list<R: Resource>(
        _ context: ServerContext, _ table: Table<R>, parent: String, pageSize: Int32, pageToken: String,
        visible: @Sendable @escaping (R, Access) -> Bool = { _, _ in true }
    ) async throws -> (items: [R], nextPageToken: String) {
        let parentName = try ResourceName(parent, table.collections.dropLast())
        return try await read(context, under: parent) { [pageTokens] snapshot, access in
            try Page(size: pageSize, token: pageToken, of: "\(context.method) \(parent)", sealer: pageTokens)
                .fill { after, limit in
                    try table.list(parent: parentName, after: after, limit: limit, in: snapshot)
                } where: {
                    visible($0, access)
                }
        }
    }

    /// One page of rows that are no resource table.
    ///
    /// - Parameter read: up to `limit` items after a position that it gave itself, each with its own; nil begins.
    public func page<Item: Sendable>(
        _ context: ServerContext, under parent: String, pageSize: Int32, pageToken: String,
        _ read:
            @Sendable @escaping (
                Snapshot, Access, _ after: String?, _ limit: Int
            ) throws -> [(item: Item, position: String)]
    ) async throws -> (items: [Item], nextPageToken: String) {
        try await self.read(context, under: parent) { [pageTokens] snapshot, access in
            try Page(size: pageSize, token: pageToken, of: "\(context.method) \(parent)", sealer: pageTokens)
                .fill { try read(snapshot, access, $0, $1) }
        }
    }

    /// One page of what lies below an organisation; the caller has decided who may see what.
    public func page<R: Resource>(
        _ context: ServerContext, _ table: Table<R>, organization: String, pageSize: Int32, pageToken: String,
        visible: @Sendable @escaping (R) -> Bool = { _ in true }
    ) async throws -> (items: [R], nextPageToken: String) {
        let parent = try ResourceName(organization, "organizations")
        return try await database.read { [pageTokens] snapshot in
            try Page(size: pageSize, token: pageToken, of: "\(context.method) \(parent)", sealer: pageTokens)
                .fill({ try table.list(parent: parent, after: $0, limit: $1, in: snapshot) }, where: visible)
        }
    }
}

/// Page sizes and tokens of docs/domain.md §6.0.
struct Page {
    static let defaultSize = 50
    static let maximumSize = 500

    private let size: Int
    private let start: String?
    private let arguments: [UInt8]
    private let sealer: PageTokenSealer

    /// - Parameter arguments: everything but size and token: a token is good for the same question only.
    init(size: Int32, token: String, of arguments: String, sealer: PageTokenSealer) throws {
        guard size >= 0 else { throw Refusal.invalid("page_size", "must not be negative") }
        self.size = size == 0 ? Page.defaultSize : min(Int(size), Page.maximumSize)
        self.sealer = sealer
        self.arguments = Array(arguments.utf8)
        do {
            start =
                token.isEmpty ? nil : String(decoding: try sealer.open(token, arguments: self.arguments), as: UTF8.self)
        } catch StorageError.pageToken {
            throw Refusal.invalid(
                "page_token", "is not one of this list; begin again without it", reason: "BAD_PAGE_TOKEN")
        }
    }

    /// Reads on until the page is full or nothing is left.
    func fill<R: Resource>(
        _ read: (_ after: String?, _ limit: Int) throws -> [R], where isVisible: (R) -> Bool
    ) throws -> (items: [R], nextPageToken: String) {
        var items: [R] = []
        var last = start
        while true {
            let batch = try read(last, size + 1)
            for resource in batch {
                if isVisible(resource) {
                    if items.count == size {
                        return (items, try sealer.seal(Array((last ?? "").utf8), arguments: arguments))
                    }
                    items.append(resource)
                }
                last = try lastID(of: resource)
            }
            if batch.count <= size { return (items, "") }
        }
    }

    func fill<Item>(
        _ read: (_ after: String?, _ limit: Int) throws -> [(item: Item, position: String)]
    ) throws -> (items: [Item], nextPageToken: String) {
        let rows = try read(start, size + 1)
        let page = rows.prefix(size)
        guard rows.count > size, let last = page.last else { return (page.map(\.item), "") }
        return (page.map(\.item), try sealer.seal(Array(last.position.utf8), arguments: arguments))
    }

    private func lastID(of resource: some Resource) throws -> String {
        resource.name.split(separator: "/").last.map(String.init) ?? ""
    }
}
