import Schema
import ServiceKit

/// One-tap questions to the trustor (docs/domain.md §6.2, rules 16 and 20).
extension Pulse {
    static let values: ClosedRange<Int32> = 1...5
    /// Between two answers to one item; exactly this long is allowed.
    static let restHours = 168

    /// The trustor's answer to one item.
    /// - Parameter last: when the same item was last answered.
    /// - Throws: INVALID_ARGUMENT for an unknown item or scope or a value out of 1...5; RESOURCE_EXHAUSTED,
    ///   PULSE_TOO_SOON less than 168 h after the last answer.
    static func answer(
        _ request: SubmitPulseRequest, named name: String, by author: String, last: Instant?, at now: Instant
    ) throws -> Pulse {
        try Check.known(request.item, "item")
        try Check.range(request.value, "value", values)
        if request.scope != .unspecified { try Check.known(request.scope, "scope") }
        if let last, now < last.adding(hours: restHours) {
            throw Refusal(.resourceExhausted, "PULSE_TOO_SOON", "\(request.item) was answered less than 7 days ago")
        }
        return Pulse(
            name: name, author: author, item: request.item, value: request.value,
            scope: request.scope == .selfOnly ? .selfOnly : .shared, createTime: now.timestamp)
    }
}
