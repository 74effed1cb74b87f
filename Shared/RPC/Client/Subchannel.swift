import HTTP
import Logging
import NIOCore

/// One event loop's connection to the target of a channel, and the calls that wait for it. Confined to its loop.
///
/// A channel has one for each loop, so that a call made on a loop never leaves it. It connects when the first call
/// comes, tries the target's endpoints in order, and backs off when none answers; meanwhile calls fail at once, unless
/// they wait for ready.
final class Subchannel: @unchecked Sendable {
    // Unchecked: all state is touched on the loop only.
    private enum State {
        case idle
        case connecting(attempt: Int)
        case ready(any ClientTransport)
        case backingOff(until: NIODeadline, cause: String)
        case closed
    }

    let eventLoop: any EventLoop
    let wheel: DeadlineWheel
    let target: Target
    private let options: RPC.Channel.Options
    private let connector: Connector
    private let logger: Logger

    private var state = State.idle
    private var queue = CircularBuffer<ClientCall>()
    private var readyWaiters: [Waiter<Void>] = []
    private var attempts = 0
    private var failures = 0
    private var attemptBegan = NIODeadline.uptimeNanoseconds(0)
    // Whether the present connection has brought a response; until then it counts as another failed attempt.
    private var hasHeard = false
    private var isWaking = false

    init(
        _ target: Target, _ options: RPC.Channel.Options, on eventLoop: any EventLoop, connector: @escaping Connector,
        logger: Logger
    ) {
        self.target = target
        self.options = options
        self.eventLoop = eventLoop
        self.connector = connector
        self.logger = logger
        wheel = DeadlineWheel(eventLoop: eventLoop)
    }

    // MARK: Calls

    func submit(_ call: ClientCall) {
        switch state {
        case .ready(let transport) where queue.isEmpty && transport.canTakeRequest:
            call.send(on: transport)
        case .backingOff(let until, let cause) where !call.options.waitForReady && eventLoop.now < until:
            call.fail(unavailable(cause))
        case .closed:
            call.fail(RPCError(.unavailable, "the channel to \(target) is closed"))
        default:
            guard queue.count < options.maxWaitingCalls else {
                return call.fail(RPCError(.resourceExhausted, "\(queue.count) calls wait for \(target) already"))
            }
            queue.append(call)
            wake()
        }
    }

    /// Resolved when there is a connection, or the attempt to make one has failed.
    func whenReady(_ waiter: Waiter<Void>) {
        switch state {
        case .ready: waiter.resolve(.success(()))
        case .closed: waiter.resolve(.failure(RPCError(.unavailable, "the channel to \(target) is closed")))
        case .backingOff(let until, let cause) where eventLoop.now < until:
            waiter.resolve(.failure(unavailable(cause)))
        case .idle, .connecting, .backingOff:
            readyWaiters.append(waiter)
            wake()
        }
    }

    /// A call no longer needs its place; another one may have it.
    func ended(_ call: ClientCall, wasWaiting: Bool) {
        if wasWaiting, let index = queue.firstIndex(where: { $0 === call }) { queue.remove(at: index) }
        guard !queue.isEmpty, !isWaking else { return }
        // The transport counts a stream out only after it has told its delegate.
        isWaking = true
        eventLoop.assumeIsolated().execute {
            self.isWaking = false
            self.wake()
        }
    }

    /// The peer has answered: the connection is good.
    func heard() {
        hasHeard = true
        failures = 0
    }

    /// Does what the state allows for the calls that wait.
    private func wake() {
        switch state {
        case .ready(let transport):
            while transport.canTakeRequest, let call = queue.popFirst() { call.send(on: transport) }
        case .idle:
            if !queue.isEmpty || !readyWaiters.isEmpty { connect() }
        case .backingOff(let until, _):
            if eventLoop.now >= until {
                state = .idle
                wake()
            }
        case .connecting, .closed:
            break
        }
    }

    // MARK: The connection

    private func connect() {
        attempts += 1
        attemptBegan = eventLoop.now
        state = .connecting(attempt: attempts)
        connect(to: 0, attempt: attempts)
    }

    private func connect(to index: Int, attempt: Int) {
        connector(target.endpoints[index], eventLoop) { result in
            guard case .connecting(attempt) = self.state else {
                if case .success(let transport) = result { transport.close(grace: .zero) {} }
                return
            }
            switch result {
            case .success(let transport):
                self.connected(transport)
            case .failure(let error):
                if index + 1 < self.target.endpoints.count {
                    self.connect(to: index + 1, attempt: attempt)
                } else {
                    self.failed(String("\(error)".prefix(300)))
                }
            }
        }
    }

    private func connected(_ transport: any ClientTransport) {
        state = .ready(transport)
        hasHeard = false
        transport.whenClosing { [weak self, weak transport] cause in
            guard let self, let transport else { return }
            closing(transport, cause)
        }
        let waiters = readyWaiters
        readyWaiters = []
        for waiter in waiters { waiter.resolve(.success(())) }
        wake()
    }

    private func closing(_ transport: any ClientTransport, _ cause: String) {
        guard case .ready(let current) = state, current === transport else { return }
        logger.debug("connection closing", metadata: ["target": "\(target)", "cause": "\(cause)"])
        guard hasHeard else { return failed(cause) }
        state = .idle
        wake()
    }

    private func failed(_ cause: String) {
        failures += 1
        var generator = SystemRandomNumberGenerator()
        let delay = options.backoff.delay(after: failures, using: &generator)
        let until = max(attemptBegan + .nanoseconds(delay.clampedNanoseconds), eventLoop.now)
        state = .backingOff(until: until, cause: cause)
        if failures == 1 {
            logger.warning("cannot connect", metadata: ["target": "\(target)", "cause": "\(cause)"])
        }
        let waiters = readyWaiters
        readyWaiters = []
        for waiter in waiters { waiter.resolve(.failure(unavailable(cause))) }
        let waiting = queue
        queue = CircularBuffer()
        for call in waiting where call.options.waitForReady { queue.append(call) }
        for call in waiting where !call.options.waitForReady { call.fail(unavailable(cause)) }
        eventLoop.assumeIsolated().scheduleTask(deadline: until) { [weak self] in self?.wake() }
    }

    private func unavailable(_ cause: String) -> RPCError {
        RPCError(.unavailable, "\(target) cannot be reached: \(cause)")
    }

    func close(grace: Duration, _ done: Waiter<Void>) {
        let transport: (any ClientTransport)? = if case .ready(let transport) = state { transport } else { nil }
        state = .closed
        let error = RPCError(.unavailable, "the channel to \(target) was closed")
        for waiter in readyWaiters { waiter.resolve(.failure(error)) }
        readyWaiters = []
        let waiting = queue
        queue = CircularBuffer()
        for call in waiting { call.fail(error) }
        guard let transport else {
            done.resolve(.success(()))
            return
        }
        transport.close(grace: .nanoseconds(grace.clampedNanoseconds)) { done.resolve(.success(())) }
    }
}
