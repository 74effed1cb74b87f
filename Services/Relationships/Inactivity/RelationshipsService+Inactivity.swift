import RPC
import Schema
import ServiceKit

extension RelationshipsService {
    func getRelationshipActivity(_ request: GetRelationshipActivityRequest, _ context: ServerContext) async throws -> RelationshipActivity {
        throw Refusal(.unimplemented, "UNIMPLEMENTED", "This is not built yet.")
    }

    func reportInactivity(_ request: ReportInactivityRequest, _ context: ServerContext) async throws -> InactivityReport {
        throw Refusal(.unimplemented, "UNIMPLEMENTED", "This is not built yet.")
    }

    func offerRematch(_ request: OfferRematchRequest, _ context: ServerContext) async throws -> InactivityReport {
        throw Refusal(.unimplemented, "UNIMPLEMENTED", "This is not built yet.")
    }

    func getInactivityReport(_ request: GetInactivityReportRequest, _ context: ServerContext) async throws -> InactivityReport {
        throw Refusal(.unimplemented, "UNIMPLEMENTED", "This is not built yet.")
    }

    func listInactivityReports(_ request: ListInactivityReportsRequest, _ context: ServerContext) async throws -> ListInactivityReportsResponse {
        throw Refusal(.unimplemented, "UNIMPLEMENTED", "This is not built yet.")
    }

    func listInactiveRelationships(_ request: ListInactiveRelationshipsRequest, _ context: ServerContext) async throws -> ListInactiveRelationshipsResponse {
        throw Refusal(.unimplemented, "UNIMPLEMENTED", "This is not built yet.")
    }
}
