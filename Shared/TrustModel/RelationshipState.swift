/// Trust of one relationship in little memory: each event costs the same, however long the relationship.
///
/// The latest events stay open, as they came; what happened before is settled into sums. Open events can be superseded,
/// repaired, retracted and joined by late ones; for a fact about the settled past the state answers `needsReplay`,
/// changes nothing, and the caller builds a new one from the whole log, which it keeps. So no accumulator is ever
/// subtracted from, and the state equals a replay of its log within 1e-9 at every instant that it can answer
/// (docs/domain.md §3.4, §3.9).
///
/// With `defaultOpenLimit` memory stays below 4 KiB, 30 open events; more stay open only when they share a day, when
/// they belong to a week with self-reports, or when one waits for what it refers to.
public struct RelationshipState: Sendable {
    public enum Outcome: Hashable, Sendable {
        case applied
        /// Known before; nothing changed.
        case duplicate
        /// It concerns the settled past; nothing changed. Build the state anew from the log.
        case needsReplay
    }

    /// Events that may be open before the older half is settled: about a month of a lively pair, since confirmation,
    /// attestation and repair commonly arrive days after the fact.
    public static let defaultOpenLimit = 20

    /// t0: the epoch of decay and the first instant of week 0.
    public let start: Instant
    public let policy: Policy
    /// Everything before is settled; nil while nothing is.
    public private(set) var settledBefore: Instant?
    private(set) var settled = Accumulators()
    private(set) var open: EvidenceLog
    private let openLimit: Int
    private var nextSettling: Int

    /// The state after a whole log.
    ///
    /// - Parameter openLimit: at least 2; `Int.max` settles nothing, so that every instant can be answered.
    public init(
        start: Instant, policy: Policy, log: EvidenceLog = EvidenceLog(), openLimit: Int = defaultOpenLimit
    ) throws(StateError) {
        guard Instant.supported.contains(start) else { throw .instantOutOfRange }
        self.start = start
        self.policy = policy
        self.openLimit = max(2, openLimit)
        nextSettling = self.openLimit
        open = log
        open.removeReferences()
        if openLimit < .max { open.fit(self.openLimit + 1) }
        settle()
    }

    /// Takes one event in. O(1) amortised.
    public mutating func append(_ event: Evidence) -> Outcome {
        if let settledBefore, event.occurredAt < settledBefore { return .needsReplay }
        if open[event.id] != nil { return .duplicate }
        if settledBefore != nil, let target = event.supersedes, open[target] == nil { return .needsReplay }
        var event = event
        event.references = []
        open.insert(event)
        settle()
        return .applied
    }

    /// Takes an accepted repair in. It counts only for an event that `isRepairable`, and for what supersedes that.
    public mutating func repair(_ repair: Repair) -> Outcome {
        if settledBefore != nil, open[repair.evidence] == nil { return .needsReplay }
        return open.accept(repair) ? .applied : .duplicate
    }

    /// Takes an event back at every instant; one that is still to come, too.
    public mutating func retract(_ retraction: Retraction) -> Outcome {
        if open.retracted.contains(retraction.evidence) { return .duplicate }
        if settledBefore != nil, open[retraction.evidence] == nil { return .needsReplay }
        return open.retract(retraction) ? .applied : .duplicate
    }

    /// Whether `instant` is not in the settled past. It may be in the future.
    public func canAnswer(at instant: Instant) -> Bool {
        settledBefore.map { instant >= $0 } ?? true
    }

    /// The profile from events up to and including `instant`; nil when only a replay can tell.
    public func profile(at instant: Instant) -> Profile? {
        guard canAnswer(at: instant) else { return nil }
        let totals = totals(weigh(at: instant))
        let fragileSince = Double(Breaches.fragileDays)
        return Profile(
            asOf: instant, policy: policy, components: components(of: totals, at: instant),
            hasUnrepairedBreach: totals.lastUnrepairedBreach.map { instant.days(since: $0) < fragileSince } ?? false,
            evidenceCount: totals.count)
    }

    /// The open events that count at `instant`, in the order of time, with their factors then.
    func weigh(at instant: Instant) -> [WeighedEvidence] {
        let evidence = open.evidence
        var weighed = open.counted(at: instant).map { WeighedEvidence(index: $0, mass: evidence[$0].mass) }
        FloodLimit.apply(to: &weighed, in: evidence, start: start)
        var earlier = settled
        for position in weighed.indices {
            let index = weighed[position].index
            let component = evidence[index].component
            if evidence[index].isBreach {
                let age = evidence[index].occurredAt.days(since: start)
                weighed[position].escalation = earlier.escalation(of: component, age: age)
                earlier.addBreach(of: component, age: age)
            }
            if open.isRepaired(at: index, by: instant) {
                weighed[position].repair = Breaches.repairDiscount(component)
            }
        }
        return weighed
    }

    /// The settled sums and the weighed events together.
    func totals(_ weighed: [WeighedEvidence]) -> Accumulators {
        var totals = settled
        for each in weighed { totals.add(each, open.evidence[each.index], start: start, policy: policy) }
        return totals
    }

    func components(of totals: Accumulators, at instant: Instant) -> PerComponent<ComponentProfile> {
        let age = instant.days(since: start)
        return PerComponent(computing: { totals.component($0, age: age, policy: policy) })
    }

    /// Settles the older half when too many events are open, as far as nothing open depends on it.
    private mutating func settle() {
        let count = open.evidence.count
        guard count > nextSettling else { return }
        let firstKept = open.evidence[count - openLimit / 2].occurredAt
        let boundary = open.boundary(notAfter: firstKept, start: start)
        if let first = open.evidence.first, first.occurredAt < boundary {
            settled = totals(weigh(at: Instant(microseconds: boundary.microseconds - 1)))
            open.removeAll(before: boundary)
            settledBefore = boundary
        }
        // Where much must stay open, look again only after some more.
        nextSettling = max(openLimit, open.evidence.count + openLimit / 4)
        open.fit(nextSettling + 1)
    }

    /// The same open events under another policy; nil when some are settled under this one.
    func rescored(under policy: Policy) -> RelationshipState? {
        guard settledBefore == nil else { return nil }
        return try? RelationshipState(start: start, policy: policy, log: open, openLimit: .max)
    }

    /// A copy that settles no more, with hypothetical events appended.
    func supposing(_ hypotheses: [Evidence]) throws(StateError) -> RelationshipState {
        var copy = self
        copy.nextSettling = .max
        for hypothesis in hypotheses {
            guard copy.append(hypothesis) != .needsReplay else { throw .needsReplay }
        }
        return copy
    }
}

public enum StateError: Error, Hashable, Sendable {
    /// The start is outside `Instant.supported`.
    case instantOutOfRange
    /// The answer lies in the settled past, or compares different ones: ask a replay.
    case needsReplay
    /// `to` is earlier than `from`.
    case instantsReversed
    /// More than `WhatIf.maximumHypotheses`.
    case tooManyHypotheses
}
