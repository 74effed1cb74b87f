/// Whether a result goes with trust among the relationships of one programme, and whether that may be shown (docs/domain.md
/// S38, §3.12, §5.2).
///
/// A rank correlation is no sum: the audit of sums (P3) says nothing of it. What keeps it safe is that only one is ever made
/// of a programme, a result and a month; of 30 relationships, 5 coachees and 3 coaches at least (P1); that no two that are
/// shown differ by 1 to 4 people, whatever lies between them (P4, of all that is remembered and not of the last alone); that
/// programmes share no relationship, so none is the rest of another; and that it is rounded.
public enum ResultAssociation {
    /// docs/domain.md S38.
    public static let minimumRelationships = 30
    /// Shown groups that a new one is compared with: those of so many months, and the last whenever it was.
    public static let rememberedMonths = 12
    /// Always shown with it.
    public static let caution =
        "This is association, not cause: what changes trust may change results as well, and both fade with time. Of "
        + "coaching in general, the working alliance goes with results (r = .41, 95 % .34 to .48, 27 samples; Graßmann, "
        + "Schölmerich & Schermuly 2020), which is no proof that one makes the other."

    public enum Verdict: Hashable, Sendable {
        case shown
        /// What was last shown, once more: too few people have come and gone.
        case repeated
        case withheld(Suppression)
    }

    /// - Parameters:
    ///   - members: relationships of which something is known.
    ///   - earlier: of each group that was shown, in the order of time, its relationships and whom each protects.
    ///   - erased: ids of relationships and people whose data must not be shown again (P7).
    public static func verdict(
        on members: [CohortMember], rule: MinimumRule, earlier: [[UInt64: UInt64]], erased: Set<UInt64> = []
    ) -> Verdict {
        if members.count < minimumRelationships { return .withheld(.tooFewRelationships) }
        if let suppression = rule.suppression(of: members) { return .withheld(suppression) }
        let now = Dictionary(members.map { ($0.id, $0.person) }) { first, _ in first }
        let isClose = earlier.contains { ReleaseHistory.isSmallChange(from: $0, to: now) }
        guard isClose, let last = earlier.last else { return .shown }
        let isFree = erased.isDisjoint(with: last.keys) && erased.isDisjoint(with: last.values)
        return isFree ? .repeated : .withheld(.derivable)
    }
}
