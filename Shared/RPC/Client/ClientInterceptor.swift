/// Code around the calls of a channel, of all kinds: credentials, logs, limits.
public protocol ClientInterceptor: Sendable {
    /// Before a call begins, in the task that makes it: may change what is asked of it, or refuse it by throwing.
    /// - Parameter path: `package.Service/Method`.
    func willCall(_ path: String, _ options: inout CallOptions) async throws

    /// After the end of a call that `willCall` has let pass, once, on an event loop or, when another interceptor refused
    /// the call, in its task: it must not wait.
    /// - Parameter error: nil for OK. A stream that its reader gave up has ended with CANCELLED.
    func didEnd(_ path: String, _ error: RPCError?)
}

extension ClientInterceptor {
    public func willCall(_ path: String, _ options: inout CallOptions) async throws {}
    public func didEnd(_ path: String, _ error: RPCError?) {}
}

extension RPCError {
    /// What an interceptor threw.
    init(refusing error: any Error) {
        self =
            (error as? RPCError) ?? (error as? any RPCErrorConvertible)?.rpcError
            ?? RPCError(.unknown, "an interceptor refused the call")
    }
}
