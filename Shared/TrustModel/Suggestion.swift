/// What one act of the trustee would do to the score now (docs/domain.md S14).
public struct Suggestion: Hashable, Sendable {
    public let kind: EvidenceKind
    /// ΔT.
    public let change: Double
    /// 90 % interval of T with it.
    public let interval: Interval
    /// Change of that interval's width: negative where T becomes more certain.
    public let widthChange: Double
}

extension Profile {
    /// The component that least is known about: the largest u, the first of several.
    public var mostUncertain: Component {
        Component.allCases.reduce(.reliability) {
            components[$1].opinion.uncertainty > components[$0].opinion.uncertainty ? $1 : $0
        }
    }
}

extension RelationshipState {
    /// Each act tried by itself at `instant`, the largest gain first; of equal gains in the order given.
    ///
    /// - Parameters:
    ///   - kinds: acts without a measure.
    ///   - source: the person whose act or statement a kind is.
    /// - Throws: `needsReplay` when `instant` lies in the settled past.
    public func suggestions(
        of kinds: [EvidenceKind], by source: (EvidenceKind) -> String, at instant: Instant
    ) throws(StateError) -> [Suggestion] {
        guard let now = profile(at: instant) else { throw .needsReplay }
        var suggestions: [Suggestion] = []
        for kind in kinds {
            guard
                let act = try? Evidence.make(
                    kind, id: EventID(high: 0, low: 1), sourceID: source(kind), occurredAt: instant,
                    recordedAt: instant),
                let profile = try supposing([act]).profile(at: instant)
            else { continue }
            suggestions.append(
                Suggestion(
                    kind: kind, change: profile.score - now.score, interval: profile.interval,
                    widthChange: profile.interval.width - now.interval.width))
        }
        return suggestions.enumerated().sorted {
            ($1.element.change, $0.offset) < ($0.element.change, $1.offset)
        }.map(\.element)
    }
}

extension Interval {
    var width: Double { upper - lower }
}
