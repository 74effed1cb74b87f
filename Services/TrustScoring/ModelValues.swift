import Schema
import ServiceKit
import Standard
import Storage
import TrustModel

// The model and the contract share their words. In this service the bare word is the model's; the message that goes
// over the wire is written `Schema.Evidence`.
typealias Band = TrustModel.Band
typealias Component = TrustModel.Component
typealias Evidence = TrustModel.Evidence
typealias Explanation = TrustModel.Explanation
typealias Instant = TrustModel.Instant
typealias Interval = TrustModel.Interval
typealias OutcomeKind = TrustModel.OutcomeKind
typealias OutcomePart = TrustModel.OutcomePart
typealias Practice = TrustModel.Practice
typealias SustainingIndex = TrustModel.SustainingIndex

extension Instant {
    /// - Throws: `Refusal` for what is no timestamp.
    init(_ timestamp: Timestamp) throws {
        self.init(try ServiceKit.Instant(timestamp))
    }

    init(_ instant: ServiceKit.Instant) {
        self.init(microseconds: instant.microseconds)
    }

    var timestamp: Timestamp { ServiceKit.Instant(microseconds: microseconds).timestamp }

    func advanced(byHours hours: Int) -> Instant {
        Instant(microseconds: microseconds + Int64(hours) * ServiceKit.Instant.microsecondsPerHour)
    }
}

extension EventID {
    init(_ identifier: Identifier) {
        self.init(high: identifier.high, low: identifier.low)
    }

    var identifier: Identifier { Identifier(high: high, low: low) }
}
