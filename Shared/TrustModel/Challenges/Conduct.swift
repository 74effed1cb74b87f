/// One obligation of the trustee that is settled, or one decision of which the trustor knows the reason, or does not: what
/// the cumulative sums of D1 and D3 count. Conduct is read off evidence alone, so the detectors can be replayed from the
/// log; they never write any (docs/domain.md §4.1, §4.3).
public struct Conduct: Hashable, Sendable {
    public var challenge: Challenge
    public var occurredAt: Instant
    /// The evidence that says so.
    public var id: EventID
    public var isBad: Bool

    public init(_ challenge: Challenge, at instant: Instant, id: EventID, isBad: Bool) {
        self.challenge = challenge
        occurredAt = instant
        self.id = id
        self.isBad = isBad
    }

    /// - Parameter evidence: all that was not taken back about one resource, in the order of time, with what was superseded.
    ///   A promise that is missed, then abandoned, was missed once, at the time of the miss. A decision is one fact: an
    ///   explanation that came too late is not a second one.
    public static func facts(of evidence: [Evidence]) -> [Conduct] {
        let superseded = Set(evidence.compactMap(\.supersedes))
        var facts: [Conduct] = []
        var decision: Conduct?
        for piece in evidence where !superseded.contains(piece.id) {
            guard var fact = Conduct(piece) else { continue }
            if fact.challenge == .inconsistentBehaviour {
                let former = evidence.first { $0.id == piece.supersedes }.flatMap { Conduct($0) }
                if fact.isBad, let former, former.isBad { fact.occurredAt = min(fact.occurredAt, former.occurredAt) }
                facts.append(fact)
            } else if decision == nil || fact.isBad && decision?.isBad == false {
                decision = fact
            }
        }
        return facts + (decision.map { [$0] } ?? [])
    }

    /// Whether evidence of a kind can be conduct: of the others nobody needs to look.
    public static func counts(_ kind: EvidenceKind) -> Bool {
        switch kind {
        case .commitmentKept, .commitmentKeptLate, .commitmentMissed, .commitmentAbandoned, .sessionHeld,
            .sessionTrusteeNoShow, .sessionCancelledLate, .decisionExplained, .decisionUnexplained:
            true
        default: false
        }
    }

    /// Nil for what is no conduct. Promises that were renegotiated and sessions that were moved in time are skipped; a
    /// promise kept more than 3 days late counts as missed.
    private init?(_ evidence: Evidence) {
        guard Self.counts(evidence.kind) else { return nil }
        let isBad =
            switch evidence.kind {
            case .commitmentKept, .sessionHeld, .decisionExplained: false
            // v = 0.8 - 0.1 d (docs/domain.md §3.2).
            case .commitmentKeptLate: evidence.v < 0.45
            default: true
            }
        let isDecision = evidence.kind == .decisionExplained || evidence.kind == .decisionUnexplained
        self.init(
            isDecision ? .lackOfTransparency : .inconsistentBehaviour, at: evidence.occurredAt, id: evidence.id,
            isBad: isBad)
    }
}
