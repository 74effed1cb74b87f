/// The parameters that an organisation may choose, within limits (docs/domain.md §3.10), and the constants beside them.
public struct Policy: Hashable, Sendable {
    /// Parameters of one component.
    public struct Parameters: Hashable, Sendable {
        /// h in days, 30...365: after it, evidence counts half.
        public var halfLife: Double
        /// ν, 1...3: how much more a negative act weighs than a positive one.
        public var negativity: Double
        /// ω, 0.10...0.50: the component's share of the score; the four sum to 1.
        public var share: Double

        public init(halfLife: Double, negativity: Double, share: Double) {
            self.halfLife = halfLife
            self.negativity = negativity
            self.share = share
        }
    }

    /// Name of this version: what a profile was computed under.
    public let id: String
    public let parameters: PerComponent<Parameters>

    /// Checks every parameter against its range.
    public init(id: String, parameters: PerComponent<Parameters>) throws(PolicyError) {
        guard (1...Policy.maximumIDLength).contains(id.utf8.count) else { throw .idInvalid }
        for component in Component.allCases {
            let chosen = parameters[component]
            guard Policy.halfLives.contains(chosen.halfLife) else { throw .halfLifeOutOfRange(component) }
            guard Policy.negativities.contains(chosen.negativity) else { throw .negativityOutOfRange(component) }
            guard Policy.shares.contains(chosen.share) else { throw .shareOutOfRange(component) }
        }
        let sum = Component.allCases.reduce(0) { $0 + parameters[$1].share }
        guard abs(sum - 1) <= 1e-9 else { throw .sharesDoNotSumToOne }
        self.init(unchecked: id, parameters: parameters)
    }

    private init(unchecked id: String, parameters: PerComponent<Parameters>) {
        self.id = id
        self.parameters = parameters
    }

    /// The default. Habits change faster than competence, and that faster than integrity; a negative act says more
    /// about morality, a positive one more about ability (Skowronski & Carlston 1987); no ranking of the four is
    /// known for coaching (Colquitt, Scott & LePine 2007).
    public static let standard = Policy(
        unchecked: "standard-1",
        parameters: PerComponent(
            reliability: Parameters(halfLife: 90, negativity: 1.5, share: 0.25),
            integrity: Parameters(halfLife: 180, negativity: 2, share: 0.25),
            competence: Parameters(halfLife: 120, negativity: 1, share: 0.25),
            empathy: Parameters(halfLife: 90, negativity: 1.25, share: 0.25)))

    public static let maximumIDLength = 256
    public static let halfLives = 30.0...365.0
    public static let negativities = 1.0...3.0
    public static let shares = 0.1...0.5

    public subscript(component: Component) -> Parameters {
        parameters[component]
    }

    /// q: the share of a negative event that an accepted repair takes away, 0...1.
    public func repair(of component: Component) -> Double {
        Breaches.repairDiscount(component)
    }
}

public enum PolicyError: Error, Hashable, Sendable {
    case idInvalid
    case halfLifeOutOfRange(Component)
    case negativityOutOfRange(Component)
    case shareOutOfRange(Component)
    case sharesDoNotSumToOne
}
