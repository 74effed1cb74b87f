import NIOCore
import NIOSSL
import Synchronization

/// What a connection tells of itself when somebody asks (gRFC A14, "Socket").
public struct ConnectionStatistics: Sendable, Hashable {
    /// What is known of a connection's TLS. NIOSSL does not tell the cipher suite, nor our own certificate.
    public struct TLS: Sendable, Hashable {
        /// `TLSv1.3`; empty before the handshake is over.
        public var version = ""
        /// Of the peer, in DER; nil when it has shown none.
        public var remoteCertificate: [UInt8]?

        /// Before the handshake.
        public init() {}
    }

    /// Requests, over HTTP/1 too.
    public var streamsStarted = 0
    /// Those whose answer was sent, or received, to its end.
    public var streamsSucceeded = 0
    /// Those that ended before that.
    public var streamsFailed = 0
    /// Messages of the application's protocol, as `Exchange.countMessages(sent:received:)` was told of them.
    public var messagesSent = 0
    /// The same, received.
    public var messagesReceived = 0
    /// PINGs that asked for a sign of life.
    public var keepalivesSent = 0
    /// When the last one began, was sent and was received: not earlier, and at most one look at the clock (5 s) later.
    /// nil when there has been none.
    public var lastStream: NIODeadline?
    /// As `lastStream`, of messages sent.
    public var lastMessageSent: NIODeadline?
    /// As `lastStream`, of messages received.
    public var lastMessageReceived: NIODeadline?
    /// Bytes of bodies that may be sent, and received, before the other side gives more credit; nil over HTTP/1.
    public var sendWindow: Int?
    /// The same, of bodies that may be received.
    public var receiveWindow: Int?
    /// The address on our side; nil when the system does not say.
    public var local: SocketAddress?
    /// The address of the peer; nil when the system does not say.
    public var remote: SocketAddress?
    /// nil in cleartext.
    public var tls: TLS?

    /// Of a connection over which nothing has passed.
    public init() {}

    /// What the channel knows. Called on its event loop.
    mutating func describe(_ channel: any Channel, isTLS: Bool) {
        local = channel.localAddress
        remote = channel.remoteAddress
        guard isTLS else { return }
        let pipeline = channel.pipeline.syncOperations
        var tls = TLS()
        tls.version = (try? pipeline.nioSSL_tlsVersion())?.name ?? ""
        tls.remoteCertificate = try? pipeline.nioSSL_peerCertificate()?.toDERBytes()
        self.tls = tls
    }
}

extension TLSVersion {
    /// In the words of OpenSSL, which other makers use too.
    fileprivate var name: String {
        switch self {
        case .tlsv1: "TLSv1"
        case .tlsv11: "TLSv1.1"
        case .tlsv12: "TLSv1.2"
        case .tlsv13: "TLSv1.3"
        }
    }
}

/// Counts what passes over one connection. The clock is not read for it: the connection looks a few times per timeout,
/// and notes when there was something new.
struct ConnectionActivity {
    var streams = 0
    var failedStreams = 0
    var messagesSent = 0
    var messagesReceived = 0
    var keepalivesSent = 0

    private var seen = (streams: 0, sent: 0, received: 0)
    private var last: (stream: NIODeadline?, sent: NIODeadline?, received: NIODeadline?)

    mutating func look(_ now: NIODeadline) {
        if streams != seen.streams { last.stream = now }
        if messagesSent != seen.sent { last.sent = now }
        if messagesReceived != seen.received { last.received = now }
        seen = (streams, messagesSent, messagesReceived)
    }

    /// - Parameter open: streams that have not ended.
    mutating func statistics(open: Int, now: NIODeadline) -> ConnectionStatistics {
        look(now)
        var statistics = ConnectionStatistics()
        statistics.streamsStarted = streams
        statistics.streamsFailed = failedStreams
        statistics.streamsSucceeded = streams - failedStreams - open
        statistics.messagesSent = messagesSent
        statistics.messagesReceived = messagesReceived
        statistics.keepalivesSent = keepalivesSent
        statistics.lastStream = last.stream
        statistics.lastMessageSent = last.sent
        statistics.lastMessageReceived = last.received
        return statistics
    }
}

/// Numbers of what can be asked about one by one: servers, channels, connections. Unique in the process, from 1 on,
/// later ones greater.
public enum SerialNumber {
    private static let last = Atomic<Int64>(0)

    /// A number that nobody has had.
    public static func next() -> Int64 { last.add(1, ordering: .relaxed).newValue }
}
