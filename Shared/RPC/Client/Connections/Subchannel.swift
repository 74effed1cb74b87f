import HTTP
import Logging
import NIOCore

/// One event loop's connections to one endpoint, or, for pick_first, to the first of several that answers. It connects
/// when it is told to, and backs off when nobody answers. Confined to its loop.
///
/// `@exclusivity(unchecked)`: no access spans a call of anybody else's code.
final class Subchannel {
    enum Connectivity: Equatable, Sendable {
        case idle, connecting, ready
        case failed(String)
    }

    private enum State {
        case idle
        case connecting
        case ready
        case backingOff(cause: String)
        case closed
    }

    /// What all subchannels of a channel have in common.
    struct Context {
        let eventLoop: any EventLoop
        let backoff: Backoff
        let keepalive: Keepalive
        let maxConnections: Int
        /// Whose health is asked for on each connection; nil for nobody's (gRFC A17).
        let healthCheckService: String?
        let target: Target
        let connector: Connector
        let logger: Logger
        /// Of the channel; nil where nobody asks.
        var channelTrace: ChannelTrace?
        /// Told when a subchannel's state has changed.
        var onConnectivity: () -> Void = {}
    }

    let endpoints: [Endpoint]
    private let context: Context
    /// Told when `connectivity` may have changed.
    private let onChange: (Subchannel) -> Void

    @exclusivity(unchecked) private var state = State.idle
    @exclusivity(unchecked) private var connections: [Connection] = []
    /// How its calls fared; attempts, that is.
    @exclusivity(unchecked) private(set) var calls = CallTotals()
    /// For those who ask: its number, and what has happened to it; no trace where nobody asks.
    let number = SerialNumber.next()
    private let trace: ChannelTrace?
    /// How calls ended since the outlier detection last looked.
    @exclusivity(unchecked) var tally = CallTally()
    /// Why there is no connection; nil since there was one.
    @exclusivity(unchecked) private(set) var lastFailure: String?
    /// The endpoint that the first connection leads to.
    @exclusivity(unchecked) private(set) var endpoint: Endpoint?

    @exclusivity(unchecked) private var attempt = 0
    @exclusivity(unchecked) private var attemptBegan = NIODeadline.uptimeNanoseconds(0)
    @exclusivity(unchecked) private var untried: ArraySlice<Endpoint> = []
    @exclusivity(unchecked) private var pending = 0
    @exclusivity(unchecked) private var failures = 0
    @exclusivity(unchecked) private var keepalive: Keepalive
    @exclusivity(unchecked) private var isExtending = false
    // Whether a connection has brought a response; until then it counts as another failed attempt.
    @exclusivity(unchecked) private var hasHeard = false

    private final class Connection {
        let number = SerialNumber.next()
        let transport: any ClientTransport
        let endpoint: Endpoint
        @exclusivity(unchecked) var health: HealthWatch?

        init(_ transport: any ClientTransport, to endpoint: Endpoint) {
            self.transport = transport
            self.endpoint = endpoint
        }
    }

    init(_ endpoints: [Endpoint], _ context: Context, onChange: @escaping (Subchannel) -> Void) {
        self.endpoints = endpoints
        self.context = context
        self.onChange = onChange
        keepalive = context.keepalive
        trace = context.channelTrace == nil ? nil : ChannelTrace()
        context.channelTrace?.add("subchannel created", of: (number, name))
    }

    // MARK: For the balancer

    var connectivity: Connectivity {
        switch state {
        case .idle: .idle
        case .connecting: .connecting
        case .ready: health ?? .ready
        case .backingOff(let cause): .failed(cause)
        case .closed: .failed("it was closed")
        }
    }

    private var health: Connectivity? {
        var worst: Connectivity?
        for connection in connections {
            switch connection.health?.status {
            case nil, .healthy: return nil
            case .unknown: worst = worst ?? .connecting
            case .unhealthy(let cause): worst = .failed(cause)
            }
        }
        return worst
    }

    /// A connection that takes a request now.
    var freeTransport: (any ClientTransport)? {
        for connection in connections where connection.transport.canTakeRequest {
            if connection.health?.status.isHealthy ?? true { return connection.transport }
        }
        return nil
    }

    /// The same. When there is none because all streams are in use, another connection is made, as far as that is
    /// allowed.
    func transport() -> (any ClientTransport)? {
        if let freeTransport { return freeTransport }
        extend()
        return nil
    }

    /// Connects, unless there is a connection, or its time has not come.
    func connect() {
        guard case .idle = state else { return }
        become(.connecting, "CONNECTING")
        begin()
    }

    // MARK: Connecting

    private func begin() {
        attempt += 1
        attemptBegan = context.eventLoop.now
        untried = endpoints[...]
        pending = 0
        tryNext(attempt)
    }

    private func extend() {
        guard case .ready = state, !isExtending, connections.count < context.maxConnections else { return }
        isExtending = true
        begin()
    }

    /// A further endpoint is tried when the one before has failed, or has not answered for a while (gRFC A61, "Happy
    /// Eyeballs").
    private func tryNext(_ attempt: Int) {
        guard attempt == self.attempt, let endpoint = untried.popFirst() else { return }
        pending += 1
        let patience =
            untried.isEmpty
            ? nil
            : context.eventLoop.assumeIsolated().scheduleTask(in: Self.patience) { self.tryNext(attempt) }
        context.connector(endpoint, keepalive, context.eventLoop) { result in
            patience?.cancel()
            guard attempt == self.attempt else {
                if case .success(let transport) = result { transport.close(grace: .zero) {} }
                return
            }
            self.pending -= 1
            switch result {
            case .success(let transport):
                self.connected(transport, to: endpoint)
            case .failure(let error):
                self.tryNext(attempt)
                if self.pending == 0 { self.failed(String("\(error)".prefix(300))) }
            }
        }
    }

    /// Between the attempts at two addresses (RFC 8305 §8).
    static let patience = TimeAmount.milliseconds(250)

    private func connected(_ transport: any ClientTransport, to endpoint: Endpoint) {
        attempt += 1  // what is still being tried comes too late
        let connection = Connection(transport, to: endpoint)
        if connections.isEmpty {
            self.endpoint = endpoint
            hasHeard = false
        }
        connections.append(connection)
        isExtending = false
        lastFailure = nil
        become(.ready, "READY: connected to \(endpoint)")
        transport.whenClosing { [weak self, weak connection] reason in
            guard let self, let connection else { return }
            closing(connection, reason)
        }
        if let service = context.healthCheckService {
            connection.health = HealthWatch(
                service, on: transport, target: context.target, eventLoop: context.eventLoop, logger: context.logger
            ) { [weak self] in
                guard let self else { return }
                onChange(self)
            }
            connection.health?.start()
        }
        onChange(self)
    }

    private func closing(_ connection: Connection, _ reason: ConnectionCloseReason) {
        guard connections.contains(where: { $0 === connection }) else { return }
        connections.removeAll { $0 === connection }
        connection.health?.stop()
        let cause = reason.explanation
        context.logger.debug("connection closing", metadata: ["target": "\(context.target)", "cause": "\(cause)"])
        let isExpected = if case .goAway(.noError, _) = reason { true } else { reason == .requested }
        trace?.add("connection to \(connection.endpoint) ends: \(cause)", isExpected ? .info : .warning)
        if case .goAway(.enhanceYourCalm, "too_many_pings") = reason { slowDown() }
        guard case .ready = state else { return }
        // Those that stay may not be healthy: calls that wait must hear of it.
        guard connections.isEmpty else { return onChange(self) }
        // A server that lets go while it has calls of ours is there, although it has not answered yet.
        let isGraceful = if case .goAway(.noError, _) = reason { calls.open > 0 } else { false }
        guard hasHeard || isGraceful else { return failed(cause) }
        attempt += 1
        isExtending = false
        become(.idle, "IDLE")
        onChange(self)
    }

    /// The server wants fewer PINGs (gRFC A8, "Client Side").
    private func slowDown() {
        guard let time = keepalive.time else { return }
        keepalive.time = time * 2
        context.logger.warning(
            "the server is asked for a sign of life too often; half as often from now on",
            metadata: ["target": "\(context.target)", "keepalive": "\(time * 2)"])
    }

    private func failed(_ cause: String) {
        attempt += 1
        failures += 1
        var generator = SystemRandomNumberGenerator()
        let delay = context.backoff.delay(after: failures, using: &generator)
        let until = max(attemptBegan + .nanoseconds(delay.clampedNanoseconds), context.eventLoop.now)
        guard !isExtending else {
            // The calls have their connections; another one may help them later.
            context.eventLoop.assumeIsolated().scheduleTask(deadline: until) { self.isExtending = false }
            return
        }
        lastFailure = cause
        become(.backingOff(cause: cause), "TRANSIENT_FAILURE: \(cause)", .warning)
        if failures == 1 {
            context.logger.warning(
                "cannot connect", metadata: ["target": "\(context.target)", "cause": "\(cause)"])
        }
        context.eventLoop.assumeIsolated().scheduleTask(deadline: until) { [weak self] in self?.backedOff() }
        onChange(self)
    }

    private func backedOff() {
        guard case .backingOff = state else { return }
        become(.idle, "IDLE")
        onChange(self)
    }

    private func become(_ state: State, _ text: String, _ severity: ChannelTrace.Severity = .info) {
        self.state = state
        guard let trace else { return }
        trace.add(text, severity)
        context.onConnectivity()
    }

    // MARK: The end

    /// No more calls; those that are open have `grace`. `done` is called when all connections are closed.
    func close(grace: TimeAmount, _ done: @escaping () -> Void) {
        attempt += 1
        become(.closed, "SHUTDOWN")
        context.channelTrace?.add("subchannel removed", of: (number, name))
        let last = connections
        connections = []
        let countdown = Countdown(last.count, done)
        for connection in last {
            connection.health?.stop()
            connection.transport.close(grace: grace) { countdown.count() }
        }
    }

    // MARK: What becomes of attempts

    func began(at instant: NIODeadline) { calls.began(at: instant) }

    /// The peer has answered.
    func heard() {
        hasHeard = true
        failures = 0
    }

    func ended(_ code: StatusCode) {
        calls.ended(code)
        tally.count(code)
    }

    /// It was cancelled, which says nothing about the endpoint.
    func gaveUp() { calls.ended(.cancelled) }

    // MARK: For channelz

    struct Snapshot: Sendable {
        let number: Int64
        let name: String
        let connectivity: Connectivity
        let calls: CallTotals
        let trace: ChannelTrace?
        let connections: [(number: Int64, name: String)]
    }

    private var name: String { endpoints.map { "\($0)" }.joined(separator: ", ") }

    var snapshot: Snapshot {
        Snapshot(
            number: number, name: name, connectivity: connectivity, calls: calls, trace: trace,
            connections: connections.map { ($0.number, "\($0.endpoint)") })
    }

    func connection(_ number: Int64) -> (name: String, statistics: ConnectionStatistics)? {
        connections.first { $0.number == number }.map { ("\($0.endpoint)", $0.transport.statistics) }
    }
}

extension Subchannel.Connectivity {
    /// Of several (gRFC A61, "aggregated connectivity"): nil when one of them is closed.
    static func merged(_ all: [Self?]) -> Self? {
        let open = all.compactMap(\.self)
        guard open.count == all.count else { return nil }
        if open.contains(.ready) { return .ready }
        if open.contains(.connecting) { return .connecting }
        if open.isEmpty || open.contains(.idle) { return .idle }
        return open.last
    }
}
