import NIOCore
import Protobuf
import RPC
import ServiceKit

/// gRPC for all services through one address: a call goes on to the service that its package names.
///
/// A unary call without a deadline gets the gateway's, and is repeated where that is safe (docs/domain.md §6.0); streams
/// have none and end when the gateway drains.
func passthrough(
    to upstreams: Upstreams, methods: [String: RPCTraits], draining: Draining
) -> RawHandler {
    let forward = forwarding(
        to: { context in
            guard let upstream = upstreams[context.service] else { throw unknown(context) }
            return upstream.channel
        },
        options: { context in try await upstreams.options(for: context) })
    return { requests, context, responses in
        guard let upstream = upstreams[context.service] else { throw unknown(context) }
        do {
            guard let rpc = methods[context.method], rpc.isUnary else {
                return try await draining.run { try await forward(requests, context, responses) }
            }
            let request = try await onlyMessage(of: requests, rpc)
            let options = try await upstreams.options(for: context, timeout: upstreams.timeouts[rpc])
            let answer = try await upstream.answer(rpc, request, options)
            context.initialMetadata = answer.initialMetadata
            try await responses.write(answer.message)
            context.trailingMetadata = answer.trailingMetadata
        } catch {
            throw upstream.explained(error)
        }
    }
}

/// As a service itself would refuse it: a repeated call needs its request whole.
private func onlyMessage(of requests: RequestStream<ByteBuffer>, _ rpc: RPCTraits) async throws -> [UInt8] {
    var message: [UInt8]?
    for try await request in requests {
        guard message == nil else {
            throw RPCError(.unimplemented, "\(rpc.path) takes one message, more were sent")
        }
        message = [UInt8](request.readableBytesView)
    }
    guard let message else { throw RPCError(.unimplemented, "\(rpc.path) takes one message, none was sent") }
    return message
}

private func unknown(_ context: ServerContext) -> RPCError {
    RPCError(.unimplemented, "there is no service \(context.service.prefix(256)) here")
}
