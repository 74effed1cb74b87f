import RPC
import Storage

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
