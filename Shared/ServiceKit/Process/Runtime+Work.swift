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
}
