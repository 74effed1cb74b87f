import HTTP
import Logging
import NIOPosix
import RPC
import ServiceKit
import Standard

/// Waits until a server says that it serves (gRPC doc/health-checking.md).
enum Readiness {
    static let pollInterval: Duration = .milliseconds(20)

    /// True when the server answers SERVING within `patience`; false when `isAlive` turns false or time runs out.
    static func await(address: String, patience: Duration, isAlive: () -> Bool) async throws -> Bool {
        let credentials = try TLSOptions.standard.credentials()
        let end = ContinuousClock.now + patience
        while isAlive(), ContinuousClock.now < end {
            if await isServing(address, credentials) { return true }
            try await Task.sleep(for: pollInterval)
        }
        return false
    }

    /// One question on a connection of its own: a kept channel would wait a second after a refused connection.
    static func isServing(_ address: String, _ credentials: ClientCredentials?) async -> Bool {
        guard let channel = try? Connection.channel(to: address, credentials) else { return false }
        let answer: HealthCheckResponse? = try? await channel.unary(
            "grpc.health.v1.Health/Check", HealthCheckRequest(), CallOptions(timeout: .seconds(2)))
        await channel.close(grace: .zero)
        return answer?.status == .serving
    }
}

/// Channels of this program.
enum Connection {
    /// - Parameter credentials: cleartext when nil.
    static func channel(to address: String, _ credentials: ClientCredentials?) throws -> RPC.Channel {
        guard let endpoint = Endpoint(address: address) else {
            throw Failure("\(address): host:port is needed, for example 127.0.0.1:8080")
        }
        return RPC.Channel(
            endpoint, credentials: credentials, group: MultiThreadedEventLoopGroup.singleton,
            logger: Logger(label: "rapport") { _ in SwiftLogNoOpLogHandler() })
    }
}
