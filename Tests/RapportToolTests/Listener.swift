import NIOCore
import NIOPosix

/// A program that listens, for tests of a port in use.
struct Listener {
    let port: Int
    private let channel: any NIOCore.Channel

    static func start() async throws -> Listener {
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .bind(host: "127.0.0.1", port: 0).get()
        return Listener(port: channel.localAddress?.port ?? 0, channel: channel)
    }

    func close() async throws {
        try await channel.close().get()
    }
}
