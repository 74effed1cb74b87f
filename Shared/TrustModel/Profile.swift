/// A reading of trust in words; the first that matches, in this order of `Band.init` (docs/domain.md §3.7).
public enum Band: String, CaseIterable, Sendable {
    case insufficientEvidence = "INSUFFICIENT_EVIDENCE"
    case atRisk = "AT_RISK"
    case fragile = "FRAGILE"
    case strong = "STRONG"
    case healthy = "HEALTHY"
    case mixed = "MIXED"
}

/// What is known about one component.
public struct ComponentProfile: Hashable, Sendable {
    public var opinion: Opinion
    /// R/(R + S°), the plain share of good acts in 0...1 to show beside P; nil without evidence. S° counts negative
    /// acts like positive ones: no negativity, escalation or repair (docs/domain.md §3.7).
    public var observedRate: Double?

    public init(opinion: Opinion, observedRate: Double?) {
        self.opinion = opinion
        self.observedRate = observedRate
    }
}

/// Trust at one instant: four opinions and the score over them (docs/domain.md §3.7).
public struct Profile: Hashable, Sendable {
    public let asOf: Instant
    public let policyID: String
    public let components: PerComponent<ComponentProfile>
    /// T = Σ ω P, in (0, 1).
    public let score: Double
    /// Var(T) of the four posteriors.
    public let variance: Double
    /// n, the size of the sample that would leave the same uncertainty.
    public let effectiveSize: Double
    /// 90 % interval of T by moment matching.
    public let interval: Interval
    public let band: Band
    /// Pieces of evidence that count.
    public let evidenceCount: Int

    /// Views leave the number out when this is false; the score is there all the same.
    public var numberShown: Bool { band != .insufficientEvidence }

    /// - Parameter hasUnrepairedBreach: one occurred in the 180 days up to `asOf` and no repair was accepted.
    init(
        asOf: Instant, policy: Policy, components: PerComponent<ComponentProfile>, hasUnrepairedBreach: Bool,
        evidenceCount: Int
    ) {
        var score = CompensatedSum()
        var variance = CompensatedSum()
        for component in Component.allCases {
            let share = policy[component].share
            score.add(share * components[component].opinion.projected)
            variance.add(share * share * components[component].opinion.variance)
        }
        self.asOf = asOf
        policyID = policy.id
        self.components = components
        self.score = score.value
        self.variance = variance.value
        effectiveSize = self.score * (1 - self.score) / self.variance - 1
        interval = Interval(
            BetaDistribution(alpha: effectiveSize * self.score, beta: effectiveSize * (1 - self.score)))
        band = Band(components: components, interval: interval, hasUnrepairedBreach: hasUnrepairedBreach)
        self.evidenceCount = evidenceCount
    }
}

extension Band {
    /// Below this mass in all no number is shown.
    static let sufficientMass = 8.0
    /// And each component needs this much.
    static let sufficientComponentMass = 1.0
    /// A component below one half counts as fragile from this mass on.
    static let fragileComponentMass = 3.0

    init(components: PerComponent<ComponentProfile>, interval: Interval, hasUnrepairedBreach: Bool) {
        let opinions = Component.allCases.map { components[$0].opinion }
        let isInsufficient =
            opinions.reduce(0) { $0 + $1.mass } < Band.sufficientMass
            || opinions.contains { $0.mass < Band.sufficientComponentMass }
        let isFragile =
            hasUnrepairedBreach
            || opinions.contains { $0.projected < 0.5 && $0.mass >= Band.fragileComponentMass }
        if isInsufficient {
            self = .insufficientEvidence
        } else if interval.upper < 0.55 {
            self = .atRisk
        } else if isFragile {
            self = .fragile
        } else if interval.lower >= 0.70 {
            self = .strong
        } else if interval.lower >= 0.55 {
            self = .healthy
        } else {
            self = .mixed
        }
    }
}
