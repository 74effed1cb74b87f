import NIOCore

/// A limit on running handlers that follows what the server can do: it grows while calls take as long as they did over
/// the last minutes, and shrinks when they take longer (the gradient of Netflix's concurrency-limits, "Gradient2"). Only
/// calls of one request and one response count: a stream lasts as long as its caller wants.
public struct AdaptiveLimit: Sendable, Hashable {
    /// Handlers that may always run, on one event loop; at least 1.
    public var least = 10
    /// Where it begins.
    public var initial = 100
    /// How many times longer than usual calls may take before the limit shrinks; 1 or more.
    public var tolerance = 2.0
    /// How long calls are gathered before the limit is set anew.
    public var window: Duration = .milliseconds(100)
    /// Calls below which a window says nothing, and goes on.
    public var leastCalls = 10
    /// What refused callers are told to wait, by `grpc-retry-pushback-ms` (gRFC A6).
    public var pushBack: Duration = .milliseconds(100)

    /// Everything at its default.
    public init() {}
}

/// Follows one event loop's calls. Confined to it.
struct AdaptiveLimiter {
    private let configuration: AdaptiveLimit
    private let most: Int
    private var limit: Double
    private(set) var running = 0
    // Of the present window.
    private var began: NIODeadline
    private var sum = 0.0
    private var count = 0
    private var wasUsed = false
    // Seconds that a call takes over the long run; nil before the first window.
    private var usual: Double?

    /// - Parameter most: handlers that may run in any case.
    init(_ configuration: AdaptiveLimit, most: Int, now: NIODeadline) {
        self.configuration = configuration
        self.most = most
        limit = Double(min(max(configuration.initial, configuration.least), most))
        began = now
    }

    /// Handlers that may run now.
    var current: Int { Int(limit) }

    /// Whether another handler may run; it counts as running then, until `ended`.
    mutating func admit() -> Bool {
        guard running < current else {
            wasUsed = true
            return false
        }
        running += 1
        if running * 2 > current { wasUsed = true }
        return true
    }

    /// - Parameter time: how long the call took; nil for one that says nothing, because its caller left.
    mutating func ended(after time: TimeAmount?, now: NIODeadline) {
        running -= 1
        if let time {
            sum += Double(time.nanoseconds) / 1e9
            count += 1
        }
        guard now - began >= .nanoseconds(configuration.window.clampedNanoseconds), count >= configuration.leastCalls
        else { return }
        adapt(to: max(sum / Double(count), 1e-6))
        began = now
        sum = 0
        count = 0
        wasUsed = false
    }

    private mutating func adapt(to recent: Double) {
        // About six hundred windows: a minute of them.
        var long = usual.map { $0 + (recent - $0) / 600 } ?? recent
        // After a long time of trouble, what is usual comes down quickly.
        if long / recent > 2 { long *= 0.95 }
        usual = long
        // What is not used needs no more.
        guard wasUsed else { return }
        let gradient = min(max(configuration.tolerance * long / recent, 0.5), 1)
        let wanted = limit * gradient + limit.squareRoot()
        limit = min(max(limit * 0.8 + wanted * 0.2, Double(configuration.least)), Double(most))
    }
}
