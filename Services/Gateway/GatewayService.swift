import FoundationEssentials
import HTTP
import Logging
import NIOCore
import NIOPosix
import Protobuf
import RPC
import Schema
import ServiceKit
import Standard

/// The only door for people: REST/JSON and gRPC on one port, before the services behind it.
struct GatewayService: Sendable {
    let upstreams: Upstreams
    let health = HealthStatus()
    private let rest: RESTApplication
    private let server: Server
    private let draining = Draining()
    private let drainSeconds: Int64

    init(
        _ configuration: ServiceConfiguration, identity: WorkloadIdentity, clock: ServiceClock,
        group: any EventLoopGroup, logger: Logger
    ) throws {
        let upstreams = Upstreams(configuration.peers, identity: identity, clock: clock, group: group, logger: logger)
        var pool = DescriptorPool.schema
        pool.add(.standard)
        let views = CoachViews(upstreams: upstreams)
        let keys = Keys(directory: configuration.keysDirectory, isDevelopment: configuration.isDevelopment)
        let handler = RESTHandler(
            routes: try RouteTable(pool, services: upstreams.services + views.viewsServiceMethods.map(\.service)),
            mapping: JSONMapping(pool, options: .init(printsDefaults: true)), upstreams: upstreams, views: views,
            authenticator: Authenticator(keys: keys, clock: clock))
        rest = RESTApplication(handler: handler, group: group, logger: logger)
        server = Server(
            views.viewsServiceMethods, health: health, configuration: configuration, clock: clock, fallback: rest,
            passthrough: passthrough(to: upstreams, methods: pool.services, draining: draining),
            reflecting: upstreams.services + ["rapport.gateway.v1.ViewsService", "grpc.health.v1.Health"], group: group,
            logger: logger)
        self.upstreams = upstreams
        drainSeconds = configuration.drainSeconds
    }

    /// - Returns: the address that it listens on.
    func start() async throws -> SocketAddress {
        let address = try await server.http.start()
        health.set(.serving)
        return address
    }

    /// Ends open streams, lets running requests finish, closes.
    func stop() async {
        health.shutDown()
        draining.begin()
        rest.endStreams()
        await server.http.drain(grace: .seconds(drainSeconds))
        await upstreams.close()
    }

    /// Until SIGTERM or SIGINT.
    static func run(_ configuration: ServiceConfiguration, _ logger: Logger, _ clock: ServiceClock) async throws {
        let started = ContinuousClock.now
        try FileManager.default.createDirectory(
            atPath: configuration.dataDirectory, withIntermediateDirectories: true)
        let threads = configuration.threads == 0 ? System.coreCount : configuration.threads
        let group = MultiThreadedEventLoopGroup(numberOfThreads: threads)
        let identity = try await WorkloadIdentity(
            service: "gateway", dataDirectory: configuration.dataDirectory, keysDirectory: configuration.keysDirectory)
        let gateway = try GatewayService(configuration, identity: identity, clock: clock, group: group, logger: logger)
        let address = try await gateway.start()
        logger.info("ready", metadata: ["address": "\(address)", "after": "\(ContinuousClock.now - started)"])
        await withTaskGroup(of: Void.self) { tasks in
            for upstream in gateway.upstreams.all {
                tasks.addTask { await upstream.followHealth(into: gateway.health) }
            }
            await Process.untilTerminated()
            logger.info("draining")
            await gateway.stop()
            tasks.cancelAll()
        }
        try await group.shutdownGracefully()
        logger.info("stopped")
    }
}
