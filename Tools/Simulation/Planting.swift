/// Something that was put into a pair, and that a detector should find.
public struct Planting: Hashable, Sendable, Codable {
    public enum Kind: String, Hashable, Sendable, Codable, CaseIterable {
        /// D1: obligations are missed more often.
        case inconsistency
        /// D2: criticism without strength or next step.
        case criticism
        /// D3: decisions without a reason.
        case opacity
        /// D3, T1: something shared was changed in silence.
        case silentChange
        /// M1: the two stop meeting.
        case lapse
    }

    public var kind: Kind
    /// Weeks from the pair's start.
    public var start: Double
    /// The share of bad acts that it leads to; 0 where it is no share.
    public var size: Double
    /// Weeks until it has its size.
    public var ramp: Double

    /// The share in a week, of what it was before.
    func share(_ base: Double, at week: Double) -> Double {
        guard week >= start else { return base }
        let progress = ramp == 0 ? 1 : min(1, (week - start) / ramp)
        return base + (size - base) * progress
    }
}
