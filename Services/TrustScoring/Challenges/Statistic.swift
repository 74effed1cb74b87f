import Schema
import ServiceKit
import Storage
import TrustModel

/// What a detector has computed of a relationship at an instant (docs/domain.md §4.1 to §4.3).
struct Statistic {
    /// Days whose obligations or decisions make a detector assessable, and how many there must be.
    static let conductDays = 90
    static func minimumFacts(of challenge: TrustModel.Challenge) -> Int {
        switch challenge {
        case .lackOfTransparency: 4
        case .overemphasisOnCriticism: FeedbackBalance.minimumItems
        default: 6
        }
    }

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
                of: challenge, from: now.advanced(byDays: -Thresholds.rateDays), to: now, in: snapshot)
            let thresholds = Thresholds.opacity(recentDecisions: decisions)
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
        let items = try feedback(of: relationship, at: now, in: snapshot).compactMap { item, isSubstantive in
            FeedbackBalance.Kind(item.effectiveKind).map {
                FeedbackBalance.Item($0, at: item.at, isSubstantive: isSubstantive)
            }
        }
        return FeedbackBalance(items, at: now)
    }

    /// The items of the trustee that the balance takes, in the order of time: the latest of all, and the latest besides empty
    /// praise, so that no flood of that pushes criticism out.
    static func feedback(
        of relationship: ResourceName, at now: Instant, in snapshot: Snapshot
    ) throws -> [(item: Observation, isSubstantive: Bool)] {
        let store = ObservationStore(relationship)
        let count = FeedbackBalance.windowItems
        let all = try store.feedback(limit: count, upTo: now, withEmptyPraise: true, in: snapshot)
        let substantive = try store.feedback(limit: count, upTo: now, withEmptyPraise: false, in: snapshot)
        let known = Set(substantive)
        return (substantive.map { ($0, true) } + all.filter { !known.contains($0) }.map { ($0, false) })
            .sorted { $0.0.at < $1.0.at }
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
