import RPC
import Schema
import ServiceKit

/// Asking for feedback, openly or blind.
extension FeedbackService {
    func requestFeedback(_ request: RequestFeedbackRequest, _ context: ServerContext) async throws -> FeedbackRequest {
        let parent = try ResourceName(request.parent, "organizations", "relationships").text
        return try await runtime.mutate(request, context, under: parent, answering: Tables.feedbackRequests) { change in
            try change.requireParty()
            try change.requireActive()
            guard let words = request.feedbackRequest else { throw Refusal.invalid("feedback_request", "is required") }
            let asked = try FeedbackRequest.ask(
                words, named: change.newName("feedbackRequests", in: parent), by: change.actor,
                of: change.otherParty, at: change.now)
            try change.expect(Duties.request, of: asked.name, until: Check.instant(asked.dueTime, "due_time"))
            try change.publishRequest(asked)
            return try change.insert(Tables.feedbackRequests, asked)
        }
    }

    func declineFeedbackRequest(
        _ request: DeclineFeedbackRequestRequest, _ context: ServerContext
    ) async throws -> FeedbackRequest {
        try await runtime.mutate(request, context, under: request.name, answering: Tables.feedbackRequests) { change in
            try change.requireParty()
            var asked = try change.get(Tables.feedbackRequests, request.name)
            try change.requireActive()
            try asked.decline(by: change.actor, reason: request.reason, at: change.now)
            try change.cancel(Duties.request, for: asked.name)
            return try change.update(Tables.feedbackRequests, asked)
        }
    }

    func getFeedbackRequest(
        _ request: GetFeedbackRequestRequest, _ context: ServerContext
    ) async throws -> FeedbackRequest {
        try await runtime.get(context, Tables.feedbackRequests, request.name)
    }

    func listFeedbackRequests(
        _ request: ListFeedbackRequestsRequest, _ context: ServerContext
    ) async throws -> ListFeedbackRequestsResponse {
        let page = try await runtime.list(context, Tables.feedbackRequests, request)
        return ListFeedbackRequestsResponse(feedbackRequests: page.items, nextPageToken: page.nextPageToken)
    }
}
