import RPC
import Schema
import ServiceKit
import Standard

/// What a programme has changed (docs/domain.md S51): for who makes roll-ups and who checks them, of what roll-ups show.
extension TrustScoringService {
    func getProgrammeValue(_ request: GetProgrammeValueRequest, _ context: ServerContext) async throws -> ProgrammeValue
    {
        try await programmeValue(request, context)
    }

    func exportProgrammeValue(
        _ request: ExportProgrammeValueRequest, _ context: ServerContext
    ) async throws -> HttpBody {
        let value = try await programmeValue(
            GetProgrammeValueRequest(
                name: request.name, baseline: request.baseline, programme: request.programme, unit: request.unit),
            context)
        switch request.format {
        case .csv: return HttpBody(contentType: "text/csv; charset=utf-8", data: Array(ValueTable(value).csv.utf8))
        case .pdf: return HttpBody(contentType: "application/pdf", data: ValuePages(value).document.bytes)
        default: throw Refusal.invalid("format", "CSV or PDF is needed")
        }
    }

    private func programmeValue(
        _ request: GetProgrammeValueRequest, _ context: ServerContext
    ) async throws -> ProgrammeValue {
        let name = try ResourceName(
            parentOf: request.name, singleton: "programmeValue", RollupTables.Form.rollups)
        let later = try await requireReports(of: name, context)
        try Check.text(request.unit, "unit", 0...1000)
        let published = try await runtime.database.read { try RollupTables.published(of: name.parent, in: $0) }
        let baseline = try later.baseline(request.baseline, among: published)
        if !request.programme.isEmpty {
            guard try ResourceName(request.programme, "organizations", "programmes").organization == name.organization
            else { throw Refusal.invalid("programme", "a programme of this organisation") }
            guard later.byProgramme else {
                throw Refusal(
                    .failedPrecondition, "ROLLUP_DIMENSION",
                    "this organisation's roll-ups are not by programme: ask without one")
            }
        }
        let (before, after) = try await runtime.database.read { snapshot in
            (
                try RollupTables.allCells(of: ResourceName(baseline.name, RollupTables.Form.rollups), in: snapshot),
                try RollupTables.allCells(of: name, in: snapshot)
            )
        }
        guard
            let value = ProgrammeValue(
                name: request.name, of: request.programme, in: request.unit, from: (baseline, before),
                to: (later, after))
        else { throw Refusal.notFound("\(name)/cells of \(request.programme) in \"\(request.unit)\"") }
        return value
    }
}

extension Rollup {
    /// The roll-up that this one is compared with.
    /// - Parameters:
    ///   - month: of an earlier one; empty for the first.
    ///   - published: in the order of time.
    fileprivate func baseline(_ month: String, among published: [Rollup]) throws -> Rollup {
        let earlier = published.filter { $0.sequence < sequence }
        if month.isEmpty {
            guard let first = earlier.first else {
                throw Refusal(
                    .failedPrecondition, "WRONG_STATE", "there is no earlier roll-up to compare this one with")
            }
            return first
        }
        guard let baseline = try earlier.first(where: { try $0.month.description == month }) else {
            throw Refusal.invalid("baseline", "the month of an earlier published roll-up, such as 2026-01")
        }
        return baseline
    }
}
