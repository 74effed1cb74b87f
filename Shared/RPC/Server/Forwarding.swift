import NIOCore

/// A handler that passes any call on to another server: messages as they are, metadata, deadline and cancellation one
/// way, metadata and status with its details the other way.
/// - Parameters:
///   - channel: where a call goes; throw to refuse it.
///   - options: what the call onward carries; by default the deadline and all metadata of the caller.
public func forwarding(
    to channel: @escaping @Sendable (ServerContext) async throws -> Channel,
    options: @escaping @Sendable (ServerContext) async throws -> CallOptions = { context in
        CallOptions(metadata: context.metadata, deadline: context.deadline)
    }
) -> RawHandler {
    { requests, context, responses in
        let call = try await channel(context).raw(context.method, options(context))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                do {
                    for try await request in requests { try await call.requests.write(request) }
                    call.requests.finish()
                } catch {
                    // Either side has ended the call; the responses tell how.
                    if context.isCancelled { call.responses.cancel() }
                }
            }
            defer { group.cancelAll() }
            context.initialMetadata = try await call.responses.initialMetadata
            responses.start()
            for try await response in call.responses { try await responses.write(response) }
            context.trailingMetadata = call.responses.trailingMetadata
        }
    }
}
