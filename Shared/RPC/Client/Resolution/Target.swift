import HTTP

/// Where a channel leads, and under which name.
struct Target: Sendable, CustomStringConvertible {
    enum Source: Sendable {
        /// Known from the start; at least one, in order of preference.
        case endpoints([Endpoint])
        case resolver(any NameResolver)
    }

    let source: Source
    let scheme: String
    /// What requests say in `:authority`.
    let authority: String
    /// What a server's certificate must say, unless the credentials tell; nil for the host of the endpoint.
    let serverName: String?
    let description: String

    init(_ endpoints: [Endpoint], isTLS: Bool) {
        source = .endpoints(endpoints)
        scheme = isTLS ? "https" : "http"
        authority =
            switch endpoints.first {
            case .tcp?: "\(endpoints[0])"
            default: "localhost"
            }
        serverName = nil
        description = endpoints.map { "\($0)" }.joined(separator: ", ")
    }

    init(_ resolver: any NameResolver, authority: String, serverName: String?, isTLS: Bool) {
        source = .resolver(resolver)
        scheme = isTLS ? "https" : "http"
        self.authority = authority
        self.serverName = serverName
        description = authority
    }
}

/// Why a text is no target.
public struct TargetError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What was to be read.
    public var text: String
    /// What to write instead.
    public var problem: String

    public var description: String { "\"\(text)\" is no target: \(problem)" }
}

extension Target {
    /// Reads a name as gRPC writes it (gRPC doc/naming.md): `dns:host:port`, `dns:///host:port`, `host:port`,
    /// `ipv4:10.0.0.1:80,10.0.0.2:80`, `ipv6:[::1]:80`, `unix:relative/or/absolute/path`, `unix:///absolute/path`.
    /// - Parameter lookup: asks the DNS; its default is the system's.
    init(parsing text: String, isTLS: Bool, lookup: @escaping DNSResolver.Lookup = DNSResolver.system)
        throws(TargetError)
    {
        func refuse(_ problem: String) -> TargetError { TargetError(text: text, problem: problem) }
        let colon = text.firstIndex(of: ":")
        let scheme = colon.map { text[..<$0] }
        let rest = colon.map { text[text.index(after: $0)...] } ?? ""
        switch scheme {
        case "unix":
            let path = rest.hasPrefix("///") ? rest.dropFirst(2) : rest
            guard !path.isEmpty, !path.hasPrefix("//") else { throw refuse("write unix:path or unix:///absolute/path") }
            self.init([.unix(path: String(path))], isTLS: isTLS)
        case "ipv4", "ipv6":
            let addresses = rest.hasPrefix("///") ? rest.dropFirst(3) : rest
            var endpoints: [Endpoint] = []
            for address in addresses.split(separator: ",", omittingEmptySubsequences: false) {
                guard let parts = HostAndPort(address), AddressLookup.isAddress(parts.host, ipv6: scheme == "ipv6")
                else { throw refuse("write \(scheme == "ipv6" ? "ipv6:[::1]:8001" : "ipv4:127.0.0.1:8001")") }
                endpoints.append(.tcp(host: parts.host, port: parts.port ?? Self.defaultPort))
            }
            self.init(endpoints, isTLS: isTLS)
        case "dns" where rest.hasPrefix("//") && !rest.hasPrefix("///"):
            throw refuse("a DNS server of its own cannot be named; write dns:///host:port")
        case "dns":
            try self.init(name: rest.hasPrefix("///") ? rest.dropFirst(3) : rest, text, isTLS, lookup)
        default:
            guard !text.contains("://") else { throw refuse("the schemes are dns, ipv4, ipv6 and unix") }
            try self.init(name: text[...], text, isTLS, lookup)
        }
    }

    private init(name: Substring, _ text: String, _ isTLS: Bool, _ lookup: @escaping DNSResolver.Lookup)
        throws(TargetError)
    {
        guard let parts = HostAndPort(name) else {
            throw TargetError(text: text, problem: "write host:port")
        }
        self.init(
            DNSResolver(host: parts.host, port: parts.port ?? Self.defaultPort, lookup: lookup),
            authority: String(name), serverName: parts.host, isTLS: isTLS)
    }

    /// As everywhere in gRPC, with TLS or without.
    private static let defaultPort = 443
}
