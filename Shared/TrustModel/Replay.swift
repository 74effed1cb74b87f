/// The whole log folded at once: what every other way of computing must equal within 1e-9 (docs/domain.md §3.9).
public enum Replay {
    /// A state that settles nothing and so answers at every instant. O(n log n) once, O(n) for each question.
    public static func state(
        of log: EvidenceLog, start: Instant, policy: Policy
    ) throws(StateError) -> RelationshipState {
        try RelationshipState(start: start, policy: policy, log: log, openLimit: .max)
    }

    /// The profile at any instant.
    public static func profile(
        of log: EvidenceLog, start: Instant, policy: Policy, asOf: Instant
    ) throws(StateError) -> Profile {
        guard let profile = try state(of: log, start: start, policy: policy).profile(at: asOf) else {
            throw .needsReplay
        }
        return profile
    }
}
