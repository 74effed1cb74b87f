import HTTP
import Logging
import NIOCore

/// One event loop's part of a channel: its connections, and the calls that wait for one. A call made on a loop never
/// leaves it. Confined to its loop.
///
/// `@exclusivity(unchecked)`: no access spans a call of anybody else's code.
final class LoopChannel: @unchecked Sendable {
    // Unchecked: all state is touched on the loop only.
    let eventLoop: any EventLoop
    let wheel: DeadlineWheel
    let target: Target
    let options: RPC.Channel.Options
    let throttle: RetryThrottle?
    let counts: ClientCounts.Share?
    /// Bytes of requests that are kept in case they have to be said again.
    @exclusivity(unchecked) var keptBytes = 0

    /// How its calls fared.
    @exclusivity(unchecked) var calls = CallTotals()
    /// nil where nobody asks.
    let trace: ChannelTrace?

    @exclusivity(unchecked) private var subchannels: Subchannel.Context
    private let logger: Logger
    // Asks for the endpoints of a name; nil when they are known.
    private let resolution: Resolution?
    @exclusivity(unchecked) private var endpoints: [Endpoint]
    @exclusivity(unchecked) private var resolutionFailure: RPCError?

    /// Methods whose heads are kept.
    private static let mostHeads = 1000
    @exclusivity(unchecked) private var heads: [String: RequestHead] = [:]
    @exclusivity(unchecked) private var lastHead: (path: String, head: RequestHead)?

    @exclusivity(unchecked) private var balancer: (any LoadBalancer)?
    @exclusivity(unchecked) private var queue = CircularBuffer<CallAttempt>()
    @exclusivity(unchecked) private var readyWaiters: [Waiter<Void>] = []
    @exclusivity(unchecked) private var isWaking = false
    @exclusivity(unchecked) private var isClosed = false
    // What the trace knows.
    @exclusivity(unchecked) private var tracedConnectivity: Subchannel.Connectivity? = .idle
    @exclusivity(unchecked) private var idleSince: NIODeadline
    @exclusivity(unchecked) private var idleTimer: Scheduled<Void>?

    init(
        _ target: Target, _ options: RPC.Channel.Options, throttle: RetryThrottle? = nil, resolution: Resolution? = nil,
        trace: ChannelTrace? = nil, on eventLoop: any EventLoop, connector: @escaping Connector, logger: Logger
    ) {
        self.trace = trace
        self.target = target
        self.options = options
        self.throttle = throttle
        counts = options.counts?.share(target.description, on: eventLoop)
        self.resolution = resolution
        self.eventLoop = eventLoop
        self.logger = logger
        wheel = DeadlineWheel(eventLoop: eventLoop)
        endpoints = if case .endpoints(let known) = target.source { known } else { [] }
        idleSince = eventLoop.now
        var health = options.serviceConfig.healthCheckService
        if case .pickFirst = options.serviceConfig.balancing { health = nil }
        subchannels = Subchannel.Context(
            eventLoop: eventLoop, backoff: options.backoff, keepalive: options.keepalive,
            maxConnections: min(max(options.serviceConfig.maxConnectionsPerEndpoint, 1), 10),
            healthCheckService: health, target: target, connector: connector, logger: logger, channelTrace: trace)
        if trace != nil { subchannels.onConnectivity = { [weak self] in self?.traceConnectivity() } }
    }

    var config: ServiceConfig { options.serviceConfig }

    // MARK: Calls

    /// The head of a request for a method, which is made once for each of the methods that are called again and again.
    func head(_ path: String) -> RequestHead {
        if let lastHead, lastHead.path == path { return lastHead.head }
        let head =
            heads[path]
            ?? RequestHead(method: "POST", scheme: target.scheme, authority: target.authority, path: "/" + path)
        if heads.count < Self.mostHeads { heads[path] = head }
        lastHead = (path, head)
        return head
    }

    func callEnded(_ code: StatusCode) {
        calls.ended(code)
        if calls.open == 0 { idleSince = eventLoop.now }
    }

    func submit(_ attempt: CallAttempt) {
        guard !isClosed else {
            return attempt.fail(RPCError(.unavailable, "the channel to \(target) is closed"))
        }
        switch pick() {
        case .connection(let transport, let subchannel) where queue.isEmpty:
            attempt.send(on: transport, of: subchannel)
        case .fail(let error) where !attempt.call.waitsForReady:
            attempt.fail(error)
        default:
            guard queue.count < options.maxWaitingCalls else {
                return attempt.fail(RPCError(.resourceExhausted, "\(queue.count) calls wait for \(target) already"))
            }
            attempt.isWaiting = true
            queue.append(attempt)
            wake()
        }
    }

    /// An attempt no longer needs its place; another one may have it.
    func ended(_ attempt: CallAttempt) {
        if attempt.isWaiting, let index = queue.firstIndex(where: { $0 === attempt }) { queue.remove(at: index) }
        guard !queue.isEmpty, !isWaking else { return }
        // The transport counts a stream out only after it has told its delegate.
        isWaking = true
        eventLoop.assumeIsolated().execute {
            self.isWaking = false
            self.wake()
        }
    }

    /// Resolved when there is a connection, or the attempt to make one has failed.
    func whenReady(_ waiter: Waiter<Void>) {
        guard !isClosed else {
            waiter.resolve(.failure(RPCError(.unavailable, "the channel to \(target) is closed")))
            return
        }
        readyWaiters.append(waiter)
        wake()
    }

    /// Does what the state allows for the calls that wait.
    private func wake() {
        while !queue.isEmpty, !isClosed {
            switch pick() {
            case .connection(let transport, let subchannel):
                queue.popFirst()?.send(on: transport, of: subchannel)
            case .fail(let error):
                let waiting = queue
                queue = CircularBuffer()
                for attempt in waiting where attempt.call.waitsForReady { queue.append(attempt) }
                for attempt in waiting where !attempt.call.waitsForReady { attempt.fail(error) }
                return tellReadiness()
            case .wait:
                return tellReadiness()
            }
        }
        tellReadiness()
    }

    private func tellReadiness() {
        guard !readyWaiters.isEmpty else { return }
        let result: Result<Void, RPCError>
        switch pick() {
        case .connection: result = .success(())
        case .fail(let error): result = .failure(error)
        case .wait: return
        }
        let waiters = readyWaiters
        readyWaiters = []
        for waiter in waiters { waiter.resolve(result) }
    }

    private enum Choice {
        case connection(any ClientTransport, Subchannel)
        case wait
        case fail(RPCError)
    }

    private func pick() -> Choice {
        guard let balancer = balancer ?? activated() else {
            return resolutionFailure.map { .fail($0) } ?? .wait
        }
        switch balancer.pick() {
        case .connection(let transport, let subchannel): return .connection(transport, subchannel)
        case .wait: return .wait
        case .fail(let cause): return .fail(RPCError(.unavailable, "\(target) cannot be reached: \(cause)"))
        }
    }

    // MARK: Endpoints

    /// Somebody calls: there must be endpoints, and connections.
    private func activated() -> (any LoadBalancer)? {
        resolution?.request()
        guard !endpoints.isEmpty else { return nil }
        let balancer = makeBalancer()
        self.balancer = balancer
        balancer.update(endpoints)
        watchIdleness(in: options.idleTimeout)
        return balancer
    }

    private func makeBalancer() -> any LoadBalancer {
        let changed: (Bool) -> Void = { [weak self] isLost in
            guard let self else { return }
            if isLost { resolution?.request() }
            traceConnectivity()
            wake()
        }
        func spread(_ policy: BalancingPolicy, _ outliers: OutlierDetection?) -> any LoadBalancer {
            switch policy {
            case .pickFirst(let shuffles): PickFirst(subchannels, shuffles: shuffles, onChange: changed)
            case .roundRobin: Spread(subchannels, .inTurn, outliers: outliers, onChange: changed)
            case .leastRequest(let choices):
                Spread(
                    subchannels, .leastRequest(choices: min(max(choices, 2), 100)), outliers: outliers,
                    onChange: changed)
            case .outlierDetection(let detection, let child): spread(child, detection)
            }
        }
        return spread(config.balancing, nil)
    }

    /// The name has been looked up.
    func resolved(_ outcome: Resolution.Outcome) {
        guard !isClosed else { return }
        switch outcome {
        case .success(let endpoints):
            self.endpoints = endpoints
            resolutionFailure = nil
            if let balancer { balancer.update(endpoints) }
        case .failure(let error):
            // What was found before may still hold.
            resolutionFailure = endpoints.isEmpty ? error : nil
        }
        wake()
    }

    // MARK: Connectivity

    var parts: [Subchannel] { balancer?.subchannels ?? [] }

    /// nil once it is closed.
    var connectivity: Subchannel.Connectivity? {
        guard !isClosed else { return nil }
        guard balancer != nil else { return resolutionFailure.map { .failed($0.message) } ?? .idle }
        return .merged(parts.map(\.connectivity))
    }

    private func traceConnectivity() {
        guard let trace, connectivity != tracedConnectivity else { return }
        tracedConnectivity = connectivity
        switch connectivity {
        case .idle: trace.add("IDLE")
        case .connecting: trace.add("CONNECTING")
        case .ready: trace.add("READY")
        case .failed(let cause): trace.add("TRANSIENT_FAILURE: \(cause)", .warning)
        case nil: trace.add("SHUTDOWN")
        }
    }

    // MARK: Idleness and the end

    /// A channel that nobody uses keeps no connection (grpc doc/connectivity-semantics-and-api.md, IDLE).
    private func watchIdleness(in time: Duration?) {
        guard let time else { return }
        idleTimer = eventLoop.assumeIsolated().scheduleTask(in: .nanoseconds(time.clampedNanoseconds)) { [weak self] in
            self?.checkIdleness()
        }
    }

    private func checkIdleness() {
        guard let timeout = options.idleTimeout, !isClosed else { return }
        let left = idleSince + .nanoseconds(timeout.clampedNanoseconds) - eventLoop.now
        guard calls.open == 0, left <= .zero else {
            return watchIdleness(in: calls.open > 0 ? timeout : .nanoseconds(left.nanoseconds))
        }
        idleTimer = nil
        balancer?.close(grace: .zero) {}
        balancer = nil
        traceConnectivity()
    }

    func close(grace: Duration, _ done: Waiter<Void>) {
        isClosed = true
        idleTimer?.cancel()
        let error = RPCError(.unavailable, "the channel to \(target) was closed")
        for waiter in readyWaiters { waiter.resolve(.failure(error)) }
        readyWaiters = []
        let waiting = queue
        queue = CircularBuffer()
        for attempt in waiting { attempt.fail(error) }
        let last = balancer
        balancer = nil
        traceConnectivity()
        guard let last else {
            done.resolve(.success(()))
            return
        }
        last.close(grace: .nanoseconds(grace.clampedNanoseconds)) { done.resolve(.success(())) }
    }
}

// MARK: For channelz

extension LoopChannel {
    /// One event loop's part of a channel, as it is now.
    struct Snapshot: Sendable {
        /// nil once the channel is closed.
        let connectivity: Subchannel.Connectivity?
        let calls: CallTotals
        let subchannels: [Subchannel.Snapshot]
    }

    var snapshot: Snapshot {
        Snapshot(connectivity: connectivity, calls: calls, subchannels: parts.map(\.snapshot))
    }

    /// One of its connections: its endpoint, and what it tells of itself.
    func connection(_ number: Int64) -> (name: String, statistics: ConnectionStatistics)? {
        for subchannel in parts {
            if let found = subchannel.connection(number) { return found }
        }
        return nil
    }
}
