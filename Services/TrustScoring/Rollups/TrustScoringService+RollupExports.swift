import RPC
import Schema
import ServiceKit
import Storage
import TrustModel

/// Numbers with noise that may leave the organisation (docs/domain.md §5.3).
extension TrustScoringService {
    /// Cells of one export.
    static let maximumExportedCells = 50
    /// Of one roll-up.
    static let maximumExports = 200

    /// The budget is debited in the transaction that computes, before anything is drawn: what has been told is always paid
    /// for. A request that is repeated gets what was drawn.
    func exportRollup(_ request: ExportRollupRequest, _ context: ServerContext) async throws -> RollupExport {
        let name = try ResourceName(request.name, RollupTables.Form.rollups)
        try RollupReader(context, of: name.organization).requireAdministrator()
        let rollup = try await requirePublished(name, context)
        guard request.etag.isEmpty || request.etag == rollup.etag else { throw Refusal.etagMismatch }
        try Check.count(request.cells.count, "cells", 1...Self.maximumExportedCells)
        guard Set(request.cells).count == request.cells.count else {
            throw Refusal.invalid("cells", "each cell is named once")
        }
        let cells = try request.cells.map { cell in
            let cell = try ResourceName(cell, RollupTables.Form.cells)
            guard cell.parent == name else { throw Refusal.invalid("cells", "\(cell) is no cell of this roll-up") }
            return cell
        }
        guard let cost = PrivacyBudget.cost(of: request.epsilon) else {
            throw Refusal.invalid("epsilon", "must lie above 0, at most 2")
        }
        return try await runtime.mutate(request, context, in: name.organization, answering: RollupTables.exports) {
            [noise] change in
            let quarter = Self.quarter(of: Instant(change.recordedAt))
            var budget = try RollupTables.budget(of: name.organization, in: quarter, change.transaction)
            do throws(PrivacyBudget.Spent) {
                try budget.debit(cost * Int64(cells.count))
            } catch {
                let whole = Self.epsilon(cost * Int64(cells.count))
                throw Refusal(
                    .resourceExhausted, "PRIVACY_BUDGET",
                    "this costs \(whole), and \(Self.epsilon(error.left)) is left in \(quarter)")
            }
            try RollupTables.keep(budget, of: name.organization, in: quarter, change.transaction)
            guard
                try change.list(RollupTables.exports, parent: name.text, limit: Self.maximumExports).count
                    < Self.maximumExports
            else {
                throw Refusal(
                    .resourceExhausted, "CAPACITY_FULL", "a roll-up has at most \(Self.maximumExports) exports")
            }
            let bases = try cells.map { cell in
                guard let base = try RollupTables.privateBase(of: cell, in: change.transaction) else {
                    throw Refusal(
                        .failedPrecondition, "SUPPRESSED",
                        "\(cell) shows no trust level of its own month: it cannot be exported")
                }
                return base
            }
            var random = noise()
            let epsilon = Self.epsilon(cost)
            return try change.insert(
                RollupTables.exports,
                RollupExport(
                    name: change.newName("exports", in: name.text), epsilon: epsilon * Double(cells.count),
                    quarter: quarter, epsilonLeft: Self.epsilon(budget.left),
                    cells: bases.map { PrivateCell($0, epsilon: epsilon, using: &random) },
                    createTime: change.now.timestamp, updateTime: change.now.timestamp))
        }
    }

    func getRollupExport(_ request: GetRollupExportRequest, _ context: ServerContext) async throws -> RollupExport {
        let name = try ResourceName(request.name, RollupTables.Form.exports)
        try requireExporter(name.organization, context)
        return try await runtime.database.read { snapshot in
            guard let export = try RollupTables.exports.find(name.text, in: snapshot) else {
                throw Refusal.notFound(name.text)
            }
            return export
        }
    }

    func listRollupExports(
        _ request: ListRollupExportsRequest, _ context: ServerContext
    ) async throws -> ListRollupExportsResponse {
        try requireExporter(try ResourceName(request.parent, RollupTables.Form.rollups).organization, context)
        let page = try await runtime.page(context, RollupTables.exports, request)
        return ListRollupExportsResponse(rollupExports: page.items, nextPageToken: page.nextPageToken)
    }

    private func requireExporter(_ organization: String, _ context: ServerContext) throws {
        let reader = try RollupReader(context, of: organization)
        if !reader.isAuditor { try reader.requireAdministrator() }
    }

    private static func epsilon(_ millionths: Int64) -> Double { Double(millionths) / Double(PrivacyBudget.unit) }

    /// The calendar quarter in UTC, for example 2026-Q4.
    static func quarter(of instant: Instant) -> String {
        let month = RollupMonth(over: instant).next.number
        return "\(month / 12)-Q\(month % 12 / 3 + 1)"
    }
}

extension PrivateCell {
    /// Half of epsilon for each number.
    fileprivate init(
        _ base: RollupResult.PrivateBase, epsilon: Double, using random: inout any RandomNumberGenerator
    ) {
        let half = epsilon / 2
        let mean = PrivateFigures.mean(base.trust, count: base.coachees, epsilon: half, using: &random)
        let count = PrivateFigures.count(base.healthy, epsilon: half, using: &random)
        let meanWidth = PrivateFigures.halfWidth(
            scale: PrivateFigures.meanScale(count: base.coachees, epsilon: half))
        let countWidth = PrivateFigures.halfWidth(scale: PrivateFigures.countScale(epsilon: half))
        self.init(
            cell: base.cell, coacheeCount: Int32(base.coachees), epsilon: epsilon, trustMean: mean,
            trustInterval: Schema.Interval(lower: max(0, mean - meanWidth), upper: min(1, mean + meanWidth)),
            healthyCount: count,
            healthyInterval: Schema.Interval(
                lower: max(0, Double(count) - countWidth), upper: min(Double(base.coachees), Double(count) + countWidth)
            ))
    }
}
