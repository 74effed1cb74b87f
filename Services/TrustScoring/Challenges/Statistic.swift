import Schema
import ServiceKit
import Storage
import TrustModel

/// What a detector has computed of a relationship at an instant (docs/domain.md §4.1 to §4.3).
struct Statistic {
    /// Days whose decisions say how many there are in a week.
    static let rateDays = 56
    /// Days whose obligations or decisions make a detector assessable, and how many there must be.
    static let conductDays = 90
    static let minimumObligations = 6
    static let minimumDecisions = 4

    let value: Double
    let thresholds: Thresholds
    let reading: Reading

    static func read(
        _ challenge: TrustModel.Challenge, of relationship: ResourceName, at now: Instant, in snapshot: Snapshot
    ) throws -> Statistic {
        let conduct = ConductStore(relationship)
        switch challenge {
        case .overemphasisOnCriticism:
            let balance = try balance(of: relationship, at: now, in: snapshot)
            return Statistic(
                value: balance.probability, thresholds: FeedbackBalance.thresholds, reading: balance.reading)
        case .lackOfTransparency:
            let decisions = try conduct.count(
                of: challenge, from: now.advanced(byDays: -rateDays), to: now, in: snapshot)
            let thresholds = Thresholds.opacity(decisionsPerWeek: Double(decisions) * 7 / Double(rateDays))
            let sum = try conduct.sum(of: challenge, upTo: now, in: snapshot)
            var reading = thresholds.reading(of: sum)
            if reading == .clear {
                let from = now.advanced(byDays: -TrustModel.Challenge.coolDownDays)
                if try conduct.hasBrokenRule(from: from, to: now, in: snapshot) { reading = .undecided }
            }
            return Statistic(value: sum, thresholds: thresholds, reading: reading)
        // D4 looks at all of a coach's relationships, and has no statistic of one.
        case .inconsistentBehaviour, .perceivedBias:
            let sum = try conduct.sum(of: .inconsistentBehaviour, upTo: now, in: snapshot)
            return Statistic(
                value: sum, thresholds: .inconsistency, reading: Thresholds.inconsistency.reading(of: sum))
        }
    }

    static func balance(
        of relationship: ResourceName, at now: Instant, in snapshot: Snapshot
    ) throws -> FeedbackBalance {
        let store = ObservationStore(relationship)
        let items = try feedback(of: relationship, at: now, in: snapshot).compactMap { item in
            try FeedbackBalance.Kind(item.effectiveKind).map { kind in
                FeedbackBalance.Item(
                    kind, at: item.at,
                    isSubstantive: try kind != .recognition
                        || store.isKnown(.feedbackConcrete, of: item.subject, in: snapshot))
            }
        }
        return FeedbackBalance(items, at: now)
    }

    /// The latest items of the trustee that count, in the order of time: more than the window, for the empty praise that is
    /// left out where an alert may clear.
    static func feedback(
        of relationship: ResourceName, at now: Instant, in snapshot: Snapshot
    ) throws -> [Observation] {
        try ObservationStore(relationship).latest(
            .feedback, by: .trustee, except: Double(FeedbackItem.Kind.neutral.rawValue),
            limit: 4 * FeedbackBalance.windowItems, upTo: now, in: snapshot)
    }
}

extension FeedbackBalance.Kind {
    fileprivate init?(_ kind: FeedbackItem.Kind) {
        switch kind {
        case .recognition: self = .recognition
        case .balanced: self = .balanced
        case .constructive: self = .constructive
        case .criticismOnly: self = .criticismOnly
        default: return nil
        }
    }
}

extension Schema.Challenge {
    init(_ challenge: TrustModel.Challenge) {
        switch challenge {
        case .inconsistentBehaviour: self = .inconsistentBehaviour
        case .overemphasisOnCriticism: self = .overemphasisOnCriticism
        case .lackOfTransparency: self = .lackOfTransparency
        case .perceivedBias: self = .perceivedBias
        }
    }
}

extension Alert {
    var modelChallenge: TrustModel.Challenge? { TrustModel.Challenge(rawValue: UInt8(challenge.rawValue)) }
}
