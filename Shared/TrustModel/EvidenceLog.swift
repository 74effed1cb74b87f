/// The facts of one relationship in the order of folding, (occurredAt, id), whatever order they arrived in.
///
/// An id always stands for the same event; a second arrival changes nothing.
public struct EvidenceLog: Sendable {
    public private(set) var evidence: [Evidence] = []
    /// The earliest acceptance of a repair, by the event that it answers.
    private(set) var repairs: [EventID: Instant] = [:]
    private(set) var retracted: Set<EventID> = []
    private var supersedes = false

    public init() {}

    /// Sorts and deduplicates: O(n log n) for n events.
    public init(evidence: [Evidence], repairs: [Repair] = [], retractions: [Retraction] = []) {
        var seen = Set<EventID>(minimumCapacity: evidence.count)
        self.evidence = evidence.filter { seen.insert($0.id).inserted }.sorted(by: Evidence.precedes)
        supersedes = evidence.contains { $0.supersedes != nil }
        for repair in repairs { accept(repair) }
        for retraction in retractions { retract(retraction) }
    }

    /// False when the id was there already.
    @discardableResult
    public mutating func insert(_ event: Evidence) -> Bool {
        guard self[event.id] == nil else { return false }
        if event.supersedes != nil { supersedes = true }
        evidence.insert(event, at: partition { Evidence.precedes($0, event) })
        return true
    }

    /// False when an acceptance at or before that instant was known already.
    @discardableResult
    public mutating func accept(_ repair: Repair) -> Bool {
        if let known = repairs[repair.evidence], known <= repair.acceptedAt { return false }
        repairs[repair.evidence] = repair.acceptedAt
        return true
    }

    /// False when it was retracted already. The event may arrive later: it then counts for nothing.
    @discardableResult
    public mutating func retract(_ retraction: Retraction) -> Bool {
        retracted.insert(retraction.evidence).inserted
    }

    public subscript(id: EventID) -> Evidence? {
        evidence.indices.first { evidence[$0].id == id }.map { evidence[$0] }
    }

    /// How many events of each kind count at `instant`.
    public func tally(at instant: Instant) -> [EvidenceKind: Int] {
        counted(at: instant).reduce(into: [:]) { $0[evidence[$1].kind, default: 0] += 1 }
    }

    /// Positions of the events that count at `instant`: occurred by then, not retracted, and no event that supersedes
    /// them has occurred by then.
    func counted(at instant: Instant) -> [Int] {
        let occurred = 0..<partition { $0.occurredAt <= instant }
        var gone = retracted
        if supersedes {
            for index in occurred {
                guard let target = evidence[index].supersedes, !retracted.contains(evidence[index].id) else { continue }
                gone.insert(target)
            }
        }
        return gone.isEmpty ? Array(occurred) : occurred.filter { !gone.contains(evidence[$0].id) }
    }

    /// Whether a repair of the event, or of one that it supersedes, had been accepted by `instant`.
    func isRepaired(at index: Int, by instant: Instant) -> Bool {
        guard !repairs.isEmpty else { return false }
        var event = evidence[index]
        for _ in evidence {
            if event.isRepairable, let accepted = repairs[event.id], accepted <= instant { return true }
            guard let target = event.supersedes, !retracted.contains(target), let earlier = self[target] else { break }
            event = earlier
        }
        return false
    }

    /// The latest midnight, not after `instant`, such that nothing before it depends on anything from it on: no day
    /// is cut, no week with self-reports, no event from what supersedes it, none from its repair.
    func boundary(notAfter instant: Instant, start: Instant) -> Instant {
        var boundary = instant.midnight
        var previous: Instant
        repeat {
            previous = boundary
            for event in evidence {
                let target = event.supersedes.flatMap { self[$0] }
                if event.occurredAt >= boundary {
                    if let target, target.occurredAt < boundary { boundary = target.occurredAt.midnight }
                    continue
                }
                let repairedLater = repairs[event.id].map { $0 >= boundary } ?? false
                let weekIsOpen =
                    event.sourceClass == .selfReport
                    && event.occurredAt.week(from: start) == boundary.week(from: start)
                // The target is still to come, or comes later.
                let supersedesLater = event.supersedes != nil && target.map { $0.occurredAt >= boundary } ?? true
                if repairedLater || weekIsOpen || supersedesLater { boundary = event.occurredAt.midnight }
            }
        } while boundary != previous
        return boundary
    }

    /// Forgets the events before `boundary`, with their repairs and retractions.
    mutating func removeAll(before boundary: Instant) {
        let end = partition { $0.occurredAt < boundary }
        for event in evidence[..<end] {
            repairs[event.id] = nil
            retracted.remove(event.id)
        }
        evidence.removeSubrange(..<end)
        supersedes = evidence.contains { $0.supersedes != nil }
    }

    /// Moves the events into memory for exactly so many, where doubling would waste half.
    mutating func fit(_ capacity: Int) {
        var fitted: [Evidence] = []
        fitted.reserveCapacity(max(capacity, evidence.count))
        fitted.append(contentsOf: evidence)
        evidence = fitted
    }

    mutating func removeReferences() {
        for index in evidence.indices where !evidence[index].references.isEmpty { evidence[index].references = [] }
    }

    /// The number of leading events for which `belongs` holds.
    private func partition(_ belongs: (Evidence) -> Bool) -> Int {
        var low = 0
        var high = evidence.count
        while low < high {
            let middle = (low + high) / 2
            if belongs(evidence[middle]) { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
