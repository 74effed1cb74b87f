/// M1 (docs/domain.md §4.5): neither a held session nor feedback for more than twice the cadence and 3 days, in which both
/// were there.
public enum ContactGap {
    /// Days that may pass.
    public static func limit(cadenceDays: Int) -> Int { 2 * cadenceDays + 3 }

    /// - Parameters:
    ///   - last: the last contact, or the relationship's start.
    ///   - absences: leave of either and pauses, all that touch the time since then.
    public static func isOpen(
        since last: Instant, cadenceDays: Int, absences: [SustainingFacts.Absence], at instant: Instant
    ) -> Bool {
        SustainingFacts.presence(from: last, to: instant, without: absences) > Double(limit(cadenceDays: cadenceDays))
    }
}
