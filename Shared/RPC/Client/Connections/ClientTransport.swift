import HTTP
import NIOCore

/// A connection as a channel sees it. Confined to its event loop.
protocol ClientTransport: AnyObject {
    /// Ready, and below the peer's limit of concurrent streams.
    var canTakeRequest: Bool { get }
    func request(_ head: RequestHead, endStream: Bool, delegate: any ClientExchangeDelegate) -> any ClientExchange
    /// Tells once when no more requests are taken, with the cause; the requests that are open may go on.
    func whenClosing(_ body: @escaping (ConnectionCloseReason) -> Void)
    /// What it tells of itself now.
    var statistics: ConnectionStatistics { get }
    func close(grace: TimeAmount, _ done: @escaping () -> Void)
}

/// Opens a connection; called on the loop, and calls back there.
typealias Connector =
    @Sendable (Endpoint, Keepalive, any EventLoop, @escaping (Result<any ClientTransport, any Error>) -> Void) -> Void
