/// D2: how sure one can be that more than half of what the trustee says is criticism without a strength and without a next
/// step. No ratio of praise to criticism is used: those that were published have no licence here (docs/domain.md §4.2).
public struct FeedbackBalance: Hashable, Sendable {
    /// What the receiver's tag, or else the giver's, calls an item.
    public enum Kind: UInt8, Sendable {
        case recognition
        case balanced
        case constructive
        case criticismOnly
    }

    /// One delivered item that is not NEUTRAL: those are not counted, so they cannot push criticism out of the window either.
    public struct Item: Hashable, Sendable {
        public var deliveredAt: Instant
        public var kind: Kind
        /// Behaviour and impact are said in at least 20 characters each, or the receiver tagged it: otherwise recognition
        /// is empty praise, and clears nothing.
        public var isSubstantive: Bool

        var isEmptyPraise: Bool { kind == .recognition && !isSubstantive }

        public init(_ kind: Kind, at instant: Instant, isSubstantive: Bool = true) {
            self.kind = kind
            deliveredAt = instant
            self.isSubstantive = isSubstantive
        }
    }

    public static let windowItems = 12
    public static let windowDays = 70
    public static let minimumItems = 6
    public static let run = 4
    public static let thresholds = Thresholds(clear: 0.70, watch: 0.80, alert: 0.90)

    /// n and c: items of the window, and those that only criticise.
    public let itemCount: Int
    public let criticismCount: Int
    /// π = Pr(q > ½ | Beta(1 + c, 1 + n − c)).
    public let probability: Double
    public let reading: Reading

    /// - Parameter items: in the order of delivery, at least those that are `needed`; later ones than `instant` do not count.
    public init(_ items: some BidirectionalCollection<Item>, at instant: Instant) {
        let first = instant.advanced(byDays: -Self.windowDays)
        let known = items.filter { $0.deliveredAt > first && $0.deliveredAt <= instant }
        let window = known.suffix(Self.windowItems)
        itemCount = window.count
        criticismCount = window.count { $0.kind == .criticismOnly }
        probability = Self.probability(criticismCount, of: itemCount)
        let isRun = window.count >= Self.run && window.suffix(Self.run).allSatisfy { $0.kind == .criticismOnly }
        let says = itemCount >= Self.minimumItems
        if says && probability >= Self.thresholds.alert {
            reading = .alert
        } else if isRun || says && probability >= Self.thresholds.watch {
            reading = .watch
        } else {
            let substantive = known.filter { !$0.isEmptyPraise }.suffix(Self.windowItems)
            let remaining = Self.probability(substantive.count { $0.kind == .criticismOnly }, of: substantive.count)
            reading = remaining < Self.thresholds.clear ? .clear : .undecided
        }
    }

    /// Of items in the order of delivery those that a balance now or later may take: the last 12, and the last 12 besides empty
    /// praise, however much of that there is.
    static func needed(_ items: [Item]) -> [Item] {
        var (all, substantive) = (0, 0)
        return items.reversed().filter { item in
            all += 1
            if !item.isEmptyPraise { substantive += 1 }
            return all <= windowItems || !item.isEmptyPraise && substantive <= windowItems
        }.reversed()
    }

    /// The mean of q, the share of criticism, as far as the window tells.
    public var share: Double { Self.share(criticismCount, of: itemCount).mean }
    /// Its 90 % interval.
    public var shareInterval: Interval { Interval(Self.share(criticismCount, of: itemCount)) }

    private static func share(_ criticisms: Int, of items: Int) -> BetaDistribution {
        BetaDistribution(alpha: Double(1 + criticisms), beta: Double(1 + items - criticisms))
    }

    /// Pr(q > ½) = 1 − I_½(1 + c, 1 + n − c).
    static func probability(_ criticisms: Int, of items: Int) -> Double {
        1 - share(criticisms, of: items).cumulative(0.5)
    }
}
