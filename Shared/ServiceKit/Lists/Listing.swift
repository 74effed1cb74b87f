import Protobuf
import RPC
import Storage

/// One page of messages: what a list request asks for, applied to rows in an order of their own.
struct Listing<Item: Message> {
    /// Rows that are looked at for one page. A filter that few pass gives short pages with a token, never a long wait
    /// (AIP-158); an order must see all rows, so it is refused above this.
    static var scanLimit: Int { 10_000 }
    private static var batch: Int { 500 }

    /// A row as it was read, and where it stands.
    struct Row {
        var position: String
        /// The message as it is stored, for filter and order.
        var bytes: () throws -> [UInt8]
        /// The message, or nil where the caller does not see it.
        var item: () throws -> Item?
    }

    private let paging: Paging
    private let filter: Filter?
    private let ordering: Ordering?
    /// What was deleted and is still kept is wanted as well.
    let showsDeleted: Bool

    /// - Parameter hidden: fields that neither filter nor order may name.
    /// - Throws: `Refusal` INVALID_ARGUMENT for whatever cannot be understood.
    init(_ request: some ListRequest, of method: String, sealer: PageTokenSealer, hiding hidden: Set<String> = [])
        throws
    {
        filter = request.filter.isEmpty ? nil : try Filter(request.filter, of: Item.fullName, hiding: hidden)
        ordering = request.orderBy.isEmpty ? nil : try Ordering(request.orderBy, of: Item.fullName, hiding: hidden)
        showsDeleted = request.showDeleted
        paging = try Paging(
            size: request.pageSize, token: request.pageToken,
            of: [method, request.parent, request.filter, request.orderBy, request.showDeleted ? "deleted" : ""],
            sealer: sealer)
    }

    /// Whether the request, which is well-formed, filters or orders by one of these fields.
    func names(_ fields: Set<String>, _ request: some ListRequest) -> Bool {
        let filters = filter != nil && (try? Filter(request.filter, of: Item.fullName, hiding: fields)) == nil
        return filters || ordering?.fields.contains { fields.contains($0.name) } ?? false
    }

    /// - Parameter rows: up to `limit` rows behind a position, in their own order; nil begins.
    func page(
        _ rows: (_ after: String?, _ limit: Int) throws -> [Row]
    ) throws -> (items: [Item], nextPageToken: String) {
        try ordering.map { try sorted(by: $0, rows) } ?? inTheirOrder(rows)
    }

    private func inTheirOrder(
        _ rows: (String?, Int) throws -> [Row]
    ) throws -> (items: [Item], nextPageToken: String) {
        var items: [Item] = []
        var last = paging.start.map { String(decoding: $0, as: UTF8.self) }
        var shown = last
        var scanned = 0
        let limit = filter == nil ? paging.size + 1 : max(paging.size + 1, Self.batch)
        while true {
            let batch = try rows(last, limit)
            for row in batch {
                if let item = try item(of: row) {
                    // A token can be read: it names the last that the caller sees, none that is hidden behind it.
                    if items.count == paging.size { return (items, try paging.token(Array((shown ?? "").utf8))) }
                    items.append(item)
                    shown = row.position
                }
                last = row.position
            }
            scanned += batch.count
            if batch.count < limit { return (items, "") }
            if scanned >= Self.scanLimit { return (items, try paging.token(Array((last ?? "").utf8))) }
        }
    }

    private func sorted(
        by ordering: Ordering, _ rows: (String?, Int) throws -> [Row]
    ) throws -> (items: [Item], nextPageToken: String) {
        let start = try paging.start.map { bytes in
            guard let place = Ordering.Place(bytes) else { throw Paging.badToken }
            return place
        }
        // The page's own and one more, which tells that there is another page.
        var best: [(place: Ordering.Place, item: Item)] = []
        var last: String?
        var scanned = 0
        while true {
            let batch = try rows(last, Self.batch)
            scanned += batch.count
            guard scanned <= Self.scanLimit else {
                throw Ordering.refusal("more than \(Self.scanLimit) entries would have to be sorted")
            }
            for row in batch {
                last = row.position
                let place = try ordering.place(of: row.bytes(), id: row.position)
                if let start, !ordering.precedes(start, place) { continue }
                if best.count > paging.size, !ordering.precedes(place, best[paging.size].place) { continue }
                guard let item = try item(of: row) else { continue }
                let index = best.firstIndex { ordering.precedes(place, $0.place) } ?? best.count
                best.insert((place, item), at: index)
                if best.count > paging.size + 1 { best.removeLast() }
            }
            if batch.count < Self.batch { break }
        }
        let page = best.prefix(paging.size)
        guard best.count > paging.size, let end = page.last else { return (page.map(\.item), "") }
        return (page.map(\.item), try paging.token(end.place.bytes))
    }

    private func item(of row: Row) throws -> Item? {
        if let filter, try !filter.passes(row.bytes()) { return nil }
        return try row.item()
    }
}

extension Listing where Item: Resource {
    /// - Parameters:
    ///   - rows: up to `limit` rows behind an id, in order of creation; nil begins.
    ///   - isVisible: what the caller may see.
    func page(
        of table: Table<Item>, _ rows: (_ after: String?, _ limit: Int) throws -> [ResourceRow],
        where isVisible: @escaping (Item) throws -> Bool
    ) throws -> (items: [Item], nextPageToken: String) {
        let hidesDeleted = !showsDeleted && Item.self is any SoftDeletable.Type
        return try page { after, limit in
            try rows(after, limit).map { row in
                Row(position: row.id.description, bytes: { row.body }) {
                    let resource = try table.resource(from: row)
                    if hidesDeleted, (resource as? any SoftDeletable)?.isDeleted ?? false { return nil }
                    return try isVisible(resource) ? resource : nil
                }
            }
        }
    }
}
