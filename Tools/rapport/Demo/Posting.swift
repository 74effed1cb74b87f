import RPC
import Standard
import Storage

/// What every mutating request of the loader carries.
struct Posting: Sendable {
    /// The same for the same step of the same story: a step that was in doubt when something crashed takes effect once.
    let requestID: String
    let occurredAt: Timestamp
    let options: CallOptions

    static func requestID(_ story: String, dayZero: CalendarDay, step: String) -> String {
        let namespace = Identifier(high: 0x6d3b_1c70_52f4_4f0e, low: 0x9a61_8d1f_2be0_c5a7)
        return Identifier.version5(namespace: namespace, name: "\(story)/\(dayZero)/\(step)").description
    }
}

/// Calls again while a service is away; a request id makes that safe for mutations.
struct Persistence: Sendable {
    /// The time after which a service that stays away is given up.
    var patience: Duration = .seconds(60)
    var firstDelay: Duration = .milliseconds(50)
    var lastDelay: Duration = .seconds(2)

    /// - Parameter isTransient: what to call again for.
    func callAsFunction<Answer: Sendable>(
        isTransient: (RPCError) -> Bool = { [.unavailable, .deadlineExceeded].contains($0.code) },
        _ call: () async throws -> Answer
    ) async throws -> Answer {
        let end = ContinuousClock.now + patience
        var delay = firstDelay
        while true {
            do {
                return try await call()
            } catch let error as RPCError where isTransient(error) && ContinuousClock.now < end {
                try await Task.sleep(for: max(delay, error.retryDelay ?? .zero))
                delay = min(delay * 2, lastDelay)
            }
        }
    }

    /// Makes something unless it exists already under its own name: request ids are forgotten after a day.
    ///
    /// - Parameter what: for the message of a refusal.
    func once<Answer: Sendable>(_ what: String, _ create: () async throws -> Answer) async throws {
        do {
            _ = try await self(create)
        } catch let error as RPCError where error.code == .alreadyExists && error.reason != "REQUEST_ID_REUSED" {
        } catch let error as RPCError {
            throw Failure("\(what): \(ErrorText(error).text)")
        }
    }
}
