import Glibc

@testable import TrustModel

/// docs/domain.md §3.2–3.7 written down as plainly as possible, sharing no code with the model.
struct ReferenceModel {
    var evidence: [Evidence]
    var repairs: [Repair]
    var retractions: [Retraction]
    var start: Instant
    var policy: Policy

    struct Answer {
        var positive = PerComponent(repeating: 0.0)
        var negative = PerComponent(repeating: 0.0)
        var observedNegative = PerComponent(repeating: 0.0)
        var baseRate = PerComponent(repeating: 0.5)
        var unrepairedBreach = false

        func projected(_ component: Component) -> Double {
            (positive[component] + 2 * baseRate[component]) / (positive[component] + negative[component] + 2)
        }
    }

    func answer(at instant: Instant) -> Answer {
        var byID: [EventID: Evidence] = [:]
        for event in evidence where byID[event.id] == nil { byID[event.id] = event }
        for retraction in retractions { byID[retraction.evidence] = nil }
        let occurred = byID.values.filter { $0.occurredAt <= instant }
        let superseded = Set(occurred.compactMap(\.supersedes))
        let counted = occurred.filter { !superseded.contains($0.id) }
        let masses = floodLimited(counted)

        var answer = Answer()
        var scar = 0.0
        for event in counted {
            let component = event.component
            let repaired = isRepaired(event, at: instant, byID)
            let decay = pow(0.5, instant.days(since: event.occurredAt) / policy[component].halfLife)
            let mass = masses[event.id]! * decay
            var negativity = policy[component].negativity
            if event.isBreach {
                let earlier = counted.filter {
                    $0.isBreach && $0.component == component && ($0.occurredAt, $0.id) < (event.occurredAt, event.id)
                }
                let load = earlier.reduce(0) { $0 + pow(0.5, event.occurredAt.days(since: $1.occurredAt) / 180) }
                negativity *= min(4, 1 + 0.5 * load)
                if component == .integrity {
                    scar += 0.15 * (repaired ? 0.5 : 1) * pow(0.5, instant.days(since: event.occurredAt) / 730)
                }
                if !repaired, instant.days(since: event.occurredAt) < 180 { answer.unrepairedBreach = true }
            }
            let discount = repaired ? (component == .integrity ? 0.9 : 0.65) : 1
            answer.positive[component] += mass * event.v
            answer.observedNegative[component] += mass * (1 - event.v)
            answer.negative[component] += mass * (1 - event.v) * negativity * discount
        }
        answer.baseRate.integrity = 0.5 * (1 - min(0.6, 2 * scar))
        return answer
    }

    private func floodLimited(_ counted: [Evidence]) -> [EventID: Double] {
        func dayKey(_ event: Evidence) -> String {
            let number = (Double(event.occurredAt.microseconds) / 86_400_000_000).rounded(.down)
            return "\(event.kind.rawValue)|\(event.sourceID)|\(number)"
        }
        func weekKey(_ event: Evidence) -> String {
            "\(event.component)|\((event.occurredAt.days(since: start) / 7).rounded(.down))"
        }
        let days = Dictionary(grouping: counted.filter { !$0.isBreach }, by: dayKey)
        var masses: [EventID: Double] = [:]
        for event in counted {
            let mass = event.w * event.sourceClass.discount
            let total = (days[dayKey(event)] ?? []).reduce(0) { $0 + $1.w * $1.sourceClass.discount }
            masses[event.id] = event.isBreach ? mass : mass * min(1, 2 / total)
        }
        let weeks = Dictionary(grouping: counted.filter { $0.sourceClass == .selfReport }, by: weekKey)
        for events in weeks.values {
            let total = events.reduce(0) { $0 + masses[$1.id]! }
            for event in events { masses[event.id]! *= min(1, 1 / total) }
        }
        return masses
    }

    private func isRepaired(_ event: Evidence, at instant: Instant, _ byID: [EventID: Evidence]) -> Bool {
        if event.isRepairable, repairs.contains(where: { $0.evidence == event.id && $0.acceptedAt <= instant }) {
            return true
        }
        return event.supersedes.flatMap { byID[$0] }.map { isRepaired($0, at: instant, byID) } ?? false
    }
}
