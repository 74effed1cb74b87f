import Schema
import Standard

/// How a coach sees themselves beside how they are seen, component by component (docs/domain.md §1 S30). It adds nothing to what
/// it is made of: the profile and the released means are the coach's to read.
struct SelfComparison: Sendable {
    var own: SelfRating?
    var trust: TrustProfile?
    var ratings: [PulseTrend] = []

    var all: [SelfAwareness.Comparison] {
        [
            comparison(.reliability, \.dependable, .dependable), comparison(.integrity, \.honest, .honest),
            comparison(.competence, \.useful, .useful), comparison(.empathy, \.understood, .understood),
        ]
    }

    private func comparison(
        _ component: Component, _ value: KeyPath<SelfRating, Int32>, _ item: Pulse.Item
    ) -> SelfAwareness.Comparison {
        let own = own?[keyPath: value] ?? 0
        // As a pulse becomes evidence (docs/domain.md §3.2).
        let share = own == 0 ? 0 : Double(own - 1) / 4
        let trusted =
            trust?.numberShown == true ? trust?.components.first { $0.component == component }?.interval : nil
        let rated = ratings.first { $0.item == item }?.points.last
        return SelfAwareness.Comparison(
            component: component, own: own, ownShare: share, trusted: trusted,
            rated: rated.map { DoubleValue(value: $0.mean) }, ratedAnswers: rated?.answers ?? 0,
            ratedTime: rated?.time,
            reading: Self.reading(of: own == 0 ? nil : share, in: trusted))
    }

    /// Never off a point (docs/domain.md §3.7): a rating within the interval is no gap.
    static func reading(of share: Double?, in interval: Interval?) -> SelfAwareness.Reading {
        guard let share, let interval else { return .unknown }
        return share > interval.upper ? .higher : share < interval.lower ? .lower : .alike
    }
}
