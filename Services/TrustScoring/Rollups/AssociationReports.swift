import Schema
import ServiceKit
import Standard
import TrustModel

/// What one month says of trust and results, programme by programme (docs/domain.md S38).
struct AssociationReports: Sendable {
    /// One for each programme that a relationship has begun in, by name; also where everything is withheld.
    let reports: [AssociationReport]
    /// What was shown anew.
    let records: [AssociationRecord]

    /// - Parameter earlier: what was shown before, in the order of time.
    init(
        _ rollup: Rollup, _ month: RollupMonth, _ inputs: RollupInputs, earlier: [AssociationRecord], at now: Timestamp
    ) throws {
        let rule = MinimumRule(coachees: Int(rollup.minimumCoachees), coaches: Int(rollup.minimumCoaches))
        let name = try ResourceName(rollup.name, RollupTables.Form.rollups)
        let earlier = Dictionary(grouping: earlier) { Key(programme: $0.programme, result: $0.result) }
        let members = Dictionary(grouping: inputs.readings.indices) { inputs.programmes[$0] }
        var reports: [AssociationReport] = []
        var records: [AssociationRecord] = []
        for (programme, indices) in members.sorted(by: { $0.key < $1.key }) where !programme.isEmpty {
            var report = AssociationReport(
                name: name.child("associationReports", try ResourceName(programme, "organizations", "programmes").id)
                    .text,
                programme: programme, caution: ResultAssociation.caution, createTime: now, updateTime: now)
            for result in AssociatedResult.allCases {
                let group = Group(inputs, indices, result)
                let shown = earlier[Key(programme: programme, result: result)] ?? []
                var association: AssociationReport.Association
                switch ResultAssociation.verdict(
                    on: group.members, rule: rule, earlier: shown.map(\.members), erased: inputs.erased)
                {
                case .shown:
                    association = group.association(asOf: month.end.timestamp)
                    if association.correlation != nil {
                        records.append(
                            AssociationRecord(
                                programme: programme, result: result, month: month, members: group.people,
                                association: association))
                    }
                case .repeated:
                    association = shown.last?.association ?? .init(reason: .notDefined)
                    association.frozen = true
                case .withheld(let suppression): association = .init(reason: .init(suppression))
                }
                association.result = .init(rawValue: result.rawValue)
                report.associations.append(association)
            }
            reports.append(report)
        }
        self.reports = reports
        self.records = records
    }

    private struct Key: Hashable {
        var programme: String
        var result: AssociatedResult
    }

    /// The relationships of which something is known.
    private struct Group {
        var members: [CohortMember] = []
        var pairs: [ClusteredRankCorrelation.Pair] = []

        init(_ inputs: RollupInputs, _ indices: [Int], _ result: AssociatedResult) {
            for index in indices {
                guard let changes = inputs.readings[index].weekly?.changes(of: result), !changes.isEmpty else {
                    continue
                }
                members.append(inputs.members[index])
                pairs += changes.map {
                    .init(cluster: inputs.readings[index].coach, x: $0.trust, y: $0.result)
                }
            }
        }

        var people: [UInt64: UInt64] { Dictionary(members.map { ($0.id, $0.person) }) { first, _ in first } }

        func association(asOf instant: Timestamp) -> AssociationReport.Association {
            guard let found = ClusteredRankCorrelation(pairs) else { return .init(reason: .notDefined) }
            return .init(
                correlation: DoubleValue(value: Rounding.level(found.correlation)),
                interval: Schema.Interval(Rounding.level(found.interval)),
                relationshipCount: Rounding.count(members.count),
                coachCount: Rounding.count(Set(members.compactMap(\.coach)).count), asOf: instant)
        }
    }
}

extension Rounding {
    /// Downwards to a multiple of 5: a number that moves with each who comes or goes would tell of them.
    fileprivate static func count(_ count: Int) -> Int32 { Int32(count / 5 * 5) }
}
