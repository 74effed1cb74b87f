/// What the outcomes of one relationship are measured from.
public struct OutcomeFacts: Sendable {
    /// A piece of feedback to the trustor, and the answers to it.
    public struct Question: Hashable, Sendable {
        public var askedAt: Instant
        public var answeredAt: Instant?

        public init(askedAt: Instant, answeredAt: Instant?) {
            self.askedAt = askedAt
            self.answeredAt = answeredAt
        }
    }

    /// Days after which an item counts half.
    public static let halfLife = 60.0
    /// Feedback of so many days is looked at.
    public static let responseDays = 120
    /// A part with fewer items steps back where another has as many.
    public static let sufficientItems = 3
    /// An item that is older weighs less than a millionth, and may be left out.
    public static let memoryDays = 1_200

    public var items: [OutcomePart: [OutcomeItem]] = [:]
    public var questions: [OutcomePart: [Question]] = [:]

    public init() {}

    // MARK: Values

    /// What is known about an outcome at an instant.
    public func value(of kind: OutcomeKind, at instant: Instant) -> OutcomeValue {
        OutcomeValue(kind: kind, parts: kind.parts.map { part($0, at: instant) })
    }

    func part(_ part: OutcomePart, at instant: Instant) -> OutcomeValue.Part {
        if let horizon = part.horizon {
            let curve = KaplanMeier(waiting(part, at: instant))
            return OutcomeValue.Part(
                part: part, value: curve.answered(within: horizon), variance: curve.variance(within: horizon),
                count: curve.count)
        }
        let known = (items[part] ?? []).filter { $0.counts(at: instant) }
        let opinion = OutcomeFacts.opinion(of: known, at: instant)
        return OutcomeValue.Part(
            part: part, value: opinion.projected, variance: opinion.variance, count: known.count)
    }

    /// How long the feedback of the last 120 days waited, or waits.
    public func waiting(_ part: OutcomePart, at instant: Instant) -> [KaplanMeier.Waiting] {
        OutcomeFacts.waiting(questions[part] ?? [], at: instant)
    }

    public static func waiting(_ questions: [Question], at instant: Instant) -> [KaplanMeier.Waiting] {
        let first = instant.advanced(byDays: -responseDays)
        return questions.filter { $0.askedAt > first && $0.askedAt <= instant }.map { question in
            let answered = question.answeredAt.flatMap { $0 <= instant ? $0 : nil }
            return KaplanMeier.Waiting(
                duration: (answered ?? instant).microseconds - question.askedAt.microseconds,
                isAnswered: answered != nil)
        }
    }

    /// ν = 1, W = 2, a = 0.5.
    static func opinion(of items: [OutcomeItem], at instant: Instant) -> Opinion {
        var positive = CompensatedSum()
        var negative = CompensatedSum()
        for item in items {
            let mass = DecayingSum.decay(days: instant.days(since: item.occurredAt), halfLife: halfLife)
            positive.add(mass * item.value)
            negative.add(mass * (1 - item.value))
        }
        return Opinion(positive: positive.value, negative: negative.value)
    }

    /// P over items that are all known, and their number: for what is shown beside the outcomes.
    public static func share(of items: [OutcomeItem], at instant: Instant) -> (value: Double, count: Int) {
        let known = items.filter { $0.counts(at: instant) }
        return (opinion(of: known, at: instant).projected, known.count)
    }
}

/// An outcome at an instant.
public struct OutcomeValue: Hashable, Sendable {
    public struct Part: Hashable, Sendable {
        public var part: OutcomePart
        /// 0...1; nil where nothing can be told.
        public var value: Double?
        var variance: Double
        public var count: Int
        /// Its share of the outcome; of all parts 1 in sum, or 0 without any item.
        public fileprivate(set) var weight = 0.0

        init(part: OutcomePart, value: Double?, variance: Double, count: Int) {
            self.part = part
            self.value = value
            self.variance = variance
            self.count = count
        }
    }

    public let kind: OutcomeKind
    public let parts: [Part]
    /// 0...1; nil without a single item.
    public let value: Double?
    /// 90 % interval; nil without a value.
    public let interval: Interval?

    /// Items that the value rests on.
    public var count: Int { parts.reduce(0) { $0 + ($1.weight > 0 ? $1.count : 0) } }

    /// The mean of the parts with at least 3 items; of all that have a value where none has (docs/domain.md rule 31).
    init(kind: OutcomeKind, parts: [Part]) {
        self.kind = kind
        let sufficient = parts.filter { $0.value != nil && $0.count >= OutcomeFacts.sufficientItems }.map(\.part)
        let chosen = sufficient.isEmpty ? parts.filter { $0.value != nil }.map(\.part) : sufficient
        let hasItems = parts.contains { $0.count > 0 }
        var parts = parts
        for index in parts.indices where hasItems && chosen.contains(parts[index].part) {
            parts[index].weight = 1 / Double(chosen.count)
        }
        self.parts = parts
        guard hasItems else {
            value = nil
            interval = nil
            return
        }
        let value = parts.reduce(0) { $0 + $1.weight * ($1.value ?? 0) }
        self.value = value
        let variance = parts.reduce(0) { $0 + $1.weight * $1.weight * $1.variance }
        let fewest = parts.filter { $0.weight > 0 }.map(\.count).min() ?? 0
        interval = Interval(mean: value, variance: variance, count: fewest)
    }
}

extension Interval {
    /// Moment matching as for the score (docs/domain.md §3.7). A mean at the edge has no such Beta distribution: then the
    /// Jeffreys posterior of `count` trials stands in.
    init(mean: Double, variance: Double, count: Int) {
        let size = variance > 0 ? mean * (1 - mean) / variance - 1 : 0
        guard size > 0 else {
            let trials = Double(count)
            self.init(BetaDistribution(alpha: trials * mean + 0.5, beta: trials * (1 - mean) + 0.5))
            return
        }
        self.init(BetaDistribution(alpha: size * mean, beta: size * (1 - mean)))
    }
}
