import HTTP
import Logging
import NIOCore

/// A channel's name, looked up for all its event loops: when somebody asks, but not more often than every 30 s
/// (grpc doc/naming.md leaves it to the client; this is what others wait), and after a failure as connections are tried
/// again. Confined to its loop, save where a method says otherwise.
final class Resolution: @unchecked Sendable {
    // Unchecked: all state is touched on the loop only.
    typealias Outcome = Result<[Endpoint], RPCError>

    static let leastInterval = TimeAmount.seconds(30)

    private let resolver: any NameResolver
    private let backoff: Backoff
    private let eventLoop: any EventLoop
    private let target: Target
    private let logger: Logger
    private let onOutcome: @Sendable (Outcome) -> Void
    private var began: NIODeadline?
    private var failures = 0
    private var isResolving = false
    private var isClosed = false
    private var next: Scheduled<Void>?

    /// - Parameter onOutcome: called on `eventLoop`.
    init(
        _ resolver: any NameResolver, backoff: Backoff, target: Target, on eventLoop: any EventLoop, logger: Logger,
        onOutcome: @escaping @Sendable (Outcome) -> Void
    ) {
        self.resolver = resolver
        self.backoff = backoff
        self.target = target
        self.eventLoop = eventLoop
        self.logger = logger
        self.onOutcome = onOutcome
    }

    /// Looks the name up, now or as soon as it may. From any thread.
    func request() {
        eventLoop.execute { self.resolveSoon() }
    }

    /// From any thread.
    func close() {
        eventLoop.execute {
            self.isClosed = true
            self.next?.cancel()
        }
    }

    private func resolveSoon() {
        guard !isResolving, next == nil, !isClosed else { return }
        guard let earliest, earliest > eventLoop.now else { return resolve() }
        next = eventLoop.assumeIsolated().scheduleTask(deadline: earliest) {
            self.next = nil
            self.resolve()
        }
    }

    private var earliest: NIODeadline? {
        guard let began else { return nil }
        guard failures > 0 else { return began + Self.leastInterval }
        var generator = SystemRandomNumberGenerator()
        return began + .nanoseconds(backoff.delay(after: failures, using: &generator).clampedNanoseconds)
    }

    private func resolve() {
        isResolving = true
        began = eventLoop.now
        let resolver = resolver
        Task {
            let outcome: Outcome
            do {
                let endpoints = try await resolver.resolve()
                outcome =
                    endpoints.isEmpty
                    ? .failure(RPCError(.unavailable, "\(self.target) has no endpoint")) : .success(endpoints)
            } catch {
                let cause = String("\(error)".prefix(300))
                outcome = .failure(RPCError(.unavailable, "\(self.target) cannot be resolved: \(cause)"))
            }
            self.eventLoop.execute { self.resolved(outcome) }
        }
    }

    private func resolved(_ outcome: Outcome) {
        isResolving = false
        guard !isClosed else { return }
        switch outcome {
        case .success: failures = 0
        case .failure(let error):
            failures += 1
            if failures == 1 { logger.warning("\(error.message)", metadata: ["target": "\(target)"]) }
        }
        onOutcome(outcome)
        if failures > 0 { resolveSoon() }
    }
}
