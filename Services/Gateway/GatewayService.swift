import FoundationEssentials
import HTTP
import Logging
import NIOCore
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
        _ configuration: ServiceConfiguration, identity: WorkloadIdentity, credentials: ClientCredentials? = nil,
        clock: ServiceClock, timeouts: Timeouts = Timeouts(), telemetry: Telemetry? = nil, group: any EventLoopGroup,
        logger: Logger
    ) throws {
        let upstreams = Upstreams(
            configuration.peers, credentials: credentials, identity: identity, clock: clock,
            timeouts: timeouts, telemetry: telemetry, group: group, logger: logger)
        let views = Views(upstreams: upstreams, clock: clock).viewsServiceMethods
        let services = upstreams.services + Set(views.map(\.service)).sorted()
        var pool = DescriptorPool.schema
        pool.add(.standard)
        let authenticator = Authenticator(configuration, clock: clock)
        let routes = try RouteTable(pool, services: services)
        let handler = RESTHandler(
            routes: routes,
            mapping: JSONMapping(pool, options: .init(printsDefaults: true)), upstreams: upstreams,
            own: Dictionary(uniqueKeysWithValues: views.map { ($0.path, $0) }), authenticator: authenticator,
            doors: Doors(
                upstreams: upstreams, services: services,
                contract: OpenAPIDocument(routes, services: services, in: pool)))
        rest = RESTApplication(handler: handler, group: group, logger: logger)
        server = Server(
            views, health: health, configuration: configuration, authenticator: authenticator, fallback: rest,
            passthrough: passthrough(
                to: upstreams, methods: try RPCTraits.all(of: upstreams.services, in: pool), draining: draining),
            reflecting: services + ["grpc.health.v1.Health"], telemetry: telemetry, group: group, logger: logger)
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
        try await Host.run(configuration, logger) { host in
            let gateway = try GatewayService(
                configuration, identity: host.identity, credentials: host.credentials, clock: clock,
                telemetry: host.telemetry, group: host.group, logger: logger)
            let address = try await gateway.start()
            let following = gateway.upstreams.all.map { upstream in
                { @Sendable () async throws -> Void in await upstream.followHealth(into: gateway.health) }
            }
            try await host.serve(gateway.server, at: address, beside: following) { await gateway.stop() }
        }
    }
}
