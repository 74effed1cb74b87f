import RPC

extension TraceContext {
    /// Continues the caller's trace, or starts one: the same for all calls that one request leads to.
    static func of(_ context: ServerContext) -> TraceContext {
        if let known = context.trace ?? context[TraceContext.self] { return known }
        let trace = context.metadata["traceparent"].flatMap { TraceContext(traceparent: $0) } ?? TraceContext()
        context[TraceContext.self] = trace
        return trace
    }
}
