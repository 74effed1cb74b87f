import Protobuf
import RPC
import ServiceKit

/// gRPC for all services through one address: a call goes on to the service that its package names.
///
/// A call without a deadline gets the gateway's (docs/domain.md §6.0); streams have none and end when the gateway
/// drains.
func passthrough(
    to upstreams: Upstreams, methods services: [String: ServiceDescriptor], draining: Draining
) -> RawHandler {
    var timeouts: [String: Duration] = [:]
    for service in services.values {
        for method in service.methods { timeouts["\(service.fullName)/\(method.name)"] = CallTimeout.of(method) }
    }
    let forward = forwarding(
        to: { context in
            guard let upstream = upstreams[context.service] else { throw unknown(context) }
            return upstream.channel
        },
        options: { [timeouts] context in
            try await upstreams.options(for: context, timeout: timeouts[context.method])
        })
    return { [timeouts] requests, context, responses in
        guard let upstream = upstreams[context.service] else { throw unknown(context) }
        do {
            guard timeouts[context.method] == nil else { return try await forward(requests, context, responses) }
            try await draining.run { try await forward(requests, context, responses) }
        } catch {
            throw upstream.explained(error)
        }
    }
}

private func unknown(_ context: ServerContext) -> RPCError {
    RPCError(.unimplemented, "there is no service \(context.service.prefix(256)) here")
}

/// Deadlines of calls that came without one (docs/domain.md §6.0).
enum CallTimeout {
    static let read = Duration.seconds(2)
    static let write = Duration.seconds(5)

    /// Nil for streams.
    static func of(_ method: MethodDescriptor) -> Duration? {
        if method.isClientStreaming || method.isServerStreaming { return nil }
        return method.name.hasPrefix("Get") || method.name.hasPrefix("List") || method.name.hasPrefix("Explain")
            ? read : write
    }
}
