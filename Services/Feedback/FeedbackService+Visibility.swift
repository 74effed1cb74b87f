import RPC
import Schema
import ServiceKit

extension FeedbackItem {
    public var writer: String? { author }
}

extension FeedbackService {
    private static let visibleKinds = [
        VisibleKind(Tables.feedbackItems) { $0.isReadable(by: $1.caller.person) },
        VisibleKind(Tables.feedbackRequests), VisibleKind(Tables.pulses) { _, access in access.role == .trustor },
    ]

    func listVisibility(
        _ request: ListVisibilityRequest, _ context: ServerContext
    ) async throws -> ListVisibilityResponse {
        try await runtime.visibility(request, context, of: Self.visibleKinds)
    }
}
