import HTTP
import NIOCore

/// The first endpoint that answers has all calls, as long as its connection lasts (gRFC A61, A62).
final class PickFirst: LoadBalancer {
    private let context: Subchannel.Context
    private let shuffles: Bool
    private let onChange: (_ isLost: Bool) -> Void
    @exclusivity(unchecked) private var subchannel: Subchannel?

    /// - Parameter onChange: told when `pick` may have another answer, and whether a connection was lost or not found.
    init(_ context: Subchannel.Context, shuffles: Bool, onChange: @escaping (_ isLost: Bool) -> Void) {
        self.context = context
        self.shuffles = shuffles
        self.onChange = onChange
    }

    var subchannels: [Subchannel] { subchannel.map { [$0] } ?? [] }

    func pick() -> Pick {
        guard let subchannel else { return .wait }
        if let transport = subchannel.freeTransport { return .connection(transport, subchannel) }
        switch subchannel.connectivity {
        case .ready:
            return subchannel.transport().map { .connection($0, subchannel) } ?? .wait
        case .idle:
            subchannel.connect()
            // It may have failed at once.
            if case .failed(let cause) = subchannel.connectivity { return .fail(cause) }
            return .wait
        case .connecting:
            return .wait
        case .failed(let cause):
            return .fail(cause)
        }
    }

    func update(_ endpoints: [Endpoint]) {
        let old = subchannel
        if let old {
            if Set(old.endpoints) == Set(endpoints) { return }
            // A connection is kept that leads where it should.
            if old.connectivity == .ready, let endpoint = old.endpoint, endpoints.contains(endpoint) { return }
        }
        subchannel = Subchannel(shuffles ? endpoints.shuffled() : endpoints, context) { [weak self] changed in
            guard let self, changed === subchannel else { return }
            onChange(changed.connectivity != .ready && changed.connectivity != .connecting)
        }
        old?.close(grace: .minutes(5)) {}
        onChange(false)
    }

    func close(grace: TimeAmount, _ done: @escaping () -> Void) {
        guard let subchannel else { return done() }
        self.subchannel = nil
        subchannel.close(grace: grace, done)
    }
}
