import RPC

/// When a call that failed with UNAVAILABLE is made again, for calls that may be (docs/domain.md §6.0): a bounded
/// number of attempts, ever further apart, never past the deadline.
///
/// The runtime's service config cannot say this: whether a write may be repeated depends on the request (`request_id`), not
/// on the method; a service's RetryInfo is obeyed; a view is asked for anew with all its calls, and an event stream goes
/// on from its resume token.
struct RetryPolicy: Sendable {
    /// Attempts altogether.
    let attempts: Int
    /// Before the second attempt; each further one waits three times as long, up to `longest`.
    let first: Duration
    let longest: Duration

    /// Bridges a lost connection and the restart of a service that was quick, about half a second.
    static let calls = RetryPolicy(attempts: 4, first: .milliseconds(50), longest: .milliseconds(500))
    /// An event stream has no deadline, and a browser that is refused once does not come back: about eight seconds.
    static let streams = RetryPolicy(attempts: 8, first: .milliseconds(50), longest: .seconds(2))

    /// Half a delay at least, half of it by chance, so that clients that failed together do not come back together.
    static let jitter = 0.5

    /// How long to wait before the next attempt; nil: this was the last one.
    /// - Parameters:
    ///   - attempt: the one that failed, from 1.
    ///   - remaining: until the deadline; nil without one.
    ///   - chance: 0 to 1.
    func delay(
        after error: RPCError, attempt: Int, remaining: Duration?, chance: Double = .random(in: 0...1)
    ) -> Duration? {
        guard error.code == .unavailable, attempt < attempts else { return nil }
        var delay = first
        for _ in 1..<attempt where delay < longest { delay *= 3 }
        delay = min(delay, longest) * (1 - RetryPolicy.jitter * chance)
        if let asked = error.retryDelay {
            // A service that asks for more time than a caller would wait is asked no more.
            guard asked <= longest * 2 else { return nil }
            delay = max(delay, asked)
        }
        if let remaining, delay >= remaining { return nil }
        return delay
    }

    /// Runs `body`, again where it may.
    /// - Throws: the error of the last attempt.
    func run<Answer>(
        _ isRepeatable: Bool, until deadline: Deadline?, _ body: () async throws -> Answer
    ) async throws -> Answer {
        var attempt = 1
        while true {
            do {
                return try await body()
            } catch let error as RPCError where isRepeatable {
                guard let delay = delay(after: error, attempt: attempt, remaining: deadline?.remaining) else {
                    throw error
                }
                try await Task.sleep(for: delay)
                attempt += 1
            }
        }
    }
}
