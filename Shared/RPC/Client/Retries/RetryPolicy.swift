/// Another attempt after one that failed, until the server begins to answer (gRFC A6, "Retry Policy").
public struct RetryPolicy: Sendable, Hashable {
    /// With the first one: 2 … 5.
    public var maxAttempts: Int
    /// Before the n-th retry: the smaller of `initialBackoff` · `multiplier`^(n−1) and `maxBackoff`, ±20 %.
    public var initialBackoff: Duration
    /// No pause is longer.
    public var maxBackoff: Duration
    /// By which each further pause is longer.
    public var multiplier: Double
    /// Statuses after which another attempt is worth while.
    public var retryableCodes: Set<StatusCode>

    /// - Parameter maxAttempts: 2 or more; above 5 counts as 5.
    public init(
        maxAttempts: Int, initialBackoff: Duration, maxBackoff: Duration, multiplier: Double = 2,
        retryableCodes: Set<StatusCode>
    ) {
        self.maxAttempts = min(max(maxAttempts, 1), Self.mostAttempts)
        self.initialBackoff = initialBackoff
        self.maxBackoff = maxBackoff
        self.multiplier = multiplier
        self.retryableCodes = retryableCodes
    }

    static let mostAttempts = 5

    /// - Parameter retry: 1 for the first one.
    func delay(before retry: Int, using generator: inout some RandomNumberGenerator) -> Duration {
        var backoff = Backoff()
        backoff.initial = initialBackoff
        backoff.multiplier = multiplier
        backoff.maximum = maxBackoff
        return backoff.delay(after: retry, using: &generator)
    }
}

/// Several attempts at once, the first to be answered wins (gRFC A6, "Hedging Policy"). Only for methods that may run
/// twice.
public struct HedgingPolicy: Sendable, Hashable {
    /// With the first one: 2 … 5.
    public var maxAttempts: Int
    /// How long an attempt has for itself before the next one; zero sends all at once.
    public var delay: Duration
    /// Statuses that only end their own attempt; any other one ends the call.
    public var nonFatalCodes: Set<StatusCode>

    /// - Parameter maxAttempts: 2 or more; above 5 counts as 5.
    public init(maxAttempts: Int, delay: Duration, nonFatalCodes: Set<StatusCode>) {
        self.maxAttempts = min(max(maxAttempts, 1), RetryPolicy.mostAttempts)
        self.delay = delay
        self.nonFatalCodes = nonFatalCodes
    }
}

/// What a server says about further attempts, in `grpc-retry-pushback-ms` (gRFC A6, "Pushback").
enum PushBack: Equatable {
    case after(Duration)
    /// Also for a value that is no number.
    case stop

    static let header = "grpc-retry-pushback-ms"

    init?(_ text: String?) {
        guard let text else { return nil }
        if let milliseconds = Int32(text), milliseconds >= 0 {
            self = .after(.milliseconds(milliseconds))
        } else {
            self = .stop
        }
    }
}
