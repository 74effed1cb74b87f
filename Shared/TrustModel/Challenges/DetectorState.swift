/// The detectors D1 to D3 of one relationship in little memory, for facts in the order of time: each costs the same, however
/// many came before (docs/domain.md §4). A service that hears of facts late keeps the sums behind each in its database.
public struct DetectorState: Sendable {
    /// What a fact has raised.
    public struct Raised: Hashable, Sendable {
        public var challenge: Challenge
        public var at: Instant
        public var isAlert: Bool
    }

    /// Decisions that are remembered, of the days that say how many there are in a week.
    static let maximumDecisions = 64

    /// One cumulative sum and what became of it.
    private struct Course {
        var sum = 0.0
        var course = AlertCourse()

        mutating func take(
            _ fact: Conduct, _ test: CumulativeSum, _ thresholds: Thresholds, acknowledging isAcknowledged: Bool
        ) -> Raised? {
            sum = test.next(after: sum, fact.isBad)
            let raised = course.raised(
                by: thresholds.reading(of: sum), fact.challenge, at: fact.occurredAt, acknowledging: isAcknowledged)
            if isAcknowledged, raised?.isAlert == true { sum = 0 }
            return raised
        }
    }

    /// Somebody acknowledges each alert as soon as it is raised, and the sum begins anew.
    private let isAcknowledged: Bool
    private var inconsistency = Course()
    private var opacity = Course()
    private var decisions: [Instant] = []
    private var items: [FeedbackBalance.Item] = []
    private var criticism = AlertCourse()

    public init(acknowledging isAcknowledged: Bool = false) {
        self.isAcknowledged = isAcknowledged
    }

    public mutating func take(_ fact: Conduct) -> Raised? {
        switch fact.challenge {
        case .inconsistentBehaviour:
            return inconsistency.take(fact, .inconsistency, .inconsistency, acknowledging: isAcknowledged)
        case .lackOfTransparency:
            if decisions.count == Self.maximumDecisions { decisions.removeFirst() }
            decisions.append(fact.occurredAt)
            let first = fact.occurredAt.advanced(byDays: -Thresholds.rateDays)
            decisions.removeAll { $0 <= first }
            return opacity.take(
                fact, .opacity, .opacity(recentDecisions: decisions.count), acknowledging: isAcknowledged)
        case .overemphasisOnCriticism, .perceivedBias: return nil
        }
    }

    public mutating func take(_ item: FeedbackBalance.Item) -> Raised? {
        items = FeedbackBalance.needed(items + [item])
        return criticism.raised(
            by: FeedbackBalance(items, at: item.deliveredAt).reading, .overemphasisOnCriticism, at: item.deliveredAt,
            acknowledging: isAcknowledged)
    }
}

extension AlertCourse {
    fileprivate mutating func raised(
        by reading: Reading, _ challenge: Challenge, at instant: Instant, acknowledging isAcknowledged: Bool
    ) -> DetectorState.Raised? {
        switch take(reading, at: instant) {
        case .none, .resolve: return nil
        case .raise(false): return .init(challenge: challenge, at: instant, isAlert: false)
        case .raise(true), .escalate:
            if isAcknowledged { signal?.state = .acknowledged }
            return .init(challenge: challenge, at: instant, isAlert: true)
        }
    }
}
