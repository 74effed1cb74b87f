import HTTP
import NIOCore

/// Decides which connection an attempt takes. Confined to its event loop.
protocol LoadBalancer: AnyObject {
    /// Asks for a connection, and so has one made where that is needed.
    func pick() -> Pick
    /// Those that calls may go to.
    var subchannels: [Subchannel] { get }
    /// The name means these endpoints now; connections to others take no more calls. At least one.
    func update(_ endpoints: [Endpoint])
    func close(grace: TimeAmount, _ done: @escaping () -> Void)
}

enum Pick {
    case connection(any ClientTransport, Subchannel)
    /// There may be one soon.
    case wait
    /// There is none, and this is why.
    case fail(String)
}

/// Calls a function when it has been called so often.
final class Countdown {
    private var left: Int
    private let done: () -> Void

    init(_ count: Int, _ done: @escaping () -> Void) {
        left = count
        self.done = done
        if count == 0 { done() }
    }

    func count() {
        left -= 1
        if left == 0 { done() }
    }
}
