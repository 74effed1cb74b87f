import HTTP
import Logging
import Protobuf
import RPC
import Schema
import Standard

import protocol NIOCore.EventLoopGroup

/// What every process serves on its one port: its own methods, health, reflection and, for operators, channelz; with
/// tokens checked.
public struct Server: Sendable {
    public let http: HTTPServer
    /// What `GET /metrics` tells; calls and the process are in it already.
    public let metrics: Metrics

    /// - Parameters:
    ///   - fallback: for requests that are no RPCs.
    ///   - passthrough: for methods of other services.
    ///   - telemetry: what the process measures of the calls that it makes, and where traces go.
    public init(
        _ methods: [Method], health: HealthStatus, configuration: ServiceConfiguration, authenticator: Authenticator,
        interceptors: [any ServerInterceptor] = [], fallback: (any Application)? = nil, passthrough: RawHandler? = nil,
        reflecting services: [String]? = nil, telemetry: Telemetry? = nil, group: any EventLoopGroup, logger: Logger
    ) {
        let own = Set(methods.map(\.service)).union(["grpc.health.v1.Health"])
        let reflection = RPC.Reflection(services: (services ?? own.sorted()) + [Channelz.service], pool: .schema)
        let channelz = telemetry?.channelz ?? Channelz()
        let metrics = Metrics(service: configuration.service)
        self.metrics = metrics
        var pool = DescriptorPool.schema
        pool.add(.standard)
        var options = ServerOptions()
        options.tracer = telemetry?.tracer
        if configuration.hasAdaptiveLimit { options.adaptiveLimit = AdaptiveLimit() }
        let application = RPCServer(
            methods: methods + health.methods + reflection.methods
                + channelz.methods(allowing: { try $0.requireOperator() }),
            interceptors: [CallLog(logger: logger), authenticator] + interceptors, options: options,
            fallback: OperatorDoor(metrics: metrics, logger: logger, fallback: fallback), passthrough: passthrough,
            contract: Array(DescriptorPool.schema.services.values), pool: pool, group: group, logger: logger)
        metrics.add(application.counts.write)
        if let telemetry { metrics.add(telemetry.calls.write) }
        http = HTTPServer(
            configuration: configuration.http,
            application: configuration.allowedOrigins.isEmpty
                ? application : CrossOriginApplication(application, allowing: configuration.allowedOrigins),
            group: group, logger: logger)
        channelz.add(application, on: http, named: configuration.service)
    }
}
