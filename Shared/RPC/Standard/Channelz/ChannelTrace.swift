import Synchronization

/// What has happened to a channel, a subchannel or a server (gRFC A14, "Channel Trace"): the newest events, and the number
/// of all. Written when a connection changes, never by a call.
final class ChannelTrace: Sendable {
    /// Events kept, as in grpc-go.
    static let limit = 30
    /// Characters of one event.
    static let textLimit = 500

    enum Severity: Sendable {
        case info, warning
    }

    struct Event: Sendable {
        let text: String
        let severity: Severity
        /// Nanoseconds since 1970.
        let time: UInt64
        /// What it is about, where that is another one than the owner of the trace: its number and name.
        let subchannel: (number: Int64, name: String)?
    }

    private struct State {
        /// The oldest one is at `count % limit` once the ring is full.
        var ring: [Event] = []
        var count = 0
    }

    /// Nanoseconds since 1970.
    let created = WallClock.now()
    private let state = Mutex(State())

    func add(_ text: String, _ severity: Severity = .info, of subchannel: (number: Int64, name: String)? = nil) {
        let event = Event(
            text: String(text.prefix(Self.textLimit)), severity: severity, time: WallClock.now(),
            subchannel: subchannel)
        state.withLock { state in
            if state.ring.count < Self.limit {
                state.ring.append(event)
            } else {
                state.ring[state.count % Self.limit] = event
            }
            state.count += 1
        }
    }

    /// All events that there were, and those that are left, the oldest first.
    var events: (count: Int, kept: [Event]) {
        state.withLock { state in
            let oldest = state.count > Self.limit ? state.count % Self.limit : 0
            return (state.count, Array(state.ring[oldest...] + state.ring[..<oldest]))
        }
    }
}
