import FoundationEssentials
import HTTP
import Logging
import NIOPosix

import enum NIOCore.SocketAddress
import enum NIOCore.System

/// What every process of the suite stands on: its data directory, its event loops, its key, its way to the others.
public struct Host: Sendable {
    public let group: MultiThreadedEventLoopGroup
    public let identity: WorkloadIdentity
    /// For channels to the other services; nil for cleartext.
    public let credentials: ClientCredentials?
    public let telemetry: Telemetry
    private let logger: Logger
    private let started = ContinuousClock.now

    private init(_ configuration: ServiceConfiguration, _ logger: Logger) async throws {
        try FileManager.default.createDirectory(atPath: configuration.dataDirectory, withIntermediateDirectories: true)
        group = MultiThreadedEventLoopGroup(
            numberOfThreads: configuration.threads == 0 ? System.coreCount : configuration.threads)
        identity = try await WorkloadIdentity(
            service: configuration.service, dataDirectory: configuration.dataDirectory,
            keysDirectory: configuration.keysDirectory)
        credentials = try configuration.clientTLS.map { try ClientCredentials($0, logger: logger) }
        telemetry = try Telemetry(configuration, group: group, logger: logger)
        self.logger = logger
    }

    /// Runs `body` on a host of its own; the event loops end after it.
    public static func run(
        _ configuration: ServiceConfiguration, _ logger: Logger, _ body: (Host) async throws -> Void
    ) async throws {
        let host = try await Host(configuration, logger)
        try await body(host)
        try await host.group.shutdownGracefully()
        logger.info("stopped")
    }

    /// From the moment when the process serves until SIGTERM or SIGINT, and through its draining.
    /// - Parameters:
    ///   - server: what it listens with.
    ///   - address: where it listens.
    ///   - tasks: what goes on beside requests; cancelled when all requests are done.
    ///   - drain: ends open streams, lets running requests finish, closes.
    public func serve(
        _ server: Server, at address: SocketAddress, beside tasks: [@Sendable () async throws -> Void],
        drain: () async throws -> Void
    ) async throws {
        logger.info("ready", metadata: ["address": "\(address)", "after": "\(ContinuousClock.now - started)"])
        try await withThrowingTaskGroup(of: Void.self) { group in
            for task in tasks { group.addTask(operation: task) }
            if let exporter = telemetry.exporter {
                server.metrics.add(exporter.write)
                group.addTask { await exporter.run(server.metrics) }
            }
            await Process.untilTerminated()
            logger.info("draining")
            try await drain()
            group.cancelAll()
            while let result = await group.nextResult() {
                if case .failure(let error) = result, !(error is CancellationError) {
                    logger.error("a background task failed", metadata: ["error": "\(error)"])
                }
            }
        }
    }
}
