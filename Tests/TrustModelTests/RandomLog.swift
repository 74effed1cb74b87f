@testable import TrustModel

/// A random history: bursts on one day, breaches, self-reports, events that supersede others, repairs, retractions.
struct RandomLog {
    var evidence: [Evidence] = []
    var repairs: [Repair] = []
    var retractions: [Retraction] = []
    var start = day(-0.4)
    var policy = Policy.standard

    /// What a producer may send.
    enum Fact {
        case evidence(Evidence)
        case repair(Repair)
        case retraction(Retraction)

        var evidence: Evidence? {
            if case .evidence(let event) = self { event } else { nil }
        }
    }

    /// Kinds that a trustee could vouch for, of one component, so that the weekly cap is reached.
    static let boasts: [EvidenceKind] = [.commitmentKept, .sessionHeld, .responseInSLA, .commitmentMissed]

    var log: EvidenceLog { EvidenceLog(evidence: evidence, repairs: repairs, retractions: retractions) }

    init(
        _ random: inout SplitMix64, count: Int, days: Double = 300, kinds: [EvidenceKind] = EvidenceKind.allCases,
        links: Bool = true, selfReports: Double = 0.12
    ) throws {
        policy = try RandomLog.policy(&random)
        for number in 0..<count {
            let event = try event(&random, number, days: days, kinds: kinds, links: links, selfReports: selfReports)
            evidence.append(event)
            guard links else { continue }
            if Double.random(in: 0..<1, using: &random) < (event.isRepairable ? 0.5 : 0.02) {
                let wait = Double.random(in: 0..<90, using: &random)
                repairs.append(
                    Repair(evidence: event.id, acceptedAt: day(event.occurredAt.days(since: origin) + wait)))
            }
            if Double.random(in: 0..<1, using: &random) < 0.04 { retractions.append(Retraction(evidence: event.id)) }
        }
    }

    private func event(
        _ random: inout SplitMix64, _ number: Int, days: Double, kinds: [EvidenceKind], links: Bool,
        selfReports: Double
    ) throws -> Evidence {
        let kind = kinds.randomElement(using: &random)!
        var instant = day(Double.random(in: 0..<days, using: &random))
        switch Int.random(in: 0..<10, using: &random) {
        case 0...1: instant = instant.midnight
        case 2...3: instant = evidence.randomElement(using: &random)?.occurredAt ?? instant
        default: break
        }
        var supersedes: EventID?
        if links, Int.random(in: 0..<8, using: &random) == 0, let other = evidence.randomElement(using: &random) {
            supersedes = other.id
            // Mostly, what supersedes happens at the same instant or soon after.
            let delay = [0, 0, 7, 7.5, -3].randomElement(using: &random)!
            instant = day(other.occurredAt.days(since: origin) + delay)
        }
        let measure = RandomLog.measure(for: kind, &random)
        var sourceClass: SourceClass?
        if Double.random(in: 0..<1, using: &random) < selfReports, try kind.value(of: measure) == 1 {
            sourceClass = .selfReport
        } else if Int.random(in: 0..<8, using: &random) == 0 {
            sourceClass = [.thirdParty, .admin, .unconfirmed].randomElement(using: &random)
        }
        return try Evidence.make(
            kind, id: EventID(high: random.next(), low: UInt64(number)), measure: measure, sourceClass: sourceClass,
            sourceID: "people/\(Int.random(in: 0..<3, using: &random))", occurredAt: instant, recordedAt: instant,
            supersedes: supersedes)
    }

    static func measure(for kind: EvidenceKind, _ random: inout SplitMix64) -> Measure {
        switch kind.value {
        case .fixed: .none
        case .daysLate: .daysLate(Int.random(in: 0...8, using: &random))
        case .pulse: .pulse(Int.random(in: 1...5, using: &random))
        case .attainment: .attainment(Int.random(in: -2...2, using: &random))
        }
    }

    static func policy(_ random: inout SplitMix64) throws -> Policy {
        var left = 0.6
        var shares = Component.allCases.map { _ in 0.1 }
        for index in 0..<3 {
            let more = Double.random(in: 0...min(left, 0.4), using: &random)
            shares[index] += more
            left -= more
        }
        // The last takes the rest where it may; otherwise they are equal.
        shares[3] += left
        if shares[3] > 0.5 { shares = [0.25, 0.25, 0.25, 0.25] }
        let parameters = shares.map { share in
            Policy.Parameters(
                halfLife: .random(in: 30...365, using: &random), negativity: .random(in: 1...3, using: &random),
                share: share)
        }
        return try Policy(
            id: "random-\(random.next())",
            parameters: PerComponent(
                reliability: parameters[0], integrity: parameters[1], competence: parameters[2],
                empathy: parameters[3]))
    }

    /// Facts as they might arrive: roughly in order of time, some days late, now and then twice.
    func deliveries(_ random: inout SplitMix64, lateness: Double) -> [Fact] {
        var arrivals: [(Double, Fact)] = []
        func arrive(_ instant: Instant, _ fact: Fact) {
            for _ in 0..<(Int.random(in: 0..<6, using: &random) == 0 ? 2 : 1) {
                arrivals.append(
                    (instant.days(since: origin) + Double.random(in: 0...lateness, using: &random), fact))
            }
        }
        for event in evidence { arrive(event.occurredAt, .evidence(event)) }
        for repair in repairs { arrive(repair.acceptedAt, .repair(repair)) }
        for retraction in retractions {
            arrive(evidence.first { $0.id == retraction.evidence }!.occurredAt, .retraction(retraction))
        }
        return arrivals.sorted { $0.0 < $1.0 }.map(\.1)
    }
}

/// What a service does: it keeps the log and a state, and builds the state anew when that asks for it.
struct Incremental {
    var log = EvidenceLog()
    var state: RelationshipState
    var replays = 0

    init(start: Instant, policy: Policy, openLimit: Int = RelationshipState.defaultOpenLimit) throws {
        state = try RelationshipState(start: start, policy: policy, openLimit: openLimit)
    }

    mutating func take(_ fact: RandomLog.Fact, openLimit: Int = RelationshipState.defaultOpenLimit) throws {
        let outcome: RelationshipState.Outcome
        switch fact {
        case .evidence(let event):
            log.insert(event)
            outcome = state.append(event)
        case .repair(let repair):
            log.accept(repair)
            outcome = state.repair(repair)
        case .retraction(let retraction):
            log.retract(retraction)
            outcome = state.retract(retraction)
        }
        if outcome == .needsReplay {
            replays += 1
            state = try RelationshipState(start: state.start, policy: state.policy, log: log, openLimit: openLimit)
        }
    }
}
