/// What a breach does beyond its own mass (docs/domain.md §3.6).
enum Breaches {
    /// κ: each undecayed earlier breach adds so much to the escalation. It defeats the con-man's cycle of good acts
    /// and betrayal (Salehi-Abari & White 2009).
    static let escalationStep = 0.5
    static let maximumEscalation = 4.0
    static let escalationHalfLife = 180.0

    /// "Trust harmed by deception never fully recovers" (Schweitzer, Hershey & Bradlow 2006), yet fades.
    static let scarDepth = 0.15
    static let scarHalfLife = 730.0
    static let maximumScarEffect = 0.6

    /// An unrepaired breach makes a relationship fragile for so many days.
    static let fragileDays = 180

    /// μ for a breach before which breaches of decayed number `earlier` happened in the same component.
    static func escalation(after earlier: Double) -> Double {
        min(maximumEscalation, 1 + escalationStep * earlier)
    }

    /// The base rate of integrity under a scar.
    static func baseRate(scar: Double) -> Double {
        Opinion.neutralBaseRate * (1 - min(maximumScarEffect, 2 * scar))
    }

    /// q: what an accepted repair takes off the negative mass. Apology works for competence, hardly for integrity
    /// (Kim, Ferrin, Cooper & Dirks 2004).
    static func repairDiscount(_ component: Component) -> Double {
        component == .integrity ? 0.10 : 0.35
    }
}
