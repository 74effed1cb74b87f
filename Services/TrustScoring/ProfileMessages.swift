import Schema
import ServiceKit
import Standard
import TrustModel

// The model's values as the contract's messages.

extension TrustProfile {
    /// - Parameter now: what lies after it is projected.
    init(_ profile: Profile, stateHash: String = "", of relationship: ResourceName, now: Instant) {
        self.init(
            name: "\(relationship)/trustProfile", asOf: profile.asOf.timestamp,
            components: Component.allCases.map { ComponentOpinion($0, profile.components[$0]) }, score: profile.score,
            interval: Schema.Interval(profile.interval), variance: profile.variance,
            effectiveSize: profile.effectiveSize, band: Schema.Band(profile.band), numberShown: profile.numberShown,
            projected: profile.asOf > now, policy: "\(relationship.organization)/policies/\(profile.policyID)",
            evidenceCount: Int64(profile.evidenceCount), stateHash: stateHash)
    }
}

extension ComponentOpinion {
    init(_ component: Component, _ profile: ComponentProfile) {
        let opinion = profile.opinion
        self.init(
            component: Schema.Component(component), belief: opinion.belief, disbelief: opinion.disbelief,
            uncertainty: opinion.uncertainty, baseRate: opinion.baseRate, probability: opinion.projected,
            positiveMass: opinion.positive, negativeMass: opinion.negative,
            observedRate: profile.observedRate.map { DoubleValue(value: $0) },
            interval: Schema.Interval(opinion.interval))
    }
}

extension Schema.Interval {
    init(_ interval: Interval) {
        self.init(lower: interval.lower, upper: interval.upper)
    }
}

extension Schema.Component {
    init(_ component: Component) {
        self =
            switch component {
            case .reliability: .reliability
            case .integrity: .integrity
            case .competence: .competence
            case .empathy: .empathy
            }
    }
}

extension Schema.Band {
    init(_ band: Band) {
        self =
            switch band {
            case .insufficientEvidence: .insufficientEvidence
            case .atRisk: .atRisk
            case .fragile: .fragile
            case .mixed: .mixed
            case .healthy: .healthy
            case .strong: .strong
            }
    }
}

extension Schema.Evidence {
    init(_ record: EvidenceRecord, of relationship: ResourceName) {
        let evidence = record.evidence
        self.init(
            name: relationship.evidence(evidence.id), component: Schema.Component(evidence.component),
            kind: evidence.kind.rawValue, value: evidence.v, weight: evidence.w,
            sourceClass: SourceClass(evidence.sourceClass), source: evidence.sourceID,
            occurredAt: evidence.occurredAt.timestamp, recordedAt: evidence.recordedAt.timestamp,
            breach: evidence.isBreach, references: evidence.references,
            supersedes: evidence.supersedes.map(relationship.evidence) ?? "", repairTime: record.repairedAt?.timestamp,
            retracted: record.isRetracted, superseded: record.isSuperseded)
    }
}

extension Schema.Evidence.SourceClass {
    init(_ sourceClass: TrustModel.SourceClass) {
        self =
            switch sourceClass {
            case .system: .system
            case .countersigned: .countersigned
            case .coachee: .coachee
            case .thirdParty: .thirdParty
            case .admin: .admin
            case .selfReport: .selfReport
            case .unconfirmed: .unconfirmed
            }
    }
}

extension ResourceName {
    func evidence(_ id: EventID) -> String { child("evidence", id.identifier.description).text }
}

extension TrustPolicy {
    /// The model's default is the only policy: version 1, in force.
    init(_ policy: Policy, name: String) {
        self.init(
            name: name, version: 1, state: .active,
            components: Component.allCases.map { component in
                TrustPolicy.ComponentPolicy(
                    component: Schema.Component(component), halfLifeDays: policy[component].halfLife,
                    negativity: policy[component].negativity, baseRate: Opinion.neutralBaseRate,
                    weight: policy[component].share, repair: policy.repair(of: component))
            },
            priorWeight: Opinion.priorWeight)
    }
}
