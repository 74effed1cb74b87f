import HTTP
import NIOPosix

/// Finds the endpoints behind a name. A channel asks again when a connection is lost or cannot be made.
public protocol NameResolver: Sendable {
    /// At least one endpoint, in order of preference. An error's text is shown to callers as the cause of UNAVAILABLE.
    func resolve() async throws -> [Endpoint]
}

/// Asks the system: `/etc/hosts`, the DNS, in the order of RFC 6724.
public struct DNSResolver: NameResolver {
    typealias Lookup = @Sendable (_ host: String, _ port: Int) async throws -> [Endpoint]

    private let host: String
    private let port: Int
    private let lookup: Lookup

    /// - Parameters:
    ///   - host: a name, or an address, which stands for itself.
    ///   - port: 1 … 65535.
    public init(host: String, port: Int) {
        self.init(host: host, port: port, lookup: Self.system)
    }

    init(host: String, port: Int, lookup: @escaping Lookup) {
        self.host = host
        self.port = port
        self.lookup = lookup
    }

    public func resolve() async throws -> [Endpoint] { try await lookup(host, port) }

    static let system: Lookup = { host, port in
        // It waits for other machines: not on a loop.
        try await NIOThreadPool.singleton.runIfActive { try AddressLookup.endpoints(host: host, port: port) }
    }
}
