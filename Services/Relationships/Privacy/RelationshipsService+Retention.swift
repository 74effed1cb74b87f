import RPC
import Schema
import ServiceKit

extension ListRetentionItemsRequest: ListRequest {}

extension RelationshipsService {
    func listRetentionItems(
        _ request: ListRetentionItemsRequest, _ context: ServerContext
    ) async throws -> ListRetentionItemsResponse {
        let organization = try ResourceName(request.parent, "organizations").text
        try requireOversight(context, of: organization)
        let page = try await runtime.page(context, request) { snapshot, after, limit in
            try RetentionIndex.page(of: organization, after: after, limit: limit, in: snapshot)
        }
        return ListRetentionItemsResponse(retentionItems: page.items, nextPageToken: page.nextPageToken)
    }
}
