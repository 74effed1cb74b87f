import NIOCore

/// Where to listen or connect.
public enum Endpoint: Sendable, Hashable, CustomStringConvertible {
    /// A name or an address, and a port of 0 to 65535; 0 lets the system choose, for who listens.
    case tcp(host: String, port: Int)
    /// A unix socket.
    case unix(path: String)

    public var description: String {
        switch self {
        case .tcp(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .unix(let path): "unix:\(path)"
        }
    }
}

/// Windows and limits of one HTTP/2 connection. Each limit that fires logs one WARN line with the peer and the count.
public struct HTTP2Settings: Sendable, Hashable {
    /// SETTINGS_MAX_CONCURRENT_STREAMS: streams a peer may have open. RFC 9113 §6.5.2 advises at least 100.
    public var maxConcurrentStreams = 128

    /// Receive window per stream in bytes (1 … 2^31−1): four times RFC 9113's 64 KiB, which throttles large messages.
    public var streamWindow = 256 * 1024

    /// Receive window per connection in bytes (65 535 … 2^31−1): four streams may be stuck without stopping the others.
    public var connectionWindow = 1024 * 1024

    /// Largest header list in bytes, counted as name + value + 32 per field (RFC 9113 §6.5.2), enforced while decoding.
    /// A request above it is answered 431, a response above it is reset; a client that sends more than four times as much
    /// loses its connection, before the rest is decoded. gRPC suggests 8 KiB; tokens need some room.
    public var maxHeaderListSize = 16 * 1024

    /// RST_STREAM frames per `abuseWindow` that a peer may send or make us send (CVE-2023-44487, CVE-2025-8671);
    /// nil exempts a trusted mesh.
    public var maxResets: Int? = 200

    /// Frames per `abuseWindow` beyond what useful frames earn: PING, SETTINGS, PRIORITY, empty DATA
    /// (CVE-2019-9512, -9513, -9515, -9518).
    public var maxIdleFrames = 10_000

    /// Over which time resets and idle frames are counted.
    public var abuseWindow: TimeAmount = .seconds(30)

    /// Frames that may wait to be sent (CVE-2019-9517), of which nghttp2 allows 1000 to be acknowledgements.
    public var maxOutboundFrames = 5_000

    /// How long a client may take from its preface to its SETTINGS, and any peer to finish a header block that it began.
    public var headerTimeout: TimeAmount = .seconds(10)

    /// How long a peer may take to finish any other frame that it began, of at most 16 KiB.
    public var frameTimeout: TimeAmount = .seconds(60)

    /// How long a peer may read nothing of the connection, which is then closed, or of one stream, which is then reset.
    public var writeStallTimeout: TimeAmount = .seconds(60)

    /// Queued body bytes per stream at which `isWritable` turns false; `becameWritable` comes at half of it.
    public var highWaterMark = 64 * 1024

    /// Everything at its default.
    public init() {}
}

/// A server's address, protections and limits.
public struct HTTPConfiguration: Sendable {
    /// Where to listen. Port 0 lets the system choose.
    public var bind: Endpoint
    /// Cleartext when nil.
    public var tls: ServerTLS?
    /// Windows and limits of each HTTP/2 connection.
    public var http2 = HTTP2Settings()

    /// Connections at one time; more are closed at once. Each costs about 20 KiB.
    public var maxConnections = 10_000

    /// Bytes of unfinished requests and unread answers that all connections of one event loop may hold together. Beyond,
    /// the connections that hold the most lose their largest exchanges: RST_STREAM with ENHANCE_YOUR_CALM, which gRPC
    /// takes for RESOURCE_EXHAUSTED, or the end of an HTTP/1 connection. Sixteen of the largest messages.
    public var maxHeldBytesPerLoop = 64 * 1024 * 1024

    /// How long a connection may take to show its protocol, TLS handshake included, and to send an HTTP/1 head.
    public var prefaceTimeout: TimeAmount = .seconds(10)

    /// After how long without a stream an HTTP/2 connection is drained. Long, since idle peers of a mesh are normal.
    public var idleTimeout: TimeAmount = .minutes(10)

    /// How long an HTTP/2 connection lives, give or take a tenth by chance, before it is drained (gRFC A9): so that
    /// clients spread anew over servers. nil for as long as its peer wants.
    public var maxAge: TimeAmount?

    /// How long the streams of a connection that is too old may go on. nil for as long as they want.
    public var ageGrace: TimeAmount?

    /// Whether clients are asked for signs of life.
    public var keepalive = Keepalive.server
    /// How often clients may ask for signs of life.
    public var pings = PingLimits()

    /// How long the first GOAWAY of a drain waits for the peer's answer to PING before the second one goes (gRFC A9).
    public var drainNotice: TimeAmount = .seconds(1)

    /// How long an HTTP/1 connection may take from the end of one response to the next whole request head.
    public var http1KeepAliveTimeout: TimeAmount = .seconds(60)

    /// Largest HTTP/1 request head in bytes; above it the answer is 431 (414 for the target alone).
    public var http1MaxHeadSize = 16 * 1024

    /// How long an HTTP/1 body that is being read may bring nothing.
    public var http1BodyTimeout: TimeAmount = .seconds(60)

    /// HTTP/1 requests that may come in one read, or wait, behind the one that is being answered (pipelining, RFC 9112
    /// §9.3.2).
    public var http1MaxPipelined = 64

    /// Header fields of an HTTP/1 request, its trailers included; above it the answer is 431.
    public var http1MaxFields = 256

    /// Received HTTP/1 body bytes not yet consumed at which reading stops.
    public var http1BodyWindow = 256 * 1024

    /// Connections that the kernel may hold before they are accepted.
    public var backlog: Int32 = 1024

    /// Everything else at its default.
    public init(bind: Endpoint = .tcp(host: "127.0.0.1", port: 0), tls: ServerTLS? = nil) {
        self.bind = bind
        self.tls = tls
    }
}

/// A client connection's limits.
public struct HTTPClientConfiguration: Sendable {
    /// Windows and limits of a connection.
    public var http2 = HTTP2Settings()
    /// Whether the server is asked for signs of life.
    public var keepalive = Keepalive.client

    /// For TCP and TLS together; gRPC's minimum connect timeout (connection-backoff.md).
    public var connectTimeout: TimeAmount = .seconds(20)

    /// Everything at its default.
    public init() {}
}
