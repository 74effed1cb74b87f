import Schema
import ServiceKit
import Storage
import TrustModel

/// The reminders of the practices that sustain trust (docs/domain.md §4.5): rules without statistics, read off the
/// observations of the last weeks, however long the relationship.
struct Monitors {
    /// M3.
    static let adaptationDays = 14
    /// M4, and after an ALERT.
    static let reflectionDays = 56
    static let reflectionDaysAfterAlert = 28
    /// Sessions in a row that told the state of things alone (docs/domain.md S09).
    static let statusSessions = 4
    /// M5.
    static let deedDays = 7
    /// M6: check-ins missed one after the other.
    static let missedCheckIns = 2
    /// How far back open triggers, decisions and goals are looked for.
    static let memoryDays = 180
    /// Promises of the coach, of so many days, that are looked at together (docs/domain.md §4.6).
    static let promiseDays = 90
    static let minimumPromises = 4
    static let maximumSubjects = 20

    let relationship: Relationship
    let start: Instant
    let now: Instant
    /// Of the last `memoryDays`, as the observations are.
    let sustaining: SustainingInputs
    /// In the order of time.
    let observations: [Observation.Kind: [Observation]]
    /// When the last ALERT was raised.
    let lastAlert: Instant?

    static func read(
        _ relationship: Relationship, start: Instant, at now: Instant, in snapshot: Snapshot
    ) throws -> Monitors {
        let name = try ResourceName(relationship.name, "organizations", "relationships")
        let from = now.advanced(byDays: -memoryDays)
        let observations = try ObservationStore(name).observations(from: from, to: now, in: snapshot)
        return Monitors(
            relationship: relationship, start: start, now: now,
            sustaining: try .read(relationship, observations, since: from, start: start, at: now, in: snapshot),
            observations: Dictionary(grouping: observations, by: \.kind),
            lastAlert: try TrustModel.Challenge.ofPairs.compactMap {
                try AlertRecord.read($0, of: name, in: snapshot).course.lastAlert
            }.filter { $0 <= now }.max())
    }

    var all: [Monitor] {
        [
            monitor(.contactGap, contactGap, "When do the two of you meet next?"),
            monitor(.recognitionDrought, recognitionDrought, "What went well in the last weeks that nobody has said?"),
            monitor(
                .noAdaptation, unanswered, "Something has changed. What do you adapt, or why is no change needed?"),
            monitor(.reflectionOverdue, reflectionOverdue, "Take ten minutes each: how does working together go?"),
            monitor(
                .wordWithoutDeed, wordsWithoutDeed,
                "A decision promised something. Should it become a commitment with a date?"),
            monitor(.staleGoal, staleGoals, "This goal has not been looked at for two intervals. Is it still yours?"),
            monitor(
                .renegotiation, renegotiation,
                "More than half of what was promised has moved to a later date. What can be promised for sure?"),
        ]
    }

    /// Since when something is due, and what.
    typealias Due = (since: Instant, subjects: [String])

    private func monitor(_ kind: Monitor.Kind, _ due: Due?, _ prompt: String) -> Monitor {
        let name = "\(relationship.name)/monitors/\(kind.slug)"
        guard relationship.state == .active else {
            return Monitor(name: name, kind: kind, status: .notAssessable)
        }
        guard let due else { return Monitor(name: name, kind: kind, status: .fine) }
        return Monitor(
            name: name, kind: kind, status: .due, prompt: prompt, dueSince: due.since.timestamp,
            subjects: Array(due.subjects.prefix(Self.maximumSubjects)), tip: kind.tip)
    }

    private func of(_ kind: Observation.Kind) -> [Observation] { observations[kind] ?? [] }

    // MARK: M1, M2

    private var contactGap: Due? {
        guard sustaining.hasContactGap(at: now) else { return nil }
        let limit = ContactGap.limit(cadenceDays: sustaining.facts.cadenceDays)
        return (sustaining.lastContact.advanced(byDays: limit), [])
    }

    private var recognitionDrought: Due? {
        guard sustaining.hasRecognitionDrought(at: now) else { return nil }
        let last = sustaining.facts.recognitions.max() ?? start
        return (last.advanced(byDays: SustainingInputs.recognitionDays), [])
    }

    // MARK: Renegotiation

    /// More than half of the coach's promises were moved.
    private var renegotiation: Due? {
        let from = now.advanced(byDays: -Self.promiseDays)
        let promised = Set(of(.coachPromised).filter { $0.at > from }.map(\.subject))
        let moved = of(.coachRenegotiated).filter { promised.contains($0.subject) }
        let subjects = Self.distinct(moved.map(\.subject))
        guard promised.count >= Self.minimumPromises, 2 * subjects.count > promised.count,
            let since = moved.map(\.at).max()
        else { return nil }
        return (since, subjects)
    }

    // MARK: M3, M4

    /// Triggers that nothing was adapted to for more than 14 days.
    private var unanswered: Due? {
        let overdue = sustaining.triggers.filter {
            $0.answeredAt == nil && presence(since: $0.trigger.at) > Double(Self.adaptationDays)
        }.map(\.trigger).sorted { $0.at < $1.at }
        return overdue.first.map {
            ($0.at.advanced(byDays: Self.adaptationDays), Self.distinct(overdue.map(\.subject)))
        }
    }

    private var reflectionOverdue: Due? {
        let last = max(of(.reflection).filter(\.isSet).map(\.at).max() ?? start, start)
        let limit =
            lastAlert.map { $0 > last && $0 > now.advanced(byDays: -Self.reflectionDays) } ?? false
            ? Self.reflectionDaysAfterAlert : Self.reflectionDays
        let overdue: Due? = presence(since: last) > Double(limit) ? (last.advanced(byDays: limit), []) : nil
        return [overdue, statusAlone(since: last)].compactMap(\.self).min { $0.since < $1.since }
    }

    /// The latest sessions of which a depth is known, since the last reflection.
    private func statusAlone(since last: Instant) -> Due? {
        let latest = of(.depth).filter { $0.at > last }.suffix(Self.statusSessions)
        let status = Double(Session.Depth.status.rawValue)
        guard latest.count == Self.statusSessions, latest.allSatisfy({ $0.value == status }), let end = latest.last
        else { return nil }
        return (end.at, latest.map(\.subject))
    }

    // MARK: M5, M6

    private var wordsWithoutDeed: Due? {
        let linked = Set(of(.commitmentProposed).map(\.object))
        let open = of(.decisionPromise).filter {
            !linked.contains($0.subject) && now.days(since: $0.at) > Double(Self.deedDays)
        }
        return open.first.map { ($0.at.advanced(byDays: Self.deedDays), open.map(\.subject)) }
    }

    /// Open goals whose latest two slots passed without a check-in.
    private var staleGoals: Due? {
        let states = Dictionary(of(.goalState).map { ($0.subject, $0.isSet) }) { $1 }
        let missed = Dictionary(grouping: of(.checkInMissed), by: \.subject)
        let made = Dictionary(
            of(.checkIn).map { ($0.subject, $0) }.filter { pair in
                !(missed[pair.0] ?? []).contains { $0.object == pair.1.object }
            }.map { ($0, $1.at) }
        ) { max($0, $1) }
        let stale = missed.compactMap { goal, slots -> (String, Instant)? in
            let since = slots.filter { $0.at > made[goal] ?? start }
            guard states[goal] ?? true, since.count >= Self.missedCheckIns else { return nil }
            return (goal, since[Self.missedCheckIns - 1].at)
        }.sorted { ($0.1, $0.0) < ($1.1, $1.0) }
        return stale.first.map { ($0.1, stale.map(\.0)) }
    }

    private func presence(since instant: Instant) -> Double {
        sustaining.facts.presence(from: instant, to: now)
    }

    private static func distinct(_ names: [String]) -> [String] {
        var seen: Set<String> = []
        return names.filter { seen.insert($0).inserted }
    }
}

extension Monitor.Kind {
    fileprivate var slug: String {
        switch self {
        case .contactGap: "contact-gap"
        case .recognitionDrought: "recognition-drought"
        case .noAdaptation: "no-adaptation"
        case .reflectionOverdue: "reflection-overdue"
        case .wordWithoutDeed: "word-without-deed"
        case .renegotiation: "renegotiation"
        default: "stale-goal"
        }
    }
}
