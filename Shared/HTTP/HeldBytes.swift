import NIOCore

/// A connection that holds bytes for its peer.
protocol ByteHolder: AnyObject {
    var peer: Peer { get }
    /// What of requests and answers lies in memory now.
    var heldBytes: Int { get }
    /// The same when `HeldBytes` looked last; for its use.
    var notedBytes: Int { get set }
    /// Gives up the exchange that holds the most. Called between bursts.
    func shedLargest()
}

/// What the connections of one event loop hold together: bodies that are unfinished or that nobody has taken, answers
/// that nobody has read. A connection's own limits bound each of them, which is too much for ten thousand. When it is
/// too much, the connections that hold the most lose their largest exchanges, so that who holds little is not disturbed
/// by who holds much.
///
/// Confined to its event loop.
final class HeldBytes: @unchecked Sendable {
    // Unchecked: all state is touched on the loop only.
    private let limit: Int
    private let warnings: WarningLog
    private var holders: [ObjectIdentifier: any ByteHolder] = [:]
    private(set) var total = 0

    /// - Parameter limit: in bytes; an eighth of it is free again after exchanges were given up, so that not each further
    ///   byte costs a search.
    init(limit: Int, warnings: WarningLog) {
        self.limit = limit
        self.warnings = warnings
    }

    /// What `holder` holds may have changed. Called between bursts: the exchanges of any connection may end by it.
    func settle(_ holder: any ByteHolder) {
        guard holder.heldBytes != holder.notedBytes else { return }
        note(holder)
        if total > limit { shed() }
    }

    /// The connection is gone, with all it held.
    func forget(_ holder: any ByteHolder) {
        total -= holder.notedBytes
        holder.notedBytes = 0
        holders[ObjectIdentifier(holder)] = nil
    }

    private func note(_ holder: any ByteHolder) {
        let held = holder.heldBytes
        total += held - holder.notedBytes
        holder.notedBytes = held
        holders[ObjectIdentifier(holder)] = held > 0 ? holder : nil
    }

    private func shed() {
        let enough = limit - limit / 8
        while total > enough {
            let before = total
            for holder in holders.values.sorted(by: { $0.notedBytes > $1.notedBytes }) where total > enough {
                warnings.warn(
                    "exchange given up: all connections together hold too much", peer: holder.peer.address,
                    count: total)
                holder.shedLargest()
                note(holder)
            }
            guard total < before else { return }
        }
    }
}
