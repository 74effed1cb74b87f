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
        let isActive = relationship.isActive(at: month.end)
        let instants = WeeklyCourse.instants(until: month.end).map { relationship.isActive(at: $0) ? $0 : nil }
        let isInReport = !relationship.programme.isEmpty && instants.contains { $0 != nil }
        guard isActive || isInReport else { return reading }
        let state = try Replay.state(
            of: try EvidenceStore(name).history(in: snapshot).log, start: start, policy: policy)
        let observations = try ObservationStore(name).observations(
            from: month.end.advanced(byDays: -OutcomeFacts.memoryDays), to: month.end, in: snapshot)
        let inputs = OutcomeInputs(observations)
        if isInReport { reading.weekly = WeeklyCourse(state, inputs, at: instants) }
        guard isActive else { return reading }
        let from = max(start, month.start)
        reading.weeks = weeks(from: from, to: month.end)
        guard let profile = state.profile(at: month.end) else { throw StateError.needsReplay }
        reading.trust = CohortReading.Trust(profile)
        let index = SustainingIndex(
            try SustainingInputs.read(relationship, start: start, at: month.end, in: snapshot).facts, at: month.end)
        reading.sustaining = (index.value, index.weakest)
        for kind in OutcomeKind.allCases {
            reading.outcomes[kind] = inputs.facts.value(of: kind, at: month.end).value
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

extension WeeklyCourse {
    /// - Parameter instants: nil where the two were not together.
    fileprivate init(_ state: RelationshipState, _ inputs: OutcomeInputs, at instants: [Instant?]) {
        let trust = instants.map { instant in
            instant.flatMap { state.profile(at: $0) }.flatMap { $0.numberShown ? $0.score : nil }
        }
        var results: [AssociatedResult: [Double?]] = [:]
        for result in AssociatedResult.allCases {
            results[result] = instants.map { instant in
                guard let instant else { return nil }
                guard let outcome = result.outcome else { return inputs.attainment(at: instant) }
                return inputs.facts.value(of: outcome, at: instant).value
            }
        }
        self.init(trust: trust, results: results)
    }
}
