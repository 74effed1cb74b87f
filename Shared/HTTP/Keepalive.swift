import NIOCore

/// Whether and when a connection asks its peer for a sign of life (gRFC A8, A9; grpc doc/keepalive.md). What is read
/// counts as one, whatever it is; the clock is looked at a few times per timeout.
public struct Keepalive: Sendable, Hashable {
    /// Silence after which a PING is sent; nil never asks.
    public var time: TimeAmount?
    /// How long the peer may stay silent then, before the connection is closed.
    public var timeout: TimeAmount
    /// Asks also while no stream is open.
    public var withoutStreams: Bool

    /// Asks after `time` of silence and waits for `timeout`.
    public init(time: TimeAmount?, timeout: TimeAmount = .seconds(20), withoutStreams: Bool = false) {
        self.time = time
        self.timeout = timeout
        self.withoutStreams = withoutStreams
    }

    /// A server's: every two hours, so that connections whose peer has vanished go at last.
    public static let server = Keepalive(time: .hours(2), withoutStreams: true)
    /// A client's: never, unless the operator of the server agrees.
    public static let client = Keepalive(time: nil)

    var timeouts: [TimeAmount] { time.map { [$0, timeout] } ?? [] }
}

/// Follows one connection's silence.
struct KeepaliveWatch {
    enum Verdict {
        case fine
        /// Send a PING.
        case ask
        case dead
    }

    private let keepalive: Keepalive
    private var heardAt: NIODeadline
    private var askedAt: NIODeadline?

    init(_ keepalive: Keepalive, now: NIODeadline) {
        self.keepalive = keepalive
        heardAt = now
    }

    /// - Parameter hasHeard: whether bytes were read since the last look.
    mutating func look(_ now: NIODeadline, hasHeard: Bool, hasStreams: Bool) -> Verdict {
        guard let time = keepalive.time else { return .fine }
        if hasHeard {
            heardAt = now
            askedAt = nil
        } else if let askedAt {
            return now - askedAt >= keepalive.timeout ? .dead : .fine
        } else if now - heardAt >= time, hasStreams || keepalive.withoutStreams {
            askedAt = now
            return .ask
        }
        return .fine
    }
}

/// How often a server lets its clients ask (gRFC A8 "Server side", A9).
public struct PingLimits: Sendable, Hashable {
    /// The least time between two PINGs of a client.
    public var interval: TimeAmount = .minutes(5)
    /// PINGs that may come too soon, before the next one ends the connection.
    public var strikes = 2
    /// Counts PINGs without an open stream against `interval` too; otherwise against two hours.
    public var withoutStreams = false

    /// Everything at its default.
    public init() {}
}

/// Counts one client's PINGs.
struct PingStrikes {
    private let limits: PingLimits
    private var last: NIODeadline?
    private(set) var count = 0

    init(_ limits: PingLimits) {
        self.limits = limits
    }

    /// - Parameter hasSent: whether HEADERS or DATA were sent since the last PING: then this one is welcome, for a
    ///   client may measure with it what it receives.
    /// - Returns: false when there were too many.
    mutating func received(_ now: NIODeadline, hasSent: Bool, hasStreams: Bool) -> Bool {
        defer { last = now }
        if hasSent {
            count = 0
            return true
        }
        let interval = hasStreams || limits.withoutStreams ? limits.interval : .hours(2)
        guard let last, now - last < interval else { return true }
        count += 1
        return count <= limits.strikes
    }
}
