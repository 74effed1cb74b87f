import RPC
import Schema

/// How the coach rated themselves last; nil while they have not.
struct LatestSelfRating: Section {
    static let service = "rapport.feedback.v1.FeedbackService"

    let pair: String

    func fetch(_ channel: Channel, _ options: CallOptions) async throws -> SelfRating? {
        try await FeedbackServiceClient(channel).listSelfRatings(
            ListSelfRatingsRequest(parent: pair, pageSize: 1, orderBy: "create_time desc"), options: options
        ).selfRatings.first
    }
}

/// Means of the coachee's ratings, as the coach may read them (docs/domain.md rule 19).
struct ReleasedRatings: Section {
    static let service = "rapport.feedback.v1.FeedbackService"

    let pair: String

    func fetch(_ channel: Channel, _ options: CallOptions) async throws -> [PulseTrend] {
        try await FeedbackServiceClient(channel).getPulseTrend(
            GetPulseTrendRequest(parent: pair), options: options
        ).trends
    }
}
