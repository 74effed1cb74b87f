/// Which protocol carries an exchange.
public enum HTTPVersion: Sendable, Hashable {
    case http1_1
    case http2
}

/// What a request asks for. `path` contains the query; it is empty for CONNECT (RFC 9113 §8.5).
public struct RequestHead: Sendable, Hashable {
    public var method: String
    public var scheme: String
    public var authority: String
    public var path: String
    public var headers: Headers
    public var version: HTTPVersion

    public init(
        method: String, scheme: String, authority: String, path: String, headers: Headers = [:],
        version: HTTPVersion = .http2
    ) {
        self.method = method
        self.scheme = scheme
        self.authority = authority
        self.path = path
        self.headers = headers
        self.version = version
    }
}

/// A final response's status (200 … 599) and fields.
public struct ResponseHead: Sendable, Hashable {
    public var status: Int
    public var headers: Headers

    public init(status: Int, headers: Headers = [:]) {
        self.status = status
        self.headers = headers
    }
}

/// The other end of a connection.
public struct Peer: Sendable, Hashable {
    /// `address:port`, or the path of a unix socket; `unknown` when the system does not say.
    public var address: String
    public var isTLS: Bool
    /// Of a client, where the server requires certificates; nil elsewhere.
    public var certificate: PeerCertificate?

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

    public static let noError = HTTP2ErrorCode(rawValue: 0x0)
    public static let protocolError = HTTP2ErrorCode(rawValue: 0x1)
    public static let internalError = HTTP2ErrorCode(rawValue: 0x2)
    public static let flowControlError = HTTP2ErrorCode(rawValue: 0x3)
    public static let settingsTimeout = HTTP2ErrorCode(rawValue: 0x4)
    public static let streamClosed = HTTP2ErrorCode(rawValue: 0x5)
    public static let frameSizeError = HTTP2ErrorCode(rawValue: 0x6)
    public static let refusedStream = HTTP2ErrorCode(rawValue: 0x7)
    public static let cancel = HTTP2ErrorCode(rawValue: 0x8)
    public static let compressionError = HTTP2ErrorCode(rawValue: 0x9)
    public static let connectError = HTTP2ErrorCode(rawValue: 0xa)
    public static let enhanceYourCalm = HTTP2ErrorCode(rawValue: 0xb)
    public static let inadequateSecurity = HTTP2ErrorCode(rawValue: 0xc)
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
