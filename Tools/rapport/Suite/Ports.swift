import NIOCore
import NIOPosix

/// TCP ports of this machine.
enum Ports {
    /// Below the range from which Linux takes ports for outgoing connections (ip_local_port_range), so that none of
    /// those takes the port between the choice and its use.
    static let range = 10_000..<32_768
    static let attempts = 200

    /// True when a program could listen there now.
    static func isFree(_ port: Int, on host: String) async -> Bool {
        do {
            let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .serverChannelOption(ChannelOptions.socketOption(.so_reuseaddr), value: 1)
                .bind(host: host, port: port).get()
            try await listener.close().get()
            return true
        } catch {
            return false
        }
    }

    static func free(on host: String, except taken: Set<Int>) async throws -> Int {
        for _ in 0..<attempts {
            let port = Int.random(in: range)
            if !taken.contains(port), await isFree(port, on: host) { return port }
        }
        throw Failure("no free port found on \(host)")
    }
}
