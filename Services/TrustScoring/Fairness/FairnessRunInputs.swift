import Schema
import ServiceKit
import Storage
import TrustModel

/// What a run compares, read once: the coachees of a programme in the days before an instant.
struct FairnessRunInputs: Sendable {
    static let days = 180
    /// Relationships that one snapshot reads.
    private static let batch = 100

    /// By the coachee's resource name.
    private(set) var units: [String: FairnessUnit] = [:]
    /// The last answer of each coachee to the FAIR item, 1 to 5.
    private(set) var fairness: [Double] = []

    /// - Parameter report: takes the share that is done, 0...1.
    static func read(
        _ programme: String, at end: Instant, from runtime: Runtime, report: (Double) async throws -> Void
    ) async throws -> FairnessRunInputs {
        let organization = try ResourceName(programme, "organizations", "programmes").organization
        let start = end.advanced(byDays: -days)
        let relationships = try await runtime.presentRelationships(of: organization).filter {
            $0.programme == programme && $0.overlaps(start, end)
        }
        var readings: [String: [Reading]] = [:]
        for first in stride(from: 0, to: relationships.count, by: batch) {
            try Task.checkCancellation()
            let batch = relationships[first..<min(first + batch, relationships.count)]
            let read = try await runtime.database.read { snapshot in
                try batch.map { try Reading($0, from: start, to: end, in: snapshot) }
            }
            for (relationship, reading) in zip(batch, read) {
                readings[relationship.trustor, default: []].append(reading)
            }
            try await report(Double(first + batch.count) / Double(relationships.count))
        }
        return FairnessRunInputs(readings, at: end)
    }

    private init(_ readings: [String: [Reading]], at end: Instant) {
        for (person, all) in readings {
            guard let latest = all.max(by: { $0.start < $1.start }), let first = all.map(\.start).min() else {
                continue
            }
            var facts = FairnessUnit.Facts()
            for reading in all { facts.add(reading.facts) }
            let circumstances = FairnessUnit.Circumstances(
                cadenceDays: latest.cadenceDays, ambitions: all.flatMap(\.ambitions), days: end.days(since: first))
            units[person] = FairnessUnit(circumstances, facts)
            if let answer = all.compactMap(\.fair).max(by: { $0.at < $1.at }) { fairness.append(answer.value) }
        }
    }

    // MARK: The fairness pulse

    /// Beside the tests, never part of them (docs/domain.md §4.4 c).
    /// - Parameter minimum: people below which nothing is said.
    func pulse(minimum: Int) -> FairnessPulse {
        guard fairness.count >= minimum, !fairness.isEmpty else { return FairnessPulse() }
        let mean = fairness.reduce(0, +) / Double(fairness.count)
        let share = WilsonScore.interval(
            of: (mean - 1) / 4, trials: fairness.count, normal: WilsonScore.normal95)
        return FairnessPulse(
            mean: .init(value: Rounding.level(mean)),
            interval: Schema.Interval(
                Rounding.level(TrustModel.Interval((1 + 4 * share.lowerBound)...(1 + 4 * share.upperBound)))),
            answerCount: Int32(fairness.count / 5 * 5))
    }

    // MARK: One relationship

    private struct Reading: Sendable {
        var start: Instant
        var cadenceDays: Int
        var ambitions: [Double]
        var facts = FairnessUnit.Facts()
        var fair: Observation?

        init(_ relationship: Relationship, from: Instant, to: Instant, in snapshot: Snapshot) throws {
            let store = ObservationStore(try ResourceName(relationship.name, "organizations", "relationships"))
            func seen(_ kind: Observation.Kind) throws -> [Observation] {
                try store.observations(of: kind, from: from, to: to, in: snapshot)
            }
            start = try relationship.startTime.map { try Instant($0) } ?? to
            cadenceDays = Int(max(1, relationship.cadenceDays))
            let goals = try store.observations(of: .goalState, from: start, to: to, in: snapshot)
            ambitions = Dictionary(goals.map { ($0.subject, $0.value) }) { $1 }.values.filter { $0 > 0 }
            facts.wasOffered = try seen(.opportunity).contains { $0.role == .trustee }
            facts.levels = Array(
                Dictionary(try seen(.attainment).map { ($0.object, $0.value) }) { $1 }.values)
            let answered = Dictionary(
                try (seen(.acknowledged) + seen(.acted)).map { ($0.subject, $0.at) }, uniquingKeysWith: min)
            facts.responseHours = try seen(.feedback).filter { $0.role == .trustor }.compactMap { item in
                answered[item.subject].map { $0.days(since: item.at) * 24 }
            }
            facts.heldSessions = try seen(.sessionHeld).count
            facts.supportActions = try seen(.supportPlanned).count { $0.role == .trustee }
            let since = max(start, from)
            let until = try relationship.endTime.map { min(to, try Instant($0)) } ?? to
            if until > since {
                let absences = try Absences.read(relationship, from: since, to: until, in: snapshot)
                facts.expectedSessions =
                    SustainingFacts.presence(from: since, to: until, without: absences) / Double(cadenceDays)
            }
            fair = try seen(.fair).last
        }
    }
}

extension FairnessUnit.Facts {
    mutating func add(_ other: FairnessUnit.Facts) {
        wasOffered = wasOffered || other.wasOffered
        levels += other.levels
        responseHours += other.responseHours
        heldSessions += other.heldSessions
        expectedSessions += other.expectedSessions
        supportActions += other.supportActions
    }
}

extension Relationship {
    /// Begun before the end of these days and not over before them.
    fileprivate func overlaps(_ start: TrustModel.Instant, _ end: TrustModel.Instant) -> Bool {
        guard let begun = try? startTime.map({ try TrustModel.Instant($0) }), begun < end else { return false }
        guard let over = try? endTime.map({ try TrustModel.Instant($0) }) else { return true }
        return over > start
    }
}
