import NIOCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The addresses behind a name, as the system knows them.
public enum AddressLookup {
    /// Why there are none, in the system's words.
    public struct Failure: Error, Sendable, Hashable, CustomStringConvertible {
        public let description: String
    }

    /// Asks `/etc/hosts` and the DNS; blocks until they answer.
    /// - Parameters:
    ///   - host: a name or an address.
    ///   - port: 1 … 65535.
    /// - Returns: each address once, the preferred one first (RFC 6724).
    public static func endpoints(host: String, port: Int) throws(Failure) -> [Endpoint] {
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let status = getaddrinfo(host, "\(port)", &hints, &list)
        guard status == 0 else { throw Failure(description: String(cString: gai_strerror(status))) }
        defer { freeaddrinfo(list) }
        var endpoints: [Endpoint] = []
        var entry = list
        while let address = entry?.pointee {
            if let endpoint = endpoint(address), !endpoints.contains(endpoint) { endpoints.append(endpoint) }
            entry = address.ai_next
        }
        return endpoints
    }

    private static func endpoint(_ address: addrinfo) -> Endpoint? {
        guard let bytes = address.ai_addr else { return nil }
        let socketAddress: SocketAddress
        switch address.ai_family {
        case AF_INET:
            socketAddress = bytes.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { SocketAddress($0.pointee) }
        case AF_INET6:
            socketAddress = bytes.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) { SocketAddress($0.pointee) }
        default: return nil
        }
        guard let host = socketAddress.ipAddress, let port = socketAddress.port else { return nil }
        return .tcp(host: host, port: port)
    }

    /// Whether a text is an address of its family, rather than a name.
    public static func isAddress(_ text: String, ipv6: Bool) -> Bool {
        guard let address = try? SocketAddress(ipAddress: text, port: 0) else { return false }
        switch address {
        case .v4: return !ipv6
        case .v6: return ipv6
        case .unixDomainSocket: return false
        }
    }
}
