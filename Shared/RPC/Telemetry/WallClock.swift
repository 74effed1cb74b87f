import NIOCore
import Standard

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The system's clock beside the one that event loops go by.
struct WallClock {
    /// Nanoseconds since 1970.
    static func now() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return UInt64(max(0, time.tv_sec)) * 1_000_000_000 + UInt64(max(0, time.tv_nsec))
    }

    private let wall = now()
    private let instant = NIODeadline.now()

    /// When an instant was, as far as nobody has set the clock since.
    func timestamp(_ past: NIODeadline?) -> Timestamp? {
        past.map { Self.timestamp(UInt64(max(0, Int64(wall) - (instant - $0).nanoseconds))) }
    }

    /// - Parameter nanoseconds: since 1970.
    static func timestamp(_ nanoseconds: UInt64) -> Timestamp {
        Timestamp(seconds: Int64(nanoseconds / 1_000_000_000), nanos: Int32(nanoseconds % 1_000_000_000))
    }
}
