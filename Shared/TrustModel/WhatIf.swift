/// What hypothetical events would do. Pure: nothing is written (docs/domain.md §3.9).
public struct WhatIf: Sendable {
    /// The profile with the hypotheses.
    public let profile: Profile
    /// From the profile without them to the one with them, at the same instant.
    public let explanation: Explanation

    public static let maximumHypotheses = 50
}

extension RelationshipState {
    /// The profile and its explanation if the hypotheses had happened. Those after `instant` do not count.
    ///
    /// - Throws: `tooManyHypotheses` beyond 50; `needsReplay` when one, or `instant`, lies in the settled past.
    public func whatIf(_ hypotheses: [Evidence], at instant: Instant) throws(StateError) -> WhatIf {
        guard hypotheses.count <= WhatIf.maximumHypotheses else { throw .tooManyHypotheses }
        let supposed = try supposing(hypotheses)
        let explanation = try Explanation.between(self, at: instant, supposed, at: instant)
        guard let profile = supposed.profile(at: instant) else { throw .needsReplay }
        return WhatIf(profile: profile, explanation: explanation)
    }
}
