/// `host`, `host:port`, `[address]` or `[address]:port`, taken apart.
package struct HostAndPort {
    package let host: String
    package let port: Int?

    /// - Parameter ports: that are legal; 0, which lets the system choose, for who listens.
    package init?(_ text: Substring, ports: ClosedRange<Int> = 1...65535) {
        let host: Substring
        let rest: Substring
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]") else { return nil }
            host = text[text.index(after: text.startIndex)..<end]
            rest = text[text.index(after: end)...]
        } else {
            host = text.prefix { $0 != ":" }
            rest = text.dropFirst(host.count)
        }
        let isLegal = host.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "/") }
        guard !host.isEmpty, isLegal else { return nil }
        self.host = String(host)
        guard !rest.isEmpty else {
            port = nil
            return
        }
        guard rest.hasPrefix(":"), let port = Int(rest.dropFirst()), ports.contains(port) else { return nil }
        self.port = port
    }
}

extension Endpoint {
    /// `host:port`, `[v6]:port` or `unix:/path`; port 0 to 65535.
    public init?(address: String) {
        if address.hasPrefix("unix:") {
            let path = String(address.dropFirst(5))
            guard !path.isEmpty else { return nil }
            self = .unix(path: path)
            return
        }
        guard let parts = HostAndPort(address[...], ports: 0...65535), let port = parts.port else { return nil }
        self = .tcp(host: parts.host, port: port)
    }
}
