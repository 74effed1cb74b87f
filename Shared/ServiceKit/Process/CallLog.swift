import Logging
import RPC

/// Logs calls that fail for reasons of ours, each with the caller's trace id; the others only when debugging.
struct CallLog: ServerInterceptor {
    let logger: Logger

    func intercept(_ context: ServerContext, next: () async throws -> Void) async throws {
        do {
            try await next()
            logger.debug("call", metadata: metadata(of: context))
        } catch {
            let status = (error as? RPCError) ?? (error as? any RPCErrorConvertible)?.rpcError
            var metadata = metadata(of: context)
            metadata["status"] = "\(status?.code.name ?? "UNKNOWN")"
            if let reason = status?.reason { metadata["reason"] = "\(reason)" }
            if let status, ![.internal, .unknown, .dataLoss].contains(status.code) {
                logger.debug("call refused", metadata: metadata)
            } else {
                metadata["error"] = "\(error)"
                logger.error("call failed", metadata: metadata)
            }
            throw error
        }
    }

    /// W3C trace context: version-traceid-parent-flags.
    private func metadata(of context: ServerContext) -> Logger.Metadata {
        var metadata: Logger.Metadata = ["method": "\(context.method)"]
        let traceparent = context.trace?.traceparent ?? context.metadata["traceparent"]
        if let parts = traceparent?.split(separator: "-"), parts.count >= 4 {
            metadata["trace_id"] = "\(parts[1])"
        }
        return metadata
    }
}
