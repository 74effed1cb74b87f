import Schema
import ServiceKit
import TrustModel

extension HypotheticalEvent {
    /// The evidence that it would be.
    ///
    /// - Parameters:
    ///   - number: tells the hypotheses of one question apart.
    ///   - instant: the one asked about; nothing after it would count.
    /// - Throws: `Refusal` INVALID_ARGUMENT: UNKNOWN_KIND, or a value or date that does not fit.
    func evidence(
        _ number: Int, in relationship: Relationship, start: Instant, at instant: Instant
    ) throws -> Evidence {
        let field = "events[\(number)]"
        guard let kind = EvidenceKind(rawValue: kind) else {
            throw Refusal.invalid(
                "\(field).kind", "no such kind of evidence; take one such as commitment.kept", reason: "UNKNOWN_KIND")
        }
        let occurredAt = try self.occurredAt.map { timestamp in
            Instant(try Check.instant(timestamp, "\(field).occurred_at"))
        }
        if let occurredAt, occurredAt < start || occurredAt > instant {
            throw Refusal.invalid("\(field).occurred_at", "must lie between the relationship's start and as_of")
        }
        do {
            return try Evidence.make(
                kind, id: EventID(high: 0, low: UInt64(number) + 1), measure: try measure(of: kind),
                sourceID: relationship.source(of: kind), occurredAt: occurredAt ?? instant,
                recordedAt: occurredAt ?? instant)
        } catch {
            throw Refusal.invalid(
                "\(field).value",
                "1 to 5 for ratings, -2 to 2 for goal.gas, whole days for commitment.kept_late, otherwise 0")
        }
    }

    private func measure(of kind: EvidenceKind) throws(EvidenceError) -> Measure {
        switch kind {
        case _ where kind.isPulse: return .pulse(Int(value))
        case .goalAttainment: return .attainment(Int(value))
        case .commitmentKeptLate: return .daysLate(Int(value))
        default:
            guard value == 0 else { throw .measureInvalid }
            return .none
        }
    }
}
