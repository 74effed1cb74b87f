/// Why an outcome changed between two instants: lines that sum to the change exactly, as those of the score do
/// (docs/domain.md §3.8, §3.12).
public struct OutcomeChange: Hashable, Sendable {
    public enum Cause: Hashable, Sendable {
        /// An item that came, or that another took the place of.
        case item(reference: String, occurredAt: Instant)
        /// Older items weigh less.
        case timePassed
        /// Answers came, stayed out, or left the 120 days.
        case responseRate
        /// A part came to count, or no longer does.
        case partWeight
        /// What the trustee sees in place of every line about ratings.
        case ratings
    }

    public struct Line: Hashable, Sendable {
        public var part: OutcomePart
        public var cause: Cause
        /// Share of the change; negative when it lowers the outcome.
        public var contribution: Double
    }

    public let before: Double
    public let after: Double
    /// The largest first.
    public private(set) var lines: [Line]

    public var change: Double { after - before }

    /// For the trustee: all lines about ratings as one, because single answers stay with the trustor (docs/domain.md
    /// rule 19).
    public func foldingRatings() -> OutcomeChange {
        let ratings = lines.filter { $0.part == .safety && $0.cause != .partWeight }
        guard !ratings.isEmpty else { return self }
        var folded = self
        folded.lines.removeAll { ratings.contains($0) }
        folded.lines.append(
            Line(part: .safety, cause: .ratings, contribution: ratings.reduce(0) { $0 + $1.contribution }))
        folded.rank()
        return folded
    }

    fileprivate init(before: Double, after: Double, lines: [Line]) {
        self.before = before
        self.after = after
        self.lines = lines.filter { $0.contribution != 0 }
        rank()
    }

    private mutating func rank() {
        lines = lines.enumerated().sorted { left, right in
            let (first, second) = (abs(left.element.contribution), abs(right.element.contribution))
            return first != second ? first > second : left.offset < right.offset
        }.map(\.element)
    }
}

extension OutcomeFacts {
    /// Nil where the outcome has no value at one of the two instants.
    public func change(of kind: OutcomeKind, from: Instant, to: Instant) -> OutcomeChange? {
        let (first, second) = (value(of: kind, at: from), value(of: kind, at: to))
        guard let before = first.value, let after = second.value else { return nil }
        var lines: [OutcomeChange.Line] = []
        for (old, new) in zip(first.parts, second.parts) {
            guard let start = old.value ?? new.value, let end = new.value ?? old.value else { continue }
            // Of weight and value, which both change, each gets its share at the other's mean: exact, and no side taken.
            lines.append(
                .init(
                    part: old.part, cause: .partWeight, contribution: (start + end) / 2 * (new.weight - old.weight)))
            let weight = (old.weight + new.weight) / 2
            if old.part.horizon != nil {
                lines.append(.init(part: old.part, cause: .responseRate, contribution: weight * (end - start)))
            } else {
                lines += self.lines(of: old.part, from: from, to: to).map {
                    .init(part: $0.part, cause: $0.cause, contribution: weight * $0.contribution)
                }
            }
        }
        return OutcomeChange(before: before, after: after, lines: lines)
    }

    /// Lines that sum to the change of one part's P.
    private func lines(of part: OutcomePart, from: Instant, to: Instant) -> [OutcomeChange.Line] {
        let items = items[part] ?? []
        let former = OutcomeFacts.opinion(of: items.filter { $0.counts(at: from) }, at: from)
        let gradient = Gradient(
            from: former, to: OutcomeFacts.opinion(of: items.filter { $0.counts(at: to) }, at: to))
        var lines: [OutcomeChange.Line] = []
        for item in items where item.counts(at: from) != item.counts(at: to) {
            let mass = DecayingSum.decay(days: to.days(since: item.occurredAt), halfLife: OutcomeFacts.halfLife)
            let sign = item.counts(at: to) ? 1.0 : -1
            lines.append(
                .init(
                    part: part, cause: .item(reference: item.reference, occurredAt: item.occurredAt),
                    contribution: sign * mass
                        * (item.value * gradient.positive + (1 - item.value) * gradient.negative)))
        }
        let lost = DecayingSum.decay(days: to.days(since: from), halfLife: OutcomeFacts.halfLife) - 1
        lines.append(
            .init(
                part: part, cause: .timePassed,
                contribution: lost * (former.positive * gradient.positive + former.negative * gradient.negative)))
        return lines
    }
}
