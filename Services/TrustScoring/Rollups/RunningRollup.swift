import RPC
import Schema
import ServiceKit
import Standard
import Storage
import TrustModel

/// Makes the roll-ups that wait, one after another, beside requests. One that a restart interrupts begins again: nothing of
/// it is visible before all of it is.
struct RunningRollup: Sendable {
    /// Cells that one transaction writes.
    private static let batch = 200
    /// Months that the association between trust and climate looks back on.
    private static let rippleMonths = 24

    let runtime: Runtime
    let policy: Policy

    func run() async throws { try await runtime.work(on: "making roll-ups", runAll) }

    /// What waits now.
    func runAll() async throws {
        while let next = try await runtime.database.read({ try RollupTables.next(in: $0) }) { try await make(next) }
    }

    private func make(_ text: String) async throws {
        let name = try ResourceName(text, RollupTables.Form.rollups)
        guard var rollup = try await begin(name) else { return }
        do {
            let month = try rollup.month
            let inputs = try await RollupInputs.read(rollup, month: month, policy: policy, from: runtime) {
                try await report(Int32($0 * 80), of: name)
            }
            rollup.minimumCoachees = max(rollup.minimumCoachees, Int32(clamping: inputs.minimum))
            let (records, former) = try await runtime.database.read { snapshot in
                let records = try RollupTables.records(of: name.organization, in: snapshot)
                var former: [String: RollupCell] = [:]
                for (record, last) in zip(records, RollupRecord.lastShown(in: records)) {
                    let names = CellNames(
                        name.parent.child("rollups", record.month.description).text, tree: record.tree)
                    for cell in Set(last.values.flatMap { $0.map(names.name) }) {
                        former[cell] = try RollupTables.cells.find(cell, in: snapshot)
                    }
                }
                return (records, former)
            }
            let result = try RollupResult(
                rollup, month, inputs, records: records, at: runtime.clock.now.timestamp
            ) { former[$0] }
            let reports = try await reports(rollup, month, inputs)
            try await report(90, of: name)
            try await store(result, reports, of: name)
            rollup.ripple = try await runtime.database.read { [rollup] in
                try ripple(RollupTables.published(of: name.parent, in: $0) + [rollup], in: $0)
            }
            try await publish(rollup, result, reports, name)
        } catch let error where !(error is CancellationError) {
            runtime.logger.error("a roll-up failed", metadata: ["rollup": "\(name)", "error": "\(error)"])
            let refusal = Refusal(failed: error)
            try await clear(name)
            try await change(name) { change in
                try RollupTables.dequeue(name.text, in: change.transaction)
                guard var rollup = try change.find(RollupTables.rollups, name.text), rollup.state == .running else {
                    return
                }
                rollup.fail(refusal)
                _ = try change.save(rollup)
            }
        }
    }

    // MARK: Its own changes

    private func change<T: Sendable>(
        _ name: ResourceName, _ body: @Sendable @escaping (Change) throws -> T
    ) async throws -> T {
        try await runtime.act(as: "rollups", in: name.organization, body)
    }

    private func begin(_ name: ResourceName) async throws -> Rollup? {
        let rollup = try await change(name) { change -> Rollup? in
            guard var rollup = try change.find(RollupTables.rollups, name.text), rollup.begin() else {
                try RollupTables.dequeue(name.text, in: change.transaction)
                return nil
            }
            rollup = try change.save(rollup)
            return rollup
        }
        if rollup != nil { try await clear(name) }
        return rollup
    }

    /// What an interrupted making has left.
    private func clear(_ name: ResourceName) async throws {
        var deleted: Int
        repeat {
            deleted = try await change(name) { change in
                let cells = try change.list(RollupTables.cells, parent: name.text, limit: Self.batch)
                for cell in cells { try change.delete(RollupTables.cells, cell.name) }
                let reports = try change.list(AssociationTables.reports, parent: name.text, limit: Self.batch)
                for report in reports { try change.delete(AssociationTables.reports, report.name) }
                return max(cells.count, reports.count)
            }
        } while deleted == Self.batch
    }

    private func report(_ percent: Int32, of name: ResourceName) async throws {
        try Task.checkCancellation()
        try await change(name) { change in
            guard var rollup = try change.find(RollupTables.rollups, name.text), rollup.state == .running,
                percent >= rollup.progressPercent + 5
            else { return }
            rollup.progressPercent = percent
            _ = try change.save(rollup)
        }
    }

    /// Made beside the cells, of the same people, and published with them.
    private func reports(
        _ rollup: Rollup, _ month: RollupMonth, _ inputs: RollupInputs
    ) async throws -> AssociationReports {
        let organization = try ResourceName(rollup.name, RollupTables.Form.rollups).organization
        let earlier = try await runtime.database.read {
            try AssociationTables.records(of: organization, before: month, in: $0)
        }
        return try AssociationReports(rollup, month, inputs, earlier: earlier, at: runtime.clock.now.timestamp)
    }

    private func store(_ result: RollupResult, _ reports: AssociationReports, of name: ResourceName) async throws {
        for start in stride(from: 0, to: result.cells.count, by: Self.batch) {
            let cells = result.cells[start..<min(start + Self.batch, result.cells.count)]
            try await change(name) { change in
                for cell in cells { _ = try change.insert(RollupTables.cells, cell) }
            }
        }
        for start in stride(from: 0, to: reports.reports.count, by: Self.batch) {
            let reports = reports.reports[start..<min(start + Self.batch, reports.reports.count)]
            try await change(name) { change in
                for report in reports { _ = try change.insert(AssociationTables.reports, report) }
            }
        }
    }

    private func publish(
        _ made: Rollup, _ result: RollupResult, _ reports: AssociationReports, _ name: ResourceName
    ) async throws {
        try await change(name) { change in
            try RollupTables.dequeue(name.text, in: change.transaction)
            guard var rollup = try change.find(RollupTables.rollups, name.text), rollup.state == .running else {
                return
            }
            let head = try RollupTables.head(of: name.parent, in: change.transaction)
            rollup.minimumCoachees = made.minimumCoachees
            rollup.ripple = made.ripple
            rollup.publish(result, reports.reports, after: head, at: Instant(change.now))
            try RollupTables.keep(
                result.record, audit: result.audit, of: name.organization, in: change.transaction)
            try RollupTables.keep(result.privateBases, of: name.organization, in: change.transaction)
            try AssociationTables.keep(
                reports.records, of: name.organization, month: made.month, in: change.transaction)
            rollup = try change.save(rollup)
            try RollupRetention.schedule(RollupTables.published(of: name.parent, in: change.transaction), in: change)
            try change.publish("rollup.published.v1", .rollupPublished(RollupPublished(rollup: rollup.name)))
        }
    }

    /// R9, from what is shown already: units without others below them, numbers that are of their own month.
    private func ripple(_ rollups: [Rollup], in snapshot: Snapshot) throws -> Schema.RippleAssociation? {
        var readings: [TrustModel.RippleAssociation.Reading] = []
        for rollup in rollups.suffix(Self.rippleMonths) {
            let month = try rollup.month
            let cells = try RollupTables.allCells(
                of: ResourceName(rollup.name, RollupTables.Form.rollups), in: snapshot
            ).filter(\.programme.isEmpty)
            let above = Set(
                cells.compactMap { $0.unit.lastIndex(of: "/").map { [unit = $0.unit] in String(unit[..<$0]) } })
            for cell in cells where !cell.unit.isEmpty && !above.contains(cell.unit) {
                guard let trust = cell.current(.trustLevel), let climate = cell.current(.teamClimate) else { continue }
                readings.append(.init(team: cell.unit, period: month.number, trust: trust, climate: climate))
            }
        }
        return TrustModel.RippleAssociation(readings).map { ripple in
            Schema.RippleAssociation(
                slope: Rounding.level(ripple.slope), interval: Schema.Interval(Rounding.level(ripple.interval)),
                teamCount: Int32(ripple.teamCount), monthCount: Int32(ripple.periodCount),
                caution: TrustModel.RippleAssociation.caution)
        }
    }
}

extension RollupCell {
    /// The value of a metric that is of this month.
    fileprivate func current(_ metric: Metric) -> Double? {
        figures.first { $0.metric == metric && !$0.frozen }?.value?.value
    }
}

extension Change {
    /// Updates, dated now.
    func save(_ rollup: Rollup) throws -> Rollup {
        var rollup = rollup
        rollup.updateTime = now.timestamp
        return try update(RollupTables.rollups, rollup)
    }
}
