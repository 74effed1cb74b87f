import RPC
import Schema
import ServiceKit

/// Whether results go with trust in a programme (docs/domain.md S38): made with the roll-up of a month, never by itself.
extension TrustScoringService {
    func getAssociationReport(
        _ request: GetAssociationReportRequest, _ context: ServerContext
    ) async throws -> AssociationReport {
        let name = try ResourceName(request.name, AssociationTables.form)
        try await requireReports(of: name.parent, context)
        return try await runtime.database.read { snapshot in
            guard let report = try AssociationTables.reports.find(name.text, in: snapshot) else {
                throw Refusal.notFound(name.text)
            }
            return report
        }
    }

    func listAssociationReports(
        _ request: ListAssociationReportsRequest, _ context: ServerContext
    ) async throws -> ListAssociationReportsResponse {
        try await requireReports(of: try ResourceName(request.parent, RollupTables.Form.rollups), context)
        let page = try await runtime.page(context, AssociationTables.reports, request)
        return ListAssociationReportsResponse(associationReports: page.items, nextPageToken: page.nextPageToken)
    }

    /// Reports are for who makes roll-ups, and for who checks them.
    /// - Throws: `Refusal` for everybody else, and for a roll-up that is not published.
    @discardableResult
    func requireReports(of rollup: ResourceName, _ context: ServerContext) async throws -> Rollup {
        let reader = try RollupReader(context, of: rollup.organization)
        if !reader.isAuditor { try reader.requireAdministrator() }
        return try await requirePublished(rollup, context)
    }
}
