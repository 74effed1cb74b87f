import RPC
import Schema
import ServiceKit

/// For the two of the relationship alone, services not excepted.
extension FeedbackService {
    func getBalanceReport(_ request: GetBalanceReportRequest, _ context: ServerContext) async throws -> BalanceReport {
        let parent = try ResourceName(
            parentOf: request.name, singleton: "balanceReport", ["organizations", "relationships"])
        return try await runtime.read(context, under: parent.text) { [clock = runtime.clock] snapshot, access in
            guard access.role != .other else {
                throw Refusal(.permissionDenied, "LEVEL_FORBIDDEN", "a balance is for the two of the relationship")
            }
            return try BalanceReport(
                of: Tables.feedbackItems.latest(parent: parent, limit: BalanceReport.lookBack, in: snapshot),
                in: access.relationship, seenBy: access.role, at: access.effectiveTime(clock, in: snapshot))
        }
    }
}
