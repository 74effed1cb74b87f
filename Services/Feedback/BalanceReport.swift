import Schema
import ServiceKit
import Standard
import TrustModel

/// How much of what the trustee says is criticism alone (docs/domain.md §4.2).
extension BalanceReport {
    /// Of the items created last; ten weeks hold far fewer.
    static let lookBack = 500

    /// - Parameters:
    ///   - items: in any order, whoever wrote them.
    ///   - viewer: a WATCH is for the trustee alone (docs/domain.md §4); the other one reads UNDECIDED.
    init(
        of items: [FeedbackItem], in relationship: Relationship, seenBy viewer: Role, at now: ServiceKit.Instant
    ) throws {
        let said = try items.compactMap { item in
            try item.author == relationship.trustee ? FeedbackBalance.Item(item) : nil
        }
        let balance = FeedbackBalance(
            said.sorted { $0.deliveredAt < $1.deliveredAt }, at: TrustModel.Instant(microseconds: now.microseconds))
        let isAssessable =
            relationship.state != .paused
            && (balance.itemCount >= FeedbackBalance.minimumItems || balance.reading == .watch)
        self.init(
            name: "\(relationship.name)/balanceReport", asOf: now.timestamp,
            windowWeeks: Int32(FeedbackBalance.windowDays / 7), windowItems: Int32(FeedbackBalance.windowItems),
            itemCount: Int32(balance.itemCount), criticismCount: Int32(balance.criticismCount),
            probability: isAssessable ? DoubleValue(value: balance.probability) : nil,
            share: isAssessable
                ? Share(mean: balance.share, lower: balance.shareInterval.lower, upper: balance.shareInterval.upper)
                : nil,
            state: isAssessable ? State(balance.reading, seenBy: viewer) : .notAssessable)
    }
}

extension BalanceReport.State {
    fileprivate init(_ reading: Reading, seenBy viewer: Role) {
        self =
            switch reading {
            case .clear: .clear
            case .undecided: .undecided
            case .watch: viewer == .trustee ? .watch : .undecided
            case .alert: .alert
            }
    }
}

extension FeedbackBalance.Item {
    /// Nil for what its receiver cannot read, or not any more, and for NEUTRAL.
    fileprivate init?(_ item: FeedbackItem) throws {
        guard item.state != .draft, item.state != .withdrawn, let revealTime = item.revealTime,
            let kind = FeedbackBalance.Kind(item.effectiveKind)
        else { return nil }
        self.init(
            kind, at: TrustModel.Instant(microseconds: try ServiceKit.Instant(revealTime).microseconds),
            isSubstantive: item.isConcrete || item.receiverKind != .unspecified)
    }
}

extension FeedbackBalance.Kind {
    fileprivate init?(_ kind: FeedbackItem.Kind) {
        switch kind {
        case .recognition: self = .recognition
        case .balanced: self = .balanced
        case .constructive: self = .constructive
        case .criticismOnly: self = .criticismOnly
        default: return nil
        }
    }
}
