import NIOCore

/// How many calls there have been, and how they ended: counted on one event loop, without a lock.
struct CallTotals: Sendable {
    private(set) var started = 0
    private(set) var succeeded = 0
    private(set) var failed = 0
    /// When the last one began.
    private(set) var last: NIODeadline?

    init() {}

    init(started: Int, succeeded: Int, failed: Int, last: NIODeadline?) {
        self.started = started
        self.succeeded = succeeded
        self.failed = failed
        self.last = last
    }

    var open: Int { started - succeeded - failed }

    mutating func began(at instant: NIODeadline) {
        started += 1
        last = instant
    }

    mutating func ended(_ code: StatusCode) {
        if code == .ok { succeeded += 1 } else { failed += 1 }
    }

    /// Of another loop.
    mutating func add(_ other: CallTotals) {
        started += other.started
        succeeded += other.succeeded
        failed += other.failed
        last = [last, other.last].compactMap(\.self).max()
    }
}
