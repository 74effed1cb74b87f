import RPC
import Schema
import ServiceKit
import Standard

extension TrustScoringService {
    func getAssociationReport(
        _ request: GetAssociationReportRequest, _ context: ServerContext
    ) async throws -> AssociationReport {
        throw RPCError(.unimplemented, "not built")
    }

    func listAssociationReports(
        _ request: ListAssociationReportsRequest, _ context: ServerContext
    ) async throws -> ListAssociationReportsResponse {
        throw RPCError(.unimplemented, "not built")
    }

    func getProgrammeValue(_ request: GetProgrammeValueRequest, _ context: ServerContext) async throws -> ProgrammeValue
    {
        throw RPCError(.unimplemented, "not built")
    }

    func exportProgrammeValue(
        _ request: ExportProgrammeValueRequest, _ context: ServerContext
    ) async throws -> HttpBody {
        throw RPCError(.unimplemented, "not built")
    }
}
