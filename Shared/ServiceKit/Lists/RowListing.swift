import Protobuf
import RPC
import Storage

extension Runtime {
    /// One page of messages that are no resources in a table; the caller has decided who may see what. Filter and order are
    /// those of resources (docs/domain.md §6.0).
    ///
    /// - Parameter read: up to `limit` items after a position that it gave itself, each with its own; nil begins.
    public func page<Item: Message & Sendable>(
        _ context: ServerContext, _ request: some ListRequest,
        _ read: @Sendable @escaping (Snapshot, _ after: String?, _ limit: Int) throws -> [(Item, position: String)]
    ) async throws -> (items: [Item], nextPageToken: String) {
        let listing = try RowListing<Item>(request, of: context.method, sealer: pageTokens)
        return try await database.read { snapshot in try listing.page { try read(snapshot, $0, $1) } }
    }
}

/// `Listing` for what is no resource table.
struct RowListing<Item: Message> {
    /// Rows that are looked at for one page, or sorted.
    static var scanLimit: Int { 10_000 }
    private static var batch: Int { 500 }

    private let paging: Paging
    private let filter: Filter?
    private let ordering: Ordering?

    /// - Throws: `Refusal` INVALID_ARGUMENT for whatever cannot be understood.
    init(_ request: some ListRequest, of method: String, sealer: PageTokenSealer) throws {
        filter = request.filter.isEmpty ? nil : try Filter(request.filter, of: Item.fullName)
        ordering = request.orderBy.isEmpty ? nil : try Ordering(request.orderBy, of: Item.fullName)
        paging = try Paging(
            size: request.pageSize, token: request.pageToken,
            of: [method, request.parent, request.filter, request.orderBy], sealer: sealer)
    }

    func page(
        _ read: (_ after: String?, _ limit: Int) throws -> [(Item, position: String)]
    ) throws -> (items: [Item], nextPageToken: String) {
        try ordering.map { try sorted(by: $0, read) } ?? inOrder(read)
    }

    private func inOrder(
        _ read: (String?, Int) throws -> [(Item, position: String)]
    ) throws -> (items: [Item], nextPageToken: String) {
        var items: [Item] = []
        var last = paging.start.map { String(decoding: $0, as: UTF8.self) }
        var scanned = 0
        let limit = filter == nil ? paging.size + 1 : Self.batch
        while true {
            let rows = try read(last, limit)
            for (item, position) in rows {
                if try filter?.passes(item.serialized()) ?? true {
                    if items.count == paging.size { return (items, try paging.token(Array((last ?? "").utf8))) }
                    items.append(item)
                }
                last = position
            }
            scanned += rows.count
            if rows.count < limit { return (items, "") }
            if scanned >= Self.scanLimit { return (items, try paging.token(Array((last ?? "").utf8))) }
        }
    }

    private func sorted(
        by ordering: Ordering, _ read: (String?, Int) throws -> [(Item, position: String)]
    ) throws -> (items: [Item], nextPageToken: String) {
        let start = try paging.start.map { bytes in
            guard let place = Ordering.Place(bytes) else { throw Paging.badToken }
            return place
        }
        var found: [(place: Ordering.Place, item: Item)] = []
        var last: String?
        var scanned = 0
        while true {
            let rows = try read(last, Self.batch)
            scanned += rows.count
            guard scanned <= Self.scanLimit else {
                throw Ordering.refusal("more than \(Self.scanLimit) entries would have to be sorted")
            }
            for (item, position) in rows {
                last = position
                let bytes = item.serialized()
                guard try filter?.passes(bytes) ?? true else { continue }
                let place = try ordering.place(of: bytes, id: position)
                if start.map({ ordering.precedes($0, place) }) ?? true { found.append((place, item)) }
            }
            if rows.count < Self.batch { break }
        }
        found.sort { ordering.precedes($0.place, $1.place) }
        let page = found.prefix(paging.size)
        guard found.count > paging.size, let end = page.last else { return (page.map(\.item), "") }
        return (page.map(\.item), try paging.token(end.place.bytes))
    }
}
