import HTTP
import Logging
import NIOCore

/// Connects to all endpoints and spreads the calls over those that are ready: round_robin and least_request
/// (gRFC A48), with outlier detection (gRFC A50) where that is wanted.
final class Spread: LoadBalancer {
    enum Choice: Equatable {
        case inTurn
        case leastRequest(choices: Int)
    }

    private let context: Subchannel.Context
    private let choice: Choice
    private let onChange: (_ isLost: Bool) -> Void
    private(set) var subchannels: [Subchannel] = []
    // Those that calls go to: made anew when one changes, not with each call.
    private var ready: [Subchannel] = []
    private var isWanted = false
    private var turn: Int
    private var detector: OutlierDetector?
    private var inspection: Scheduled<Void>?
    private var isClosed = false

    init(
        _ context: Subchannel.Context, _ choice: Choice, outliers: OutlierDetection?,
        onChange: @escaping (_ isLost: Bool) -> Void
    ) {
        self.context = context
        self.choice = choice
        self.onChange = onChange
        // Clients that start together do not all begin with the same server.
        turn = Int.random(in: 0..<1024)
        detector = outliers.map { OutlierDetector($0) }
        if let outliers { inspect(every: .nanoseconds(outliers.interval.clampedNanoseconds)) }
    }

    // MARK: Picking

    func pick() -> Pick {
        if let picked = picked() { return picked }
        guard ready.isEmpty else { return .wait }
        isWanted = true
        for subchannel in subchannels { subchannel.connect() }
        var cause: String?
        for subchannel in subchannels {
            switch subchannel.connectivity {
            case .ready: cause = "all that answer were found worse than the others were"
            case .failed(let text): cause = text
            case .idle, .connecting:
                // One that has failed before is not waited for (gRFC A62, "sticky TRANSIENT_FAILURE").
                guard let failure = subchannel.lastFailure else { return .wait }
                cause = failure
            }
        }
        return cause.map { .fail($0) } ?? .wait
    }

    private func findReady() {
        ready = subchannels.filter { $0.connectivity == .ready && detector?.isEjected($0) != true }
    }

    private func picked() -> Pick? {
        guard !ready.isEmpty else { return nil }
        switch choice {
        case .inTurn:
            turn &+= 1
            for offset in 0..<ready.count {
                let subchannel = ready[(turn &+ offset) % ready.count]
                if let transport = subchannel.transport() { return .connection(transport, subchannel) }
            }
        case .leastRequest(let choices):
            var least = ready[Int.random(in: 0..<ready.count)]
            for _ in 1..<choices {
                let other = ready[Int.random(in: 0..<ready.count)]
                if other.calls.open < least.calls.open { least = other }
            }
            if let transport = least.transport() { return .connection(transport, least) }
            for subchannel in ready {
                if let transport = subchannel.transport() { return .connection(transport, subchannel) }
            }
        }
        return nil
    }

    // MARK: Endpoints

    func update(_ endpoints: [Endpoint]) {
        var seen = Set<Endpoint>()
        let wanted = endpoints.filter { seen.insert($0).inserted }
        let gone = subchannels.filter { !seen.contains($0.endpoints[0]) }
        subchannels = wanted.map { endpoint in
            subchannels.first { $0.endpoints[0] == endpoint }
                ?? Subchannel([endpoint], context) { [weak self] in self?.changed($0) }
        }
        for subchannel in gone {
            detector?.forget(subchannel)
            subchannel.close(grace: .minutes(5)) {}
        }
        if isWanted { for subchannel in subchannels { subchannel.connect() } }
        findReady()
        onChange(false)
    }

    private func changed(_ subchannel: Subchannel) {
        guard !isClosed, subchannels.contains(where: { $0 === subchannel }) else { return }
        let isLost = subchannel.connectivity != .ready && subchannel.connectivity != .connecting
        subchannel.connect()
        findReady()
        onChange(isLost)
    }

    private func inspect(every interval: TimeAmount) {
        inspection = context.eventLoop.assumeIsolated().scheduleTask(in: interval) { [weak self] in
            guard let self else { return }
            inspect()
            inspect(every: interval)
        }
    }

    private func inspect() {
        detector?.inspect(subchannels, now: context.eventLoop.now) { subchannel, isEjected in
            context.logger.warning(
                isEjected
                    ? "an endpoint answers worse than the others: no calls for now" : "an endpoint gets calls again",
                metadata: ["target": "\(context.target)", "endpoint": "\(subchannel.endpoints[0])"])
        }
        findReady()
        onChange(false)
    }

    func close(grace: TimeAmount, _ done: @escaping () -> Void) {
        isClosed = true
        inspection?.cancel()
        let last = subchannels
        subchannels = []
        ready = []
        let countdown = Countdown(last.count, done)
        for subchannel in last { subchannel.close(grace: grace) { countdown.count() } }
    }
}
