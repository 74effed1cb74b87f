import Schema
import ServiceKit
import Storage
import TrustModel

/// What one relationship says to a roll-up (docs/domain.md §5.1).
enum RollupReading {
    private static let microsecondsPerWeek = 7 * Double(TrustModel.Instant.microsecondsPerDay)

    static func read(
        _ relationship: Relationship, in month: RollupMonth, policy: Policy, _ snapshot: Snapshot
    ) throws -> CohortReading {
        let name = try ResourceName(relationship.name, "organizations", "relationships")
        guard let start = try relationship.startTime.map({ try Instant($0) }) else {
            throw StorageError.column("a relationship without a start has no reading")
        }
        var reading = CohortReading(coach: pseudonym(relationship.trustee))
        reading.course = CohortDetail.course(
            start: start, end: try relationship.endTime.map { try Instant($0) },
            plannedEnd: try relationship.plannedEndTime.map { try Instant($0) }, at: month.end)
        guard relationship.isActive(at: month.end) else { return reading }
        let from = max(start, month.start)
        reading.weeks = weeks(from: from, to: month.end)
        let log = try EvidenceStore(name).history(in: snapshot).log
        reading.trust = CohortReading.Trust(
            try Replay.profile(of: log, start: start, policy: policy, asOf: month.end))
        let index = SustainingIndex(
            try SustainingInputs.read(relationship, start: start, at: month.end, in: snapshot).facts, at: month.end)
        reading.sustaining = (index.value, index.weakest)
        let observations = try ObservationStore(name).observations(
            from: month.end.advanced(byDays: -OutcomeFacts.memoryDays), to: month.end, in: snapshot)
        let outcomes = OutcomeInputs(observations).facts
        for kind in OutcomeKind.allCases {
            reading.outcomes[kind] = outcomes.value(of: kind, at: month.end).value
        }
        let answers = observations.filter { $0.kind == .team && $0.at >= month.start }.map { ($0.value - 1) / 4 }
        reading.climate = answers.isEmpty ? nil : answers.reduce(0, +) / Double(answers.count)
        for alert in try AlertTable.alerts.list(parent: name, after: nil, limit: 500, in: snapshot)
        where alert.level == .alert {
            guard let challenge = TrustModel.Challenge(rawValue: UInt8(clamping: alert.challenge.rawValue)),
                let raised = try alert.raiseTime.map({ try Instant($0) })
            else { continue }
            let closed = try alert.closeTime.map { try Instant($0) } ?? month.end
            reading.alertWeeks[challenge, default: 0] += weeks(from: max(raised, from), to: min(closed, month.end))
        }
        return reading
    }

    private static func weeks(from: Instant, to: Instant) -> Double {
        max(0, Double(to.microseconds - from.microseconds)) / microsecondsPerWeek
    }
}
