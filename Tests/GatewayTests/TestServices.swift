import FoundationEssentials
import Protobuf
import RPC
import Schema
import Standard
import Synchronization

@testable import ServiceKit

/// The services behind the views, with one pair's data in memory: lists answer by the real filter and order.
struct TestServices: Sendable {
    static let coach = "organizations/acme/people/coach"
    static let coachee = "organizations/acme/people/coachee"

    var relationships = [Relationship(name: pair, trustee: coach, trustor: coachee, state: .active)]
    var commitments: [Commitment] = []
    var sessions: [Session] = []
    var agreements: [Agreement] = []
    var feedback: [FeedbackItem] = []
    var requests: [FeedbackRequest] = []
    var selfRatings: [SelfRating] = []
    var trends: [PulseTrend] = []
    var goals: [Goal] = []
    var obstacles: [Obstacle] = []
    var index = SustainingIndex()
    var actions: [SuggestedAction] = []
    var alerts: [Alert] = []
    var monitors: [Monitor] = []
    var profile = TrustProfile(name: "\(pair)/trustProfile")
    /// What each party is told.
    var explanations: [String: Explanation] = [:]
    /// Calls by method.
    let calls = Calls()

    final class Calls: Sendable {
        private let counts = Mutex<[String: Int]>([:])

        func add(_ context: ServerContext) {
            counts.withLock { $0[String(context.method.split(separator: "/")[1]), default: 0] += 1 }
        }

        var all: [String: Int] { counts.withLock { $0 } }
    }

    private func count(_ context: ServerContext) { calls.add(context) }

    private static func list<R: Message>(
        _ all: [R], _ filter: String, _ order: String, _ size: Int32
    ) throws -> [R] {
        var found =
            try filter.isEmpty
            ? all
            : all.filter {
                try Filter(filter, of: R.fullName).passes($0.serialized())
            }
        if !order.isEmpty {
            let ordering = try Ordering(order, of: R.fullName)
            let places = try found.enumerated().map { try ($1, ordering.place(of: $1.serialized(), id: "\($0)")) }
            found = places.sorted { ordering.precedes($0.1, $1.1) }.map(\.0)
        }
        return Array(found.prefix(Int(size)))
    }

    var methods: [String: [RPC.Method]] {
        [
            "relationships": relationshipsMethods, "feedback": feedbackMethods, "goals": goalsMethods,
            "trust-scoring": trustMethods,
        ]
    }

    var relationshipsMethods: [RPC.Method] {
        [
            .unary(GatewayTests.relationships, "GetRelationship") { (request: GetRelationshipRequest, context) in
                count(context)
                guard let found = relationships.first(where: { $0.name == request.name }) else {
                    throw Refusal.notParty
                }
                return found
            },
            .unary(GatewayTests.relationships, "ListRelationships") { (request: ListRelationshipsRequest, context) in
                count(context)
                let found = try Self.list(relationships, request.filter, request.orderBy, 10_000)
                let page = found.prefix(Int(request.pageSize))
                return ListRelationshipsResponse(
                    relationships: Array(page), nextPageToken: page.count < found.count ? "more" : "")
            },
            .unary(GatewayTests.relationships, "ListCommitments") { (request: ListCommitmentsRequest, context) in
                count(context)
                return ListCommitmentsResponse(
                    commitments: try Self.list(commitments, request.filter, request.orderBy, request.pageSize))
            },
            .unary(GatewayTests.relationships, "ListSessions") { (request: ListSessionsRequest, context) in
                count(context)
                return ListSessionsResponse(
                    sessions: try Self.list(sessions, request.filter, request.orderBy, request.pageSize))
            },
            .unary(GatewayTests.relationships, "ListAgreements") { (request: ListAgreementsRequest, context) in
                count(context)
                return ListAgreementsResponse(
                    agreements: try Self.list(agreements, request.filter, request.orderBy, request.pageSize))
            },
        ]
    }

    var feedbackMethods: [RPC.Method] {
        [
            .unary(GatewayTests.feedback, "ListFeedback") { (request: ListFeedbackRequest, context) in
                count(context)
                return ListFeedbackResponse(
                    feedbackItems: try Self.list(feedback, request.filter, request.orderBy, request.pageSize))
            },
            .unary(GatewayTests.feedback, "ListFeedbackRequests") { (request: ListFeedbackRequestsRequest, context) in
                count(context)
                return ListFeedbackRequestsResponse(
                    feedbackRequests: try Self.list(requests, request.filter, request.orderBy, request.pageSize))
            },
            .unary(GatewayTests.feedback, "ListSelfRatings") { (request: ListSelfRatingsRequest, context) in
                count(context)
                return ListSelfRatingsResponse(
                    selfRatings: try Self.list(selfRatings, request.filter, request.orderBy, request.pageSize))
            },
            .unary(GatewayTests.feedback, "GetPulseTrend") { (_: GetPulseTrendRequest, context) in
                count(context)
                return GetPulseTrendResponse(trends: trends)
            },
        ]
    }

    var goalsMethods: [RPC.Method] {
        [
            .unary(GatewayTests.goals, "ListGoals") { (request: ListGoalsRequest, context) in
                count(context)
                return ListGoalsResponse(
                    goals: try Self.list(goals, request.filter, request.orderBy, request.pageSize))
            },
            .unary(GatewayTests.goals, "ListObstacles") { (request: ListObstaclesRequest, context) in
                count(context)
                return ListObstaclesResponse(
                    obstacles: try Self.list(obstacles, request.filter, request.orderBy, request.pageSize))
            },
        ]
    }

    var trustMethods: [RPC.Method] {
        [
            .unary(trust, "GetTrustProfile") { (_: GetTrustProfileRequest, context) in
                count(context)
                return profile
            },
            .unary(trust, "GetSustainingIndex") { (_: GetSustainingIndexRequest, context) in
                count(context)
                return index
            },
            .unary(trust, "SuggestActions") { (_: SuggestActionsRequest, context) in
                count(context)
                return SuggestActionsResponse(actions: actions)
            },
            .unary(trust, "ListAlerts") { (request: ListAlertsRequest, context) in
                count(context)
                return ListAlertsResponse(
                    alerts: try Self.list(alerts, request.filter, request.orderBy, request.pageSize))
            },
            .unary(trust, "ListMonitors") { (request: ListMonitorsRequest, context) in
                count(context)
                return ListMonitorsResponse(
                    monitors: try Self.list(monitors, request.filter, request.orderBy, request.pageSize))
            },
            .unary(trust, "ExplainChange") { (request: ExplainChangeRequest, context) in
                count(context)
                let caller = context.metadata["authorization"].map { Self.person(ofToken: $0) } ?? ""
                var explanation = explanations[caller] ?? Explanation()
                explanation.from = request.from
                return explanation
            },
        ]
    }

    /// The subject, unverified: the gateway has looked at the token.
    private static func person(ofToken header: String) -> String {
        let parts = header.split(separator: ".")
        let base64 = parts[1].replacing("-", with: "+").replacing("_", with: "/")
        let padded = base64 + String(repeating: "=", count: (4 - base64.count % 4) % 4)
        guard let data = Data(base64Encoded: String(padded)), let claims = try? JSONValue(parsing: [UInt8](data)),
            case .object(let object) = claims, case .string(let subject)? = object["sub"]
        else { return "" }
        return subject
    }
}
