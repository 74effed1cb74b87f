import RPC

extension Runtime {
    /// Looks for work four times a second, until cancelled: an indexed look is cheap. A fault of one look is logged and no reason
    /// to end the process.
    /// - Parameters:
    ///   - what: names the work in the log, for example `matching`.
    ///   - work: does what waits now.
    public func work(on what: String, _ work: () async throws -> Void) async throws {
        while !Task.isCancelled {
            do {
                try await work()
            } catch let error where !(error is CancellationError) {
                logger.error("\(what) is delayed", metadata: ["error": "\(error)"])
                try await Task.sleep(for: .seconds(5))
            }
            try await Task.sleep(for: .milliseconds(250))
        }
    }

    /// A change that the service makes by itself, for nobody.
    /// - Parameter method: names what it does, where a request's method would stand.
    public func act<T: Sendable>(
        as method: String, in organization: String, _ body: @Sendable @escaping (Change) throws -> T
    ) async throws -> T {
        let context = ServerContext(method: method)
        context[Caller.self] = Caller(service: service)
        return try await change(context, in: organization, body)
    }
}

extension Refusal {
    /// What is kept of work that came to nothing: why it was refused, or that the service is at fault.
    public init(failed error: any Error) {
        self =
            error as? Refusal
            ?? Refusal(.internal, "INTERNAL", "It failed by a fault of the service, whose log says more.")
    }
}
