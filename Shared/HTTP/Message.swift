/// Which protocol carries an exchange.
public enum HTTPVersion: Sendable, Hashable {
    case http1_1
    case http2
}

/// What a request asks for. `path` contains the query; it is empty for CONNECT (RFC 9113 §8.5).
public struct RequestHead: Sendable, Hashable {
    private var target: RequestTarget
    /// The fields besides the pseudo ones; names in lower case.
    public var headers: Headers
    /// Which protocol it came by.
    public var version: HTTPVersion

    /// A head of these parts.
    public init(
        method: String, scheme: String, authority: String, path: String, headers: Headers = [:],
        version: HTTPVersion = .http2
    ) {
        target = RequestTarget(method: method, scheme: scheme, authority: authority, path: path)
        self.headers = headers
        self.version = version
    }

    init(_ target: RequestTarget, _ headers: Headers, version: HTTPVersion) {
        self.target = target
        self.headers = headers
        self.version = version
    }

    /// `GET`, `POST` …
    public var method: String { target.method }
    /// `http` or `https`.
    public var scheme: String { target.scheme }
    /// `host` or `host:port`, as the client says it.
    public var authority: String {
        get { target.authority }
        set { target = RequestTarget(method: method, scheme: scheme, authority: newValue, path: path) }
    }
    /// The path with its query.
    public var path: String {
        get { target.path }
        set { target = RequestTarget(method: method, scheme: scheme, authority: authority, path: newValue) }
    }

    public static func == (one: RequestHead, other: RequestHead) -> Bool {
        one.method == other.method && one.scheme == other.scheme && one.authority == other.authority
            && one.path == other.path && one.headers == other.headers && one.version == other.version
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(path)
        hasher.combine(headers)
    }
}

/// A final response's status (200 … 599) and fields.
public struct ResponseHead: Sendable, Hashable {
    /// 200 … 599.
    public var status: Int
    /// The fields; names in lower case.
    public var headers: Headers

    /// A head of these parts.
    public init(status: Int, headers: Headers = [:]) {
        self.status = status
        self.headers = headers
    }
}

/// The other end of a connection.
public struct Peer: Sendable, Hashable {
    /// `address:port`, or the path of a unix socket; `unknown` when the system does not say.
    public var address: String
    /// Whether the connection is encrypted.
    public var isTLS: Bool
    /// Of a client, where the server requires certificates; nil elsewhere.
    public var certificate: PeerCertificate?

    /// A peer made by hand, for tests.
    public init(address: String, isTLS: Bool, certificate: PeerCertificate? = nil) {
        self.address = address
        self.isTLS = isTLS
        self.certificate = certificate
    }
}

/// Why a stream or connection ended (RFC 9113 §7).
public struct HTTP2ErrorCode: RawRepresentable, Sendable, Hashable, CustomStringConvertible {
    public var rawValue: UInt32

    public init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// The end, without an error.
    public static let noError = HTTP2ErrorCode(rawValue: 0x0)
    /// A rule of the protocol was broken, and no other code says which.
    public static let protocolError = HTTP2ErrorCode(rawValue: 0x1)
    /// A fault of whoever says it.
    public static let internalError = HTTP2ErrorCode(rawValue: 0x2)
    /// More was sent than the window allowed.
    public static let flowControlError = HTTP2ErrorCode(rawValue: 0x3)
    /// SETTINGS were not acknowledged in time.
    public static let settingsTimeout = HTTP2ErrorCode(rawValue: 0x4)
    /// A frame came on a stream that was half-closed.
    public static let streamClosed = HTTP2ErrorCode(rawValue: 0x5)
    /// A frame has a wrong size.
    public static let frameSizeError = HTTP2ErrorCode(rawValue: 0x6)
    /// The stream was refused before anything was done with it; it is safe to ask again.
    public static let refusedStream = HTTP2ErrorCode(rawValue: 0x7)
    /// The stream is no longer needed.
    public static let cancel = HTTP2ErrorCode(rawValue: 0x8)
    /// The state of header compression is lost.
    public static let compressionError = HTTP2ErrorCode(rawValue: 0x9)
    /// A connection made for CONNECT was reset.
    public static let connectError = HTTP2ErrorCode(rawValue: 0xa)
    /// The peer does too much of something.
    public static let enhanceYourCalm = HTTP2ErrorCode(rawValue: 0xb)
    /// The transport's security is not good enough.
    public static let inadequateSecurity = HTTP2ErrorCode(rawValue: 0xc)
    /// HTTP/1.1 is to be used.
    public static let http11Required = HTTP2ErrorCode(rawValue: 0xd)

    private static let names = [
        "NO_ERROR", "PROTOCOL_ERROR", "INTERNAL_ERROR", "FLOW_CONTROL_ERROR", "SETTINGS_TIMEOUT", "STREAM_CLOSED",
        "FRAME_SIZE_ERROR", "REFUSED_STREAM", "CANCEL", "COMPRESSION_ERROR", "CONNECT_ERROR", "ENHANCE_YOUR_CALM",
        "INADEQUATE_SECURITY", "HTTP_1_1_REQUIRED",
    ]

    /// The name in RFC 9113 §7, or the number when it has none.
    public var description: String {
        rawValue < Self.names.count ? Self.names[Int(rawValue)] : "0x" + String(rawValue, radix: 16)
    }
}
