import Protobuf
import RPC
import Schema
import Standard
import Storage

/// Who reads, and what of: known to be a party or a service.
public struct Access: Sendable {
    public let caller: Caller
    public let role: Role
    public let relationship: Relationship

    /// - Throws: `Refusal` PERMISSION_DENIED, NOT_PARTY for everybody but the parties and services.
    fileprivate init(of caller: Caller, to relationship: Relationship) throws {
        role = relationship.role(of: caller.person ?? "")
        guard caller.service != nil || role != .other else { throw Refusal.notParty }
        self.caller = caller
        self.relationship = relationship
    }

    private init(_ person: String, _ caller: Caller, _ relationship: Relationship) {
        self.caller = caller
        self.relationship = relationship
        role = relationship.role(of: person)
    }

    /// As one of the two sees it who asks for all of their own data.
    init(of person: String, in relationship: Relationship) {
        self = Access("", Caller(purpose: "coaching"), relationship).seen(by: person)
    }

    /// As one of the two sees it.
    func seen(by person: String) -> Access {
        var caller = caller
        caller.person = person
        caller.service = nil
        return Access(person, caller, relationship)
    }

    /// Through the coachee's eyes, for somebody who is no party.
    fileprivate init(granting caller: Caller, _ relationship: Relationship) {
        self = Access("", caller, relationship).seen(by: relationship.trustor)
    }
}

extension Runtime {
    /// The caller's access to a relationship.
    /// - Throws: `Refusal` PERMISSION_DENIED, NOT_PARTY for everybody but the parties and services.
    public func access(_ context: ServerContext, under name: String) async throws -> Access {
        guard let projection else { return try await read(context, under: name) { _, access in access } }
        let (caller, pair) = try neighbour(context, under: name)
        return try Access(of: caller, to: try await projection.find(pair.text))
    }

    /// The caller, of the same organisation as the relationship.
    private func neighbour(_ context: ServerContext, under name: String) throws -> (Caller, ResourceName) {
        let caller = try context.caller
        let pair = try ResourceName.relationship(of: name)
        guard caller.belongs(to: pair.organization) else { throw Refusal.notParty }
        try requirePresent(caller)
        return (caller, pair)
    }

    /// Reads from one snapshot; where relationships are the service's own, access is decided in it too.
    public func read<T: Sendable>(
        _ context: ServerContext, under name: String, _ body: @Sendable @escaping (Snapshot, Access) throws -> T
    ) async throws -> T {
        guard projection == nil else {
            let access = try await access(context, under: name)
            return try await database.read { try body($0, access) }
        }
        let (caller, pair) = try neighbour(context, under: name)
        return try await database.read { [source] snapshot in
            guard let relationship = try source.relationship(pair.text, in: snapshot) else { throw Refusal.notParty }
            return try body(snapshot, try Access(of: caller, to: relationship))
        }
    }

    /// To the parties and services, and to whoever was granted it: what is shared as the coachee sees it, what is sealed in
    /// a break-glass case.
    ///
    /// - Throws: `Refusal` NOT_FOUND for what does not exist or is not visible.
    public func get<R: Resource>(
        _ context: ServerContext, _ table: Table<R>, _ name: String,
        visible: @Sendable @escaping (R, Access) -> Bool = { _, _ in true }
    ) async throws -> R {
        let (resource, access, grant) = try await readGranted(context, under: name, named: name) {
            snapshot, access, grant in
            guard let resource = try table.find(name, in: snapshot), visible(resource, access),
                grant.map({ ($0.right == .breakGlass) == resource.isSealed }) ?? true
            else { throw grant == nil ? Refusal.notFound(name) : Refusal.notParty }
            return (resource, access, grant)
        }
        try await note([resource], readBy: access, grant)
        return resource
    }

    /// As `read`, also for somebody who is no party and has a grant.
    /// - Parameters:
    ///   - name: the item that the grant must be for, or the relationship.
    ///   - granting: whether there can be a grant.
    private func readGranted<T: Sendable>(
        _ context: ServerContext, under scope: String, named name: String, if granting: Bool = true,
        _ body: @Sendable @escaping (Snapshot, Access, ViewingGrant?) throws -> T
    ) async throws -> T {
        do {
            return try await read(context, under: scope) { try body($0, $1, nil) }
        } catch let refusal as Refusal where refusal == .notParty && granting {
            let (caller, pair) = try neighbour(context, under: scope)
            guard let grant = try await grant(caller, of: name) else { throw refusal }
            let known = try await projection?.find(pair.text)
            return try await database.read { [source] snapshot in
                guard let relationship = try known ?? source.relationship(pair.text, in: snapshot) else {
                    throw refusal
                }
                return try body(snapshot, Access(granting: caller, relationship), grant)
            }
        }
    }

    /// One page of what lies below a parent (docs/domain.md §6.0). To somebody who is no party a break-glass case opens what
    /// is sealed.
    /// - Parameter hidden: fields that the request's filter and order must not name, since not everybody sees them.
    public func list<R: Resource>(
        _ context: ServerContext, _ table: Table<R>, _ request: some ListRequest, hiding hidden: Set<String> = [],
        visible: @Sendable @escaping (R, Access) -> Bool = { _, _ in true }
    ) async throws -> (items: [R], nextPageToken: String) {
        let parent = try ResourceName(request.parent, table.collections.dropLast())
        let (page, access, grant) = try await readGranted(
            context, under: request.parent, named: request.parent, if: !R.sealedTexts.isEmpty
        ) { [pageTokens] snapshot, access, grant in
            // After the check of access: who may not see the list learns nothing of its arguments (AIP-211).
            let listing = try Listing<R>(request, of: context.method, sealer: pageTokens, hiding: hidden)
            if let exists = table.parentExists, try !exists(parent.text, snapshot) {
                throw Refusal.notFound(parent.text)
            }
            let isSearch = !R.sealedTexts.isEmpty && listing.names(R.sealedTexts, request)
            let page = try listing.page(of: table) { after, limit in
                try table.rows(parent: parent, after: after, limit: limit, in: snapshot)
            } where: { resource in
                table.isChild(resource, of: parent) && visible(resource, access)
                    && (resource.isSealed ? !isSearch : grant == nil)
            }
            return (page, access, grant)
        }
        try await note(page.items, readBy: access, grant)
        return page
    }

    /// One page of rows that are no resource table.
    ///
    /// - Parameters:
    ///   - arguments: what the list depends on besides its parent: a page token is good for the same ones only.
    ///   - read: up to `limit` items after a position that it gave itself, each with its own; nil begins.
    public func page<Item: Sendable>(
        _ context: ServerContext, under parent: String, pageSize: Int32, pageToken: String, arguments: [String] = [],
        _ read:
            @Sendable @escaping (
                Snapshot, Access, _ after: String?, _ limit: Int
            ) throws -> [(item: Item, position: String)]
    ) async throws -> (items: [Item], nextPageToken: String) {
        try await self.read(context, under: parent) { [pageTokens] snapshot, access in
            let paging = try Paging(
                size: pageSize, token: pageToken, of: [context.method, parent] + arguments, sealer: pageTokens)
            return try paging.fill { try read(snapshot, access, $0, $1) }
        }
    }

    /// One page of what lies below an organisation or what belongs to it; the caller has decided who may see what.
    public func page<R: Resource>(
        _ context: ServerContext, _ table: Table<R>, _ request: some ListRequest, hiding hidden: Set<String> = [],
        visible: @Sendable @escaping (R) -> Bool = { _ in true }
    ) async throws -> (items: [R], nextPageToken: String) {
        let parent = try ResourceName(request.parent, table.collections.dropLast())
        let listing = try Listing<R>(request, of: context.method, sealer: pageTokens, hiding: hidden)
        return try await database.read { snapshot in
            if let exists = table.parentExists, try !exists(parent.text, snapshot) {
                throw Refusal.notFound(parent.text)
            }
            return try listing.page(of: table) { after, limit in
                try table.rows(parent: parent, after: after, limit: limit, in: snapshot)
            } where: {
                table.isChild($0, of: parent) && visible($0)
            }
        }
    }

    /// One page of resources that an index of the service's own finds, such as a person's relationships.
    /// - Parameter rows: up to `limit` names behind an id, in ascending order of their ids; nil begins.
    public func page<R: Resource>(
        _ context: ServerContext, _ table: Table<R>, _ request: some ListRequest, hiding hidden: Set<String> = [],
        names: @Sendable @escaping (Snapshot, _ after: String?, _ limit: Int) throws -> [String]
    ) async throws -> (items: [R], nextPageToken: String) {
        let listing = try Listing<R>(request, of: context.method, sealer: pageTokens, hiding: hidden)
        return try await database.read { snapshot in
            try listing.page(of: table) { after, limit in
                try names(snapshot, after, limit).map { name in
                    guard let row = try table.row(name, in: snapshot) else { throw StorageError.notFound }
                    return row
                }
            } where: { _ in
                true
            }
        }
    }

    /// One page of messages that are no resources in a table; the caller has decided who may see what. Filter and order are
    /// those of resources (docs/domain.md §6.0).
    ///
    /// - Parameter read: up to `limit` items after a position that it gave itself, each with its own; nil begins.
    public func page<Item: Message & Sendable>(
        _ context: ServerContext, _ request: some ListRequest,
        _ read: @Sendable @escaping (Snapshot, _ after: String?, _ limit: Int) throws -> [(Item, position: String)]
    ) async throws -> (items: [Item], nextPageToken: String) {
        let listing = try Listing<Item>(request, of: context.method, sealer: pageTokens)
        return try await database.read { snapshot in
            try listing.page { after, limit in
                try read(snapshot, after, limit).map { item, position in
                    Listing<Item>.Row(position: position, bytes: { item.serialized() }) { item }
                }
            }
        }
    }
}
