/// Why the score changed: lines that sum to the change exactly (docs/domain.md §3.8).
public struct Explanation: Hashable, Sendable {
    public enum Cause: Hashable, Sendable {
        /// An event that counts at the end and did not at the beginning, with its repair, if accepted by then.
        case evidence(EventID, EvidenceKind)
        /// An event that counted at the beginning and no longer does: superseded or taken back.
        case withdrawn(EventID, EvidenceKind)
        /// A repair of an event that counted at the beginning.
        case repair(EventID, EvidenceKind)
        /// An old breach escalates differently because an earlier breach came or went.
        case reescalation(EventID, EvidenceKind)
        /// Old events of one kind, person and UTC day (number since 1970-01-01) share the flood limit with others.
        case bucket(EvidenceKind, sourceID: String, day: Int64)
        /// Old evidence weighs less.
        case timePassed
        /// A scar of integrity came, healed, or was repaired.
        case baseRate
        /// The same evidence under another policy.
        case policy
        /// What the trustee sees in place of every line about ratings.
        case ratings
    }

    public struct Line: Hashable, Sendable {
        public var component: Component
        public var cause: Cause
        /// Share of the change, in units of the score; negative when it lowers trust.
        public var contribution: Double
    }

    public let from: Instant
    public let to: Instant
    /// T at `from`.
    public let before: Double
    /// T at `to`.
    public let after: Double
    /// All lines, the largest first.
    public private(set) var lines: [Line]

    /// ΔT.
    public var change: Double { after - before }

    /// The sum of the lines: ΔT within 1e-12.
    public var sum: Double {
        var sum = CompensatedSum()
        for line in lines { sum.add(line.contribution) }
        return sum.value
    }

    /// For the trustee: all lines about ratings of a component as one line, without item, value, time or reference,
    /// because single answers stay with the trustor (docs/domain.md §3.18).
    public func foldingRatings() -> Explanation {
        var folded = self
        folded.lines.removeAll { $0.cause.isAboutRating }
        for component in Component.allCases {
            let ratings = lines.filter { $0.component == component && $0.cause.isAboutRating }
            guard !ratings.isEmpty else { continue }
            var sum = CompensatedSum()
            for line in ratings { sum.add(line.contribution) }
            folded.lines.append(Line(component: component, cause: .ratings, contribution: sum.value))
        }
        folded.rank()
        return folded
    }

    /// Why the score of `first` at `from` differs from that of `second` at `to`: two instants of one state, or of two
    /// states that differ in some events or in the policy.
    ///
    /// - Throws: `needsReplay` when an instant is in the settled past, or the states settled different pasts.
    public static func between(
        _ first: RelationshipState, at from: Instant, _ second: RelationshipState, at to: Instant
    ) throws(StateError) -> Explanation {
        guard from <= to else { throw .instantsReversed }
        let samePolicy = first.policy == second.policy
        guard let rescored = samePolicy ? second : second.rescored(under: first.policy),
            first.settledBefore == rescored.settledBefore, first.settled == rescored.settled,
            let before = first.profile(at: from), let after = second.profile(at: to)
        else { throw .needsReplay }
        var composer = Composer(first, at: from, rescored, at: to)
        composer.explainEvents()
        composer.explainTimeAndBaseRate()
        if !samePolicy { composer.explainPolicy(after, under: second.policy) }
        var explanation = Explanation(
            from: from, to: to, before: before.score, after: after.score, lines: composer.lines)
        explanation.rank()
        return explanation
    }

    private mutating func rank() {
        lines = lines.enumerated().sorted { left, right in
            let (first, second) = (abs(left.element.contribution), abs(right.element.contribution))
            return first != second ? first > second : left.offset < right.offset
        }.map(\.element)
    }
}

extension RelationshipState {
    /// Why the score changed from one instant to a later one.
    ///
    /// - Throws: `instantsReversed`, or `needsReplay` when `from` is in the settled past.
    public func explanation(from: Instant, to: Instant) throws(StateError) -> Explanation {
        try Explanation.between(self, at: from, self, at: to)
    }
}

extension Explanation.Cause {
    /// The kind of evidence that the line is about, if it is about some.
    public var kind: EvidenceKind? {
        switch self {
        case .evidence(_, let kind), .withdrawn(_, let kind), .repair(_, let kind), .reescalation(_, let kind),
            .bucket(let kind, _, _):
            kind
        case .timePassed, .baseRate, .policy, .ratings: nil
        }
    }

    /// The event that the line is about, if it is about a single one.
    public var evidence: EventID? {
        switch self {
        case .evidence(let id, _), .withdrawn(let id, _), .repair(let id, _), .reescalation(let id, _): id
        case .bucket, .timePassed, .baseRate, .policy, .ratings: nil
        }
    }

    fileprivate var isAboutRating: Bool { kind?.isPulse ?? false }
}
