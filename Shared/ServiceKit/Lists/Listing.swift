import Storage

/// One page of resources: what a list request asks for, applied to the rows of a table.
struct Listing<R: Resource> {
    /// Rows that are looked at for one page. A filter that few pass gives short pages with a token, never a long wait
    /// (AIP-158); an order must see all rows, so it is refused above this.
    static var scanLimit: Int { 10_000 }

    private let paging: Paging
    private let filter: Filter?
    private let ordering: Ordering?
    private let showsDeleted: Bool

    /// - Parameter hidden: fields that neither filter nor order may name.
    /// - Throws: `Refusal` INVALID_ARGUMENT for whatever cannot be understood.
    init(_ request: some ListRequest, of method: String, sealer: PageTokenSealer, hiding hidden: Set<String> = [])
        throws
    {
        filter = request.filter.isEmpty ? nil : try Filter(request.filter, of: R.fullName, hiding: hidden)
        ordering = request.orderBy.isEmpty ? nil : try Ordering(request.orderBy, of: R.fullName, hiding: hidden)
        showsDeleted = request.showDeleted
        paging = try Paging(
            size: request.pageSize, token: request.pageToken,
            of: [method, request.parent, request.filter, request.orderBy, request.showDeleted ? "deleted" : ""],
            sealer: sealer)
    }

    /// - Parameters:
    ///   - rows: up to `limit` rows behind an id, in order of creation; nil begins.
    ///   - isVisible: what the caller may see.
    func page(
        of table: Table<R>, _ rows: (_ after: String?, _ limit: Int) throws -> [ResourceRow],
        where isVisible: (R) throws -> Bool
    ) throws -> (items: [R], nextPageToken: String) {
        try ordering.map { try sorted(by: $0, table, rows, isVisible) } ?? inOrderOfCreation(table, rows, isVisible)
    }

    private func inOrderOfCreation(
        _ table: Table<R>, _ rows: (String?, Int) throws -> [ResourceRow], _ isVisible: (R) throws -> Bool
    ) throws -> (items: [R], nextPageToken: String) {
        var items: [R] = []
        var last = paging.start.map { String(decoding: $0, as: UTF8.self) }
        var shown = last
        var scanned = 0
        let limit = filter == nil ? paging.size + 1 : max(paging.size + 1, 250)
        while true {
            let batch = try rows(last, limit)
            for row in batch {
                scanned += 1
                if let resource = try resource(of: row, table, isVisible) {
                    // A token can be read: it names the last that the caller sees, none that is hidden behind it.
                    if items.count == paging.size { return (items, try paging.token(Array((shown ?? "").utf8))) }
                    items.append(resource)
                    shown = row.id.description
                }
                last = row.id.description
            }
            if batch.count < limit { return (items, "") }
            if scanned >= Self.scanLimit { return (items, try paging.token(Array((last ?? "").utf8))) }
        }
    }

    private func sorted(
        by ordering: Ordering, _ table: Table<R>, _ rows: (String?, Int) throws -> [ResourceRow],
        _ isVisible: (R) throws -> Bool
    ) throws -> (items: [R], nextPageToken: String) {
        var start: Ordering.Place?
        if let bytes = paging.start {
            guard let place = Ordering.Place(bytes) else { throw Paging.badToken }
            start = place
        }
        // The page's own and one more, which tells that there is another page.
        var best: [(place: Ordering.Place, resource: R)] = []
        var last: String?
        var scanned = 0
        while true {
            let batch = try rows(last, 500)
            scanned += batch.count
            guard scanned <= Self.scanLimit else {
                throw Ordering.refusal("more than \(Self.scanLimit) entries would have to be sorted")
            }
            for row in batch {
                last = row.id.description
                let place = try ordering.place(of: row.body, id: row.id.description)
                if let start, !ordering.precedes(start, place) { continue }
                if best.count > paging.size, !ordering.precedes(place, best[paging.size].place) { continue }
                guard let resource = try resource(of: row, table, isVisible) else { continue }
                let index = best.firstIndex { ordering.precedes(place, $0.place) } ?? best.count
                best.insert((place, resource), at: index)
                if best.count > paging.size + 1 { best.removeLast() }
            }
            if batch.count < 500 { break }
        }
        let page = best.prefix(paging.size)
        guard best.count > paging.size, let end = page.last else { return (page.map(\.resource), "") }
        return (page.map(\.resource), try paging.token(end.place.bytes))
    }

    private func resource(
        of row: ResourceRow, _ table: Table<R>, _ isVisible: (R) throws -> Bool
    ) throws -> R? {
        if let filter, try !filter.passes(row.body) { return nil }
        let resource = try table.resource(from: row)
        if !showsDeleted, let deletable = resource as? any SoftDeletable, deletable.isDeleted { return nil }
        return try isVisible(resource) ? resource : nil
    }
}

/// Size and token of one page.
struct Paging {
    static let defaultSize = 50
    static let maximumSize = 500
    static let badToken = Refusal.invalid(
        "page_token", "is not one of this list; begin again without it", reason: "BAD_PAGE_TOKEN")

    let size: Int
    /// What the token of the page before said; nil for the first page.
    let start: [UInt8]?
    private let arguments: [UInt8]
    private let sealer: PageTokenSealer

    /// - Parameter arguments: everything but size and token: a token is good for the same question only.
    /// - Throws: `Refusal` INVALID_ARGUMENT.
    init(size: Int32, token: String, of arguments: [String], sealer: PageTokenSealer) throws {
        guard size >= 0 else { throw Refusal.invalid("page_size", "must not be negative") }
        self.size = size == 0 ? Paging.defaultSize : min(Int(size), Paging.maximumSize)
        self.sealer = sealer
        // With its length before each, so that no two questions look alike.
        self.arguments = arguments.flatMap { Array("\($0.utf8.count):\($0)".utf8) }
        do {
            start = token.isEmpty ? nil : try sealer.open(token, arguments: self.arguments)
        } catch StorageError.pageToken {
            throw Paging.badToken
        }
    }

    func token(_ position: [UInt8]) throws -> String { try sealer.seal(position, arguments: arguments) }

    /// One page of rows that are no resource table.
    func fill<Item>(
        _ read: (_ after: String?, _ limit: Int) throws -> [(item: Item, position: String)]
    ) throws -> (items: [Item], nextPageToken: String) {
        let rows = try read(start.map { String(decoding: $0, as: UTF8.self) }, size + 1)
        let page = rows.prefix(size)
        guard rows.count > size, let last = page.last else { return (page.map(\.item), "") }
        return (page.map(\.item), try token(Array(last.position.utf8)))
    }
}
