import Crypto
import Schema
import ServiceKit
import Standard
import TrustModel

/// A roll-up in full: every cohort released by the rules, every cell as it will be shown, and the proof.
struct RollupResult: Sendable {
    /// What an export needs of a cell, without noise: it never leaves the service.
    struct PrivateBase: Sendable {
        var cell: String
        var coachees: Int
        /// Mean of the coachees' trust.
        var trust: Double
        var healthy: Int
    }

    let cells: [RollupCell]
    let privateBases: [PrivateBase]
    let record: RollupRecord
    let audit: RollupAudit

    /// One cohort's release beside the readings of its members.
    private struct Decided {
        let release: Release
        /// Places in the inputs' readings, by member.
        let readings: [Int]
    }

    /// - Parameters:
    ///   - records: of earlier roll-ups, in the order of time.
    ///   - earlier: a cell of one of them by its name.
    /// - Throws: `Refusal` RESOURCE_EXHAUSTED, AUDIT_TOO_LARGE.
    init(
        _ rollup: Rollup, _ month: RollupMonth, _ inputs: RollupInputs, records: [RollupRecord], at now: Timestamp,
        earlier: @escaping (String) throws -> RollupCell?
    ) throws {
        let rule = MinimumRule(coachees: Int(rollup.minimumCoachees), coaches: Int(rollup.minimumCoaches))
        let programmes = Array(1..<inputs.tree.slices.count)
        let partitions = [programmes, [inputs.tree.slices.count]]
        var decided: [Cohort: Decided] = [:]
        for cohort in Cohort.allCases {
            let (members, readings) = inputs.members(of: cohort)
            let history = RollupRecord.history(of: cohort, in: records)
            do {
                decided[cohort] = Decided(
                    release: try Release(
                        tree: inputs.tree, partitions: partitions, members: members, rule: rule, history: history,
                        erased: inputs.erased),
                    readings: readings)
            } catch {
                throw Refusal(
                    .resourceExhausted, "AUDIT_TOO_LARGE",
                    "so many small groups cannot be shown to be safe; raise minimum_coachees, ask without by_programme, "
                        + "or use units of a higher level")
            }
        }
        let names = CellNames(rollup.name, tree: inputs.tree)
        let organization = try ResourceName(rollup.name, RollupTables.Form.rollups).parent
        let earlierNames = records.map { record in
            CellNames(organization.child("rollups", record.month.description).text, tree: record.tree)
        }
        let composer = Composer(
            rule: rule, inputs: inputs, decided: decided, names: names, earlierNames: earlierNames,
            asOf: month.end.timestamp, now: now, earlier: earlier)
        cells = try inputs.tree.cells.filter { $0.slice < inputs.tree.slices.count }.map { try composer.cell($0) }
        privateBases = composer.privateBases
        record = Self.record(month, inputs, decided)
        audit = Self.audit(rollup, decided, names, earlierNames)
    }

    // MARK: Cells

    private struct Composer {
        let rule: MinimumRule
        let inputs: RollupInputs
        let decided: [Cohort: Decided]
        let names: CellNames
        let earlierNames: [CellNames]
        let asOf: Timestamp
        let now: Timestamp
        let earlier: (String) throws -> RollupCell?

        func cell(_ cell: CohortTree.Cell) throws -> RollupCell {
            var message = RollupCell(
                name: names.name(of: cell), unit: inputs.tree.units[cell.unit].joined(separator: "/"),
                programme: cell.slice == 0 ? "" : inputs.tree.slices[cell.slice - 1], createTime: now, updateTime: now)
            switch verdict(.active, cell) {
            case .shown:
                let readings = self.readings(.active, cell)
                message.coacheeCount = Int32Value(value: Int32(coachees(.active, cell)))
                message.weakestPractices =
                    CohortDetail.weakestPractices(readings, people: coachees(.active, cell), rule: rule).map {
                        $0.map {
                            RollupCell.PracticeShare(practice: Schema.Practice($0.practice), percent: Int32($0.percent))
                        }
                    } ?? []
                message.alertLoads =
                    CohortDetail.alertLoads(readings, people: coachees(.active, cell), rule: rule).map {
                        $0.map {
                            RollupCell.AlertShare(
                                challenge: Schema.Challenge(rawValue: Int32($0.challenge.rawValue)),
                                percent: Int32($0.percent))
                        }
                    } ?? []
            case .frozen(let release):
                let former = try former(cell, release)
                message.coacheeCount = former.coacheeCount
                message.weakestPractices = former.weakestPractices
                message.alertLoads = former.alertLoads
            case .suppressed(let suppression): message.reason = RollupCell.Reason(suppression)
            }
            message.figures = try CohortMetric.allCases.map { try figure($0, cell) }
            switch verdict(.scored, cell) {
            case .shown:
                let readings = self.readings(.scored, cell)
                let figures = Self.components.compactMap { component, metric in
                    CohortFigure(metric, of: readings).map { (component, $0) }
                }
                if let weakest = CohortDetail.weakestComponent(Dictionary(uniqueKeysWithValues: figures)) {
                    message.weakestComponent = Schema.Component(weakest)
                }
            case .frozen(let release): message.weakestComponent = try former(cell, release).weakestComponent
            case .suppressed: break
            }
            return message
        }

        private static let components: [(Component, CohortMetric)] = [
            (.reliability, .reliabilityLevel), (.integrity, .integrityLevel), (.competence, .competenceLevel),
            (.empathy, .empathyLevel),
        ]

        private func figure(_ metric: CohortMetric, _ cell: CohortTree.Cell) throws -> RollupCell.Figure {
            var message = RollupCell.Figure(metric: RollupCell.Metric(rawValue: metric.rawValue))
            var place = cell
            if metric.isOfLeaders {
                guard cell.slice == 0 else {
                    message.reason = .notDefined
                    return message
                }
                place.slice = inputs.tree.slices.count
            }
            if metric == .exposure, cell.slice != 0 {
                message.reason = .notDefined
                return message
            }
            switch verdict(metric.cohort, place) {
            case .suppressed(let suppression): message.reason = RollupCell.Reason(suppression)
            case .frozen(let release):
                let former = try former(cell, release)
                guard let figure = former.figures.first(where: { $0.metric == message.metric }) else {
                    message.reason = .notDefined
                    return message
                }
                message = figure
                message.frozen = figure.value != nil
            case .shown:
                let figure =
                    metric == .exposure
                    ? exposure(place) : CohortFigure(metric, of: readings(metric.cohort, place))
                guard let figure else {
                    message.reason = .notDefined
                    return message
                }
                message.value = DoubleValue(value: figure.value)
                message.interval = figure.interval.map { Schema.Interval(lower: $0.lower, upper: $0.upper) }
                message.asOf = asOf
            }
            return message
        }

        private func exposure(_ cell: CohortTree.Cell) -> CohortFigure? {
            let people = members(.people, cell)
            return CohortFigure(share: people.count { inputs.exposed.contains($0.person) }, of: people.count)
        }

        private func former(_ cell: CohortTree.Cell, _ release: Int) throws -> RollupCell {
            guard let name = earlierNames[release].name(of: inputs.tree.key(cell)), let former = try earlier(name)
            else { throw Refusal(.internal, "INTERNAL", "a cell of an earlier roll-up is missing") }
            return former
        }

        private func verdict(_ cohort: Cohort, _ cell: CohortTree.Cell) -> Release.Verdict {
            decided[cohort]?.release.verdicts[inputs.tree.place(cell)] ?? .suppressed(.notDefined)
        }

        private func members(_ cohort: Cohort, _ cell: CohortTree.Cell) -> [CohortMember] {
            guard let release = decided[cohort]?.release else { return [] }
            return release.byCell[inputs.tree.place(cell)].map { release.members[$0] }
        }

        private func readings(_ cohort: Cohort, _ cell: CohortTree.Cell) -> [CohortReading] {
            guard let decided = decided[cohort] else { return [] }
            return decided.release.byCell[inputs.tree.place(cell)].map { inputs.readings[decided.readings[$0]] }
        }

        private func coachees(_ cohort: Cohort, _ cell: CohortTree.Cell) -> Int {
            Set(members(cohort, cell).map(\.person)).count
        }

        var privateBases: [PrivateBase] {
            let shown = inputs.tree.cells.filter {
                $0.slice < inputs.tree.slices.count && verdict(.scored, $0) == .shown
            }
            return shown.map(privateBase)
        }

        /// Each coachee with the mean of their relationships, so that all weigh the same (docs/domain.md §5.3).
        private func privateBase(_ cell: CohortTree.Cell) -> PrivateBase {
            var byPerson: [UInt64: [CohortReading.Trust]] = [:]
            for (member, reading) in zip(members(.scored, cell), readings(.scored, cell)) {
                if let trust = reading.trust { byPerson[member.person, default: []].append(trust) }
            }
            let means = byPerson.sorted { $0.key < $1.key }.map { _, trusts in
                trusts.reduce(0) { $0 + $1.score } / Double(trusts.count)
            }
            return PrivateBase(
                cell: names.name(of: cell), coachees: means.count,
                trust: means.reduce(0, +) / Double(max(1, means.count)),
                healthy: byPerson.values.count { $0.allSatisfy(\.isHealthy) })
        }
    }

    // MARK: What later roll-ups must know

    private static func record(
        _ month: RollupMonth, _ inputs: RollupInputs, _ decided: [Cohort: Decided]
    ) -> RollupRecord {
        var members: [UInt64: RollupRecord.Member] = [:]
        var shown: [Cohort: [CohortTree.Cell]] = [:]
        for (cohort, decided) in decided {
            for member in decided.release.members {
                var kept =
                    members[member.id]
                    ?? RollupRecord.Member(
                        id: member.id, person: member.person, unit: member.unit, slices: member.slices, cohorts: 0)
                kept.slices |= member.slices
                kept.cohorts |= 1 << UInt16(cohort.rawValue)
                members[member.id] = kept
            }
            shown[cohort] = inputs.tree.cells.filter {
                decided.release.verdicts[inputs.tree.place($0)] == .shown
            }
        }
        return RollupRecord(
            month: month, tree: inputs.tree, members: members.values.sorted { $0.id < $1.id }, shown: shown)
    }

    // MARK: Proof

    /// Rows beyond this size are left out of the message; the hash is over all of them.
    private static let maximumAuditSize = 2 << 20

    private static func audit(
        _ rollup: Rollup, _ decided: [Cohort: Decided], _ names: CellNames, _ earlierNames: [CellNames]
    ) -> RollupAudit {
        var systems: [RollupAudit.System] = []
        for cohort in Cohort.allCases {
            guard let release = decided[cohort]?.release,
                let metric = CohortMetric.allCases.first(where: { $0.cohort == cohort })
            else { continue }
            systems.append(
                RollupAudit.System(
                    metric: RollupCell.Metric(rawValue: metric.rawValue),
                    rows: zip(release.equations, release.audit.equations).map { equation, groups in
                        RollupAudit.Row(
                            cell: (equation.release.map { earlierNames[$0] } ?? names).name(of: equation.key) ?? "",
                            groups: groups.map(Int32.init))
                    },
                    groupSizes: release.audit.groupSizes.map { Int32(min($0, LinearAudit.floor)) },
                    rank: Int32(release.audit.rank), unionCount: Int64(release.audit.unionCount),
                    repairCount: Int32(release.repairCount)))
        }
        let hash = SHA256.hash(data: systems.flatMap { $0.serialized() }).hexadecimal
        let memory = decided.values.map(\.release.memory).min() ?? 0
        let remembered = min(memory, earlierNames.count)
        let size = systems.reduce(0) { $0 + $1.serialized().count }
        if size > maximumAuditSize { for index in systems.indices { systems[index].rows = [] } }
        return RollupAudit(
            name: rollup.name + "/audit", systems: systems, earlierRollupCount: Int32(remembered), hash: hash)
    }
}

/// Names of a roll-up's cells: places in its tree, without the leaders.
struct CellNames: Sendable {
    private let rollup: String
    private let tree: CohortTree

    init(_ rollup: String, tree: CohortTree) {
        self.rollup = rollup
        self.tree = tree
    }

    func name(of cell: CohortTree.Cell) -> String {
        let place = cell.unit * tree.slices.count + (cell.slice == tree.slices.count ? 0 : cell.slice)
        let digits = String(place)
        return "\(rollup)/cells/c\(String(repeating: "0", count: max(0, 6 - digits.count)))\(digits)"
    }

    /// Nil for what this tree has not.
    func name(of key: Release.CellKey) -> String? {
        guard let unit = tree.unit(key.unit) else { return nil }
        guard let slice = key.slice else { return name(of: CohortTree.Cell(unit: unit, slice: 0)) }
        return tree.slices.firstIndex(of: slice).map { name(of: CohortTree.Cell(unit: unit, slice: $0 + 1)) }
    }
}

extension RollupCell.Reason {
    init(_ suppression: Suppression) {
        self =
            switch suppression {
            case .tooFewCoachees: .tooFewCoachees
            case .tooFewCoaches: .tooFewCoaches
            case .dominantCoach: .dominantCoach
            case .complementary: .complementary
            case .derivable: .derivable
            case .notDefined: .notDefined
            case .tooFewRelationships: .tooFewRelationships
            }
    }
}
