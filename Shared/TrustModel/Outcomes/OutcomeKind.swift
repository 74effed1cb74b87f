/// What trust encourages in the trustor: measured, never an input of the score, so that "trust precedes outcomes" stays
/// open to test (docs/domain.md §3.12, K3).
public enum OutcomeKind: UInt8, CaseIterable, Sendable {
    case openness
    case engagement
    case responsiveness
    case accountability

    /// What it is the mean of.
    public var parts: [OutcomePart] {
        switch self {
        case .openness: [.raised, .safety]
        case .engagement: [.attended, .contributed, .checkedIn]
        case .responsiveness: [.acknowledged, .acted]
        case .accountability: [.keptWord]
        }
    }
}

/// One measured part of an outcome.
public enum OutcomePart: UInt8, CaseIterable, Sendable {
    /// The trustor raised an obstacle, a doubt or a failure around a session.
    case raised
    /// Answers to "is it safe to raise things?".
    case safety
    /// The trustor came.
    case attended
    /// The trustor brought an agenda item.
    case contributed
    /// Check-ins on time, and goals that the trustor helped to set.
    case checkedIn
    /// Feedback acknowledged within 72 h.
    case acknowledged
    /// Feedback acted on within 14 d.
    case acted
    /// The trustor's own commitments.
    case keptWord

    /// Parts that are waiting times: how long until an answer is enough; nil for shares of items.
    public var horizon: Int64? {
        switch self {
        case .acknowledged: 72 * 3_600_000_000
        case .acted: 14 * Instant.microsecondsPerDay
        default: nil
        }
    }
}

/// One fact that a part counts.
public struct OutcomeItem: Hashable, Sendable {
    /// How well it went, 0...1.
    public var value: Double
    public var occurredAt: Instant
    /// Since when it can be told, if later than `occurredAt`.
    public var knownFrom: Instant
    /// When another fact took its place.
    public var supersededAt: Instant?
    /// The resource behind it.
    public var reference: String

    public init(
        value: Double, occurredAt: Instant, knownFrom: Instant? = nil, supersededAt: Instant? = nil, reference: String
    ) {
        self.value = value
        self.occurredAt = occurredAt
        self.knownFrom = max(knownFrom ?? occurredAt, occurredAt)
        self.supersededAt = supersededAt
        self.reference = reference
    }

    func counts(at instant: Instant) -> Bool {
        knownFrom <= instant && supersededAt.map { instant < $0 } ?? true
    }
}
