import Synchronization

/// Makes UUIDv7, strictly ascending within the process even when the clock stands still or goes back
/// (RFC 9562 §6.2, method 2: the random part is the counter and grows by a random step).
public final class IdentifierGenerator: Sendable {
    private struct State {
        var milliseconds: UInt64 = 0
        var upper: UInt64 = 0
        var lower: UInt64 = 0
        var started = false
    }

    private static let latest: UInt64 = 1 << 48 - 1
    private let state = Mutex(State())

    public init() {}

    /// - Parameter instant: microseconds since 1970-01-01T00:00:00Z; an instant before 1970 counts as 1970.
    public func next(at instant: Int64) -> Identifier {
        let milliseconds = min(UInt64(max(instant, 0)) / 1000, Self.latest)
        return state.withLock { state in
            if !state.started || milliseconds > state.milliseconds {
                state = Self.fresh(milliseconds)
            } else {
                state.lower += .random(in: 1...(1 << 32))
                if state.lower >> 62 != 0 {
                    state.lower &= 1 << 62 - 1
                    state.upper += 1
                    if state.upper >> 12 != 0 { state = Self.fresh(state.milliseconds + 1) }
                }
            }
            return Identifier(
                high: state.milliseconds << 16 | 0x7000 | state.upper,
                low: 1 << 63 | state.lower)
        }
    }

    /// The counter's top bit starts at 0, so that a burst within one millisecond has room to count.
    private static func fresh(_ milliseconds: UInt64) -> State {
        State(
            milliseconds: milliseconds,
            upper: .random(in: 0..<(1 << 11)),
            lower: .random(in: 0..<(1 << 62)),
            started: true)
    }
}
