import Schema
import ServiceKit
import Storage
import TrustModel

/// What one coach did for each coachee, as far as it can be compared (docs/domain.md §4.4 a, §4.5 M7).
struct FairnessInputs: Sendable {
    static let days = 180
    static let shareDays = 56
    /// The latest acts of one coachee that count.
    static let maximumActs = 100
    /// M7: the largest share over the smallest.
    static let maximumSpread = 2.0

    struct Coachee: Sendable {
        var relationship: String
        var responseHours: [(type: Int, value: Double)] = []
        var sessionGaps: [Double] = []
        var heldSessions = 0
        var expectedSessions = 0.0
        var isActive = true
    }

    var coachees: [Coachee]

    static func read(_ relationships: [Relationship], at now: Instant, in snapshot: Snapshot) throws -> FairnessInputs {
        FairnessInputs(coachees: try relationships.map { try coachee($0, at: now, in: snapshot) })
    }

    private static func coachee(
        _ relationship: Relationship, at now: Instant, in snapshot: Snapshot
    ) throws -> Coachee {
        let store = ObservationStore(try ResourceName(relationship.name, "organizations", "relationships"))
        let from = now.advanced(byDays: -days)
        func latest(_ kind: Observation.Kind) throws -> [Observation] {
            try store.observations(of: kind, from: from, to: now, in: snapshot)
        }
        var coachee = Coachee(relationship: relationship.name, isActive: relationship.state == .active)
        let acknowledged = Dictionary(
            try (latest(.acknowledged) + latest(.acted)).map { ($0.subject, $0.at) }, uniquingKeysWith: min)
        coachee.responseHours = try latest(.feedback).filter { $0.role == .trustor }.suffix(maximumActs)
            .compactMap { item in
                // A minute at least: nothing is answered before it is read.
                acknowledged[item.subject].map {
                    (Int(item.feedbackKind.rawValue), max(1.0 / 60, $0.days(since: item.at) * 24))
                }
            }
        let absences = try Absences.read(relationship, from: from, to: now, in: snapshot)
        let cadence = Double(max(1, relationship.cadenceDays))
        let held = try latest(.sessionHeld).map(\.at)
        coachee.sessionGaps = zip(held, held.dropFirst()).map { earlier, later in
            max(0.01, SustainingFacts.presence(from: earlier, to: later, without: absences) / cadence)
        }.suffix(maximumActs)
        let start = try relationship.startTime.map { try Instant($0) } ?? now
        let since = max(start, now.advanced(byDays: -shareDays))
        coachee.heldSessions = held.count { $0 > since }
        coachee.expectedSessions = SustainingFacts.presence(from: since, to: now, without: absences) / cadence
        return coachee
    }

    // MARK: Judging

    func view(of person: String, at now: Instant) -> FairnessView {
        let shares = coachees.filter { $0.isActive && $0.expectedSessions >= 1 }
        let rates = shares.map { Double($0.heldSessions) / $0.expectedSessions }
        return FairnessView(
            name: "\(person)/fairnessView", asOf: now.timestamp,
            comparisons: [
                comparison(.responseTime) { $0.responseHours },
                comparison(.sessionRhythm) { $0.sessionGaps.map { (0, $0) } },
            ],
            shares: shares.map {
                FairnessView.Share(
                    relationship: $0.relationship, heldSessions: Int32($0.heldSessions),
                    expectedSessions: $0.expectedSessions)
            },
            sharesAreUneven: rates.max().flatMap { high in rates.min().map { high > Self.maximumSpread * $0 } } ?? false
        )
    }

    private func comparison(
        _ kind: FairnessView.Kind, _ acts: (Coachee) -> [(type: Int, value: Double)]
    ) -> FairnessView.Comparison {
        let events = coachees.enumerated().flatMap { number, coachee in
            acts(coachee).map { Favouritism.Event(coachee: number, type: $0.type, value: $0.value) }
        }
        let counted = Dictionary(grouping: events, by: \.coachee).filter {
            $0.value.count >= Favouritism.minimumEvents
        }
        let result = Favouritism(events)
        var comparison = FairnessView.Comparison(
            kind: kind, coacheeCount: Int32(counted.count), actCount: Int32(counted.values.map(\.count).reduce(0, +)),
            pValue: result.pValue.map { .init(value: $0) })
        switch result.verdict {
        case .insufficient: comparison.verdict = .insufficient
        case .even: comparison.verdict = .even
        case .uneven(let coachee, let ratio):
            comparison.verdict = .uneven
            comparison.relationship = coachees[coachee].relationship
            comparison.ratio = ratio
        }
        return comparison
    }
}
