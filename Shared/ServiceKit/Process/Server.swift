import HTTP
import Logging
import Protobuf
import RPC
import Schema
import Standard

import protocol NIOCore.EventLoopGroup

/// What every process serves on its one port: its own methods, health and reflection, with tokens checked.
public struct Server: Sendable {
    public let http: HTTPServer

    /// - Parameters:
    ///   - fallback: for requests that are not gRPC.
    ///   - passthrough: for gRPC methods of other services.
    public init(
        _ methods: [Method], health: HealthStatus, configuration: ServiceConfiguration, authenticator: Authenticator,
        interceptors: [any ServerInterceptor] = [], fallback: (any Application)? = nil, passthrough: RawHandler? = nil,
        reflecting services: [String]? = nil, group: any EventLoopGroup, logger: Logger
    ) {
        let own = Set(methods.map(\.service)).union(["grpc.health.v1.Health"])
        let reflection = RPC.Reflection(services: services ?? own.sorted(), pool: .schema)
        let application = RPCServer(
            methods: methods + health.methods + reflection.methods,
            interceptors: [CallLog(logger: logger), authenticator] + interceptors, fallback: fallback,
            passthrough: passthrough, group: group, logger: logger)
        http = HTTPServer(
            configuration: HTTPConfiguration(bind: configuration.listen), application: application, group: group,
            logger: logger)
    }
}
