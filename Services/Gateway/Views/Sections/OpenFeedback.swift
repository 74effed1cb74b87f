import RPC
import Schema

/// Delivered items that are not acted on yet. Of recognition and neutral words nobody expects more than that they are
/// read.
struct OpenFeedback: Section {
    static let service = "rapport.feedback.v1.FeedbackService"
    static let filter = """
        state = DELIVERED OR ((state = ACKNOWLEDGED OR state = DISCUSSED) AND kind != RECOGNITION AND kind != NEUTRAL)
        """

    let pair: String

    func fetch(_ channel: Channel, _ options: CallOptions) async throws -> [FeedbackItem] {
        try await FeedbackServiceClient(channel).listFeedback(
            ListFeedbackRequest(
                parent: pair, pageSize: ViewRequest.sectionLimit, filter: Self.filter, orderBy: "deliver_time desc"),
            options: options
        ).feedbackItems
    }
}

extension Fetched<[FeedbackItem]> {
    var message: FeedbackSection { FeedbackSection(state: state, items: content ?? []) }
}

/// What one party asks of the other and has no answer to yet.
struct OpenFeedbackRequests: Section {
    static let service = "rapport.feedback.v1.FeedbackService"

    let pair: String

    func fetch(_ channel: Channel, _ options: CallOptions) async throws -> [FeedbackRequest] {
        try await FeedbackServiceClient(channel).listFeedbackRequests(
            ListFeedbackRequestsRequest(
                parent: pair, pageSize: ViewRequest.sectionLimit, filter: "state = OPEN", orderBy: "due_time"),
            options: options
        ).feedbackRequests
    }
}
