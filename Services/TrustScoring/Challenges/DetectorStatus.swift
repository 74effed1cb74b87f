import Schema
import ServiceKit
import Storage
import TrustModel

/// How things stand with each challenge. Where too little is known, it is never OK (docs/domain.md §4).
extension Detector {
    static let leaveDays = 28

    static func all(of view: View, in snapshot: Snapshot) throws -> [Detector] {
        let relationship = view.access.relationship
        let from = max(view.start, view.now.advanced(byDays: -leaveDays))
        let absences = try Absences.read(relationship, from: from, to: view.now, in: snapshot)
        let present = SustainingFacts.presence(from: from, to: view.now, without: absences)
        let isAway = present < view.now.days(since: from) / 2
        let conduct = ConductStore(view.name)
        let since = view.now.advanced(byDays: -Statistic.conductDays)
        return try TrustModel.Challenge.ofPairs.map { challenge in
            let minimum = Statistic.minimumFacts(of: challenge)
            let count =
                try challenge == .overemphasisOnCriticism
                ? Statistic.balance(of: view.name, at: view.now, in: snapshot).itemCount
                : conduct.count(of: challenge, from: since, to: view.now, in: snapshot)
            let alert = try AlertRecord.read(challenge, of: view.name, in: snapshot).alert
                .flatMap { $0.isVisible(to: view.access) ? $0 : nil }
            let gap: Gap =
                relationship.state == .paused
                ? .paused : isAway ? .onLeave : count < minimum ? .tooFewFacts : .unspecified
            let schema = Schema.Challenge(challenge)
            return Detector(
                name: view.name.child("detectors", schema.slug).text, challenge: schema,
                status: alert.map { $0.level == .alert ? .alerted : .watched }
                    ?? (gap == .unspecified ? .ok : .notAssessable),
                gap: alert == nil ? gap : .unspecified, factCount: Int32(count), minimumFactCount: Int32(minimum),
                alert: alert?.name ?? "")
        }
    }
}

extension Schema.Challenge {
    fileprivate var slug: String {
        switch self {
        case .inconsistentBehaviour: "inconsistent-behaviour"
        case .overemphasisOnCriticism: "overemphasis-on-criticism"
        case .lackOfTransparency: "lack-of-transparency"
        default: "perceived-bias"
        }
    }
}
