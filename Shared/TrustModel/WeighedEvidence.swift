/// An event that counts at some instant, with the factors that scale its mass then (docs/domain.md §3.3, §3.6).
struct WeighedEvidence: Sendable {
    /// Its position in the log.
    var index: Int
    /// w · δ.
    var mass: Double
    /// Flood limit of its day and, for a self-report, of its week: 0 < f ≤ 1.
    var flood = 1.0
    /// μ ≥ 1.
    var escalation = 1.0
    /// q, 0 ... 0.35: 0 when there is no accepted repair.
    var repair = 0.0
    var isRepaired: Bool { repair > 0 }

    /// r_e, at the event's own instant.
    func positive(_ event: Evidence) -> Double {
        mass * flood * event.v
    }

    /// S° mass: what s_e would be with ν = μ = 1 and q = 0.
    func observedNegative(_ event: Evidence) -> Double {
        mass * flood * (1 - event.v)
    }

    /// s_e, at the event's own instant.
    func negative(_ event: Evidence, _ policy: Policy) -> Double {
        observedNegative(event) * policy[event.component].negativity * escalation * (1 - repair)
    }
}

/// What events have added up to, kept at the relationship's start as epoch (docs/domain.md §3.4).
struct Accumulators: Hashable, Sendable {
    struct Sums: Hashable, Sendable {
        var positive = DecayingSum()
        var negative = DecayingSum()
        var observedNegative = DecayingSum()
        /// B: the number of breaches, with their own half-life.
        var breaches = DecayingSum()
    }

    var sums = PerComponent(repeating: Sums())
    var scar = DecayingSum()
    var lastUnrepairedBreach: Instant?
    var count = 0

    /// Events come in the order of time.
    mutating func add(_ weighed: WeighedEvidence, _ event: Evidence, start: Instant, policy: Policy) {
        count += 1
        let component = event.component
        let age = event.occurredAt.days(since: start)
        let growth = DecayingSum.growth(days: age, halfLife: policy[component].halfLife)
        sums[component].positive.add(weighed.positive(event), growth: growth)
        if event.v < 1 {
            sums[component].negative.add(weighed.negative(event, policy), growth: growth)
            sums[component].observedNegative.add(weighed.observedNegative(event), growth: growth)
        }
        guard event.isBreach else { return }
        addBreach(of: component, age: age)
        if component == .integrity {
            scar.add(
                Breaches.scarDepth * (weighed.isRepaired ? 0.5 : 1),
                growth: DecayingSum.growth(days: age, halfLife: Breaches.scarHalfLife))
        }
        if !weighed.isRepaired { lastUnrepairedBreach = event.occurredAt }
    }

    mutating func addBreach(of component: Component, age: Double) {
        sums[component].breaches.add(1, growth: DecayingSum.growth(days: age, halfLife: Breaches.escalationHalfLife))
    }

    /// μ of a breach at `age` days after the epoch, after those added so far.
    func escalation(of component: Component, age: Double) -> Double {
        let decay = DecayingSum.decay(days: age, halfLife: Breaches.escalationHalfLife)
        return Breaches.escalation(after: sums[component].breaches.value(decay: decay))
    }

    /// The opinion and the observed rate at `age` days after the epoch.
    func component(_ component: Component, age: Double, policy: Policy) -> ComponentProfile {
        let decay = DecayingSum.decay(days: age, halfLife: policy[component].halfLife)
        let sums = sums[component]
        let positive = sums.positive.value(decay: decay)
        let observed = positive + sums.observedNegative.value(decay: decay)
        var baseRate = Opinion.neutralBaseRate
        if component == .integrity {
            let scarDecay = DecayingSum.decay(days: age, halfLife: Breaches.scarHalfLife)
            baseRate = Breaches.baseRate(scar: scar.value(decay: scarDecay))
        }
        return ComponentProfile(
            opinion: Opinion(positive: positive, negative: sums.negative.value(decay: decay), baseRate: baseRate),
            observedRate: observed > 0 ? positive / observed : nil)
    }
}
