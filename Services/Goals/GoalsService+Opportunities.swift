import RPC
import Schema
import ServiceKit

/// Chances to grow that the trustee offers the trustor.
extension GoalsService {
    func offerOpportunity(_ request: OfferOpportunityRequest, _ context: ServerContext) async throws -> Opportunity {
        let parent = try ResourceName(request.parent, "organizations", "relationships")
        return try await mutate(request, context, under: parent.text, answering: Tables.opportunities) { change in
            try change.require(.trustee)
            guard let words = request.opportunity else { throw Refusal.invalid("opportunity", "is required") }
            let opportunity = try Opportunity.offer(
                words, named: change.newName("opportunities", in: parent.text), at: change.now)
            try change.publish(opportunity)
            return try change.insert(Tables.opportunities, opportunity)
        }
    }

    func takeOpportunity(_ request: TakeOpportunityRequest, _ context: ServerContext) async throws -> Opportunity {
        try await mutate(request, context, under: request.name, answering: Tables.opportunities) { change in
            try change.require(.trustor)
            var opportunity = try change.get(Tables.opportunities, request.name)
            try opportunity.take(at: change.now)
            return try change.update(Tables.opportunities, opportunity)
        }
    }

    func getOpportunity(_ request: GetOpportunityRequest, _ context: ServerContext) async throws -> Opportunity {
        try await runtime.get(context, Tables.opportunities, request.name)
    }

    func listOpportunities(
        _ request: ListOpportunitiesRequest, _ context: ServerContext
    ) async throws -> ListOpportunitiesResponse {
        let page = try await runtime.list(context, Tables.opportunities, request)
        return ListOpportunitiesResponse(opportunities: page.items, nextPageToken: page.nextPageToken)
    }
}
