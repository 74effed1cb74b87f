import HTTP
import NIOPosix
import Protobuf
import RPC
import Schema
import Standard
import Synchronization
import Testing

@testable import Gateway

/// docs/domain.md §6.5: one section failing never fails the view.
@Suite(.timeLimit(.minutes(1))) struct CoachViewTests {
    private static let coach = "organizations/acme/people/coach"

    private static let relationshipsMethods: [RPC.Method] = [
        .unary(relationships, "ListRelationships") { (request: ListRelationshipsRequest, _) in
            guard request.pageToken.isEmpty else {
                return ListRelationshipsResponse(relationships: [Relationship(name: "p3", trustee: coach)])
            }
            return ListRelationshipsResponse(
                relationships: [
                    Relationship(name: "p1", trustee: coach),
                    Relationship(name: "p2", trustee: "organizations/acme/people/x"),
                ], nextPageToken: "2")
        },
        .unary(relationships, "ListCommitments") { (request: ListCommitmentsRequest, _) in
            ListCommitmentsResponse(commitments: [
                Commitment(name: "theirs", owner: "organizations/acme/people/coachee", state: .accepted),
                Commitment(name: "kept", owner: coach, state: .kept),
                Commitment(name: "mine", owner: coach, state: .proposed),
            ])
        },
        .unary(relationships, "ListSessions") { (_: ListSessionsRequest, _) in
            ListSessionsResponse(sessions: [
                Session(name: "later", startTime: Timestamp(seconds: 20), state: .scheduled),
                Session(name: "held", startTime: Timestamp(seconds: 5), state: .held),
                Session(name: "next", startTime: Timestamp(seconds: 10), state: .scheduled),
            ])
        },
    ]

    private static let goalsMethods: [RPC.Method] = [
        .unary(goals, "ListGoals") { (_: ListGoalsRequest, _) in
            ListGoalsResponse(goals: [Goal(name: "done", state: .achieved), Goal(name: "running", state: .active)])
        }
    ]

    private static let feedbackMethods: [RPC.Method] = [
        .unary(feedback, "ListFeedback") { (_: ListFeedbackRequest, _) -> ListFeedbackResponse in
            throw RPCError(.permissionDenied, reason: "NOT_PARTY", "no")
        }
    ]

    @Test func sectionsFailAlone() async throws {
        let methods = [
            "relationships": Self.relationshipsMethods, "goals": Self.goalsMethods, "feedback": Self.feedbackMethods,
        ]
        try await TestGateway.run(methods) { test in
            let answer = try await test.send("GET", "/v1/views/coach")
            #expect(answer.status == 200)
            #expect(answer["state"] == .string("OK"))
            #expect(answer["pairs.0.relationship.name"] == .string("p1"))
            #expect(answer["pairs.1.relationship.name"] == .string("p3"))
            #expect(answer["pairs.2"] == nil)
            for pair in ["pairs.0", "pairs.1"] {
                #expect(answer["\(pair).commitments.state"] == .string("OK"))
                #expect(answer["\(pair).commitments.commitments.0.name"] == .string("mine"))
                #expect(answer["\(pair).commitments.commitments.1.name"] == .string("theirs"))
                #expect(answer["\(pair).commitments.commitments.2"] == nil)
                #expect(answer["\(pair).sessions.sessions.0.name"] == .string("next"))
                #expect(answer["\(pair).sessions.sessions.1.name"] == .string("later"))
                #expect(answer["\(pair).goals.goals.0.name"] == .string("running"))
                #expect(answer["\(pair).goals.goals.1"] == nil)
                #expect(answer["\(pair).feedback.state"] == .string("NOT_PERMITTED"))
                #expect(answer["\(pair).trust.state"] == .string("UNREACHABLE"))
            }
            // The same as gRPC.
            let channel = Channel(test.endpoint, group: MultiThreadedEventLoopGroup.singleton, logger: quiet)
            let view = try await ViewsServiceClient(channel).getCoachView(
                GetCoachViewRequest(),
                options: CallOptions(metadata: ["authorization": "Bearer \(try await test.token())"]))
            #expect(view.pairs.map { $0.relationship?.name } == ["p1", "p3"])
            await channel.close(grace: .zero)
        }
    }

    @Test func aSlowSectionHasOneSecond() async throws {
        let slow = RPC.Method.unary(trust, "GetTrustProfile") { (_: GetTrustProfileRequest, _) -> TrustProfile in
            try await Task.sleep(for: .seconds(60))
            return TrustProfile()
        }
        let methods = ["relationships": Self.relationshipsMethods, "trust-scoring": [slow]]
        try await TestGateway.run(methods) { test in
            let start = ContinuousClock.now
            let answer = try await test.send("GET", "/v1/views/coach")
            #expect(answer["pairs.0.trust.state"] == .string("UNREACHABLE"))
            #expect(answer["pairs.0.commitments.state"] == .string("OK"))
            #expect(ContinuousClock.now - start < .seconds(5))
        }
    }

    @Test func withoutRelationshipsTheViewSaysWhy() async throws {
        try await TestGateway.run { test in
            let answer = try await test.send("GET", "/v1/views/coach")
            #expect(answer.status == 200)
            #expect(answer["state"] == .string("UNREACHABLE"))
            #expect(answer["pairs"] == .array([]))
        }
    }

    @Test func aViewNeedsAPerson() async throws {
        try await TestGateway.run { test in
            let client = try await TestClient(test.endpoint)
            defer { client.close() }
            for try await part in client.request("GET", "/v1/views/coach", [:], body: []) {
                if case .head(let head) = part { #expect(head.status == 401) }
            }
        }
    }
}
