import Glibc
import Synchronization

/// Where a service takes the time from: the wall clock, moved by an offset in development and in tests.
public final class ServiceClock: Sendable {
    private let offset: Atomic<Int64>

    /// - Parameter offset: microseconds added to the wall clock.
    public init(offset: Int64 = 0) {
        self.offset = Atomic(offset)
    }

    public var now: Instant {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        let wall = Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
        return Instant(microseconds: wall + offset.load(ordering: .relaxed))
    }

    /// Moves the clock; what is due is noticed at the next look at it.
    public func advance(by microseconds: Int64) {
        offset.add(microseconds, ordering: .relaxed)
    }
}
