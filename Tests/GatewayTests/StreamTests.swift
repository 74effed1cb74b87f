import HTTP
import NIOPosix
import Protobuf
import RPC
import Schema
import Standard
import Synchronization
import Testing

@testable import Gateway

/// HTML Living Standard §9.2.
@Suite struct EventSourceTests {
    @Test func anEventHasATypeAnIDAndOneLineOfData() {
        let event = EventSource.event("message", data: [UInt8]("{}".utf8), id: "t1")
        #expect(String(decoding: event, as: UTF8.self) == "event: message\nid: t1\ndata: {}\n\n")
        let without = EventSource.event("error", data: [UInt8]("{}".utf8), id: nil)
        #expect(String(decoding: without, as: UTF8.self) == "event: error\ndata: {}\n\n")
    }

    @Test(arguments: ["a\nb", "a\rb", "a\0b"])
    func anIDWithALineBreakIsLeftOut(_ id: String) {
        let event = EventSource.event("message", data: [UInt8]("{}".utf8), id: id)
        #expect(String(decoding: event, as: UTF8.self) == "event: message\ndata: {}\n\n")
    }

    private static let watch = "/v1/\(pair)/trustProfile:watch"

    /// Answers token by token from the one after `resume_token`, then waits to be cancelled.
    private static func watching(
        until cancelled: AsyncStream<Void>.Continuation, messages: Int = 2
    ) -> RPC.Method {
        .serverStreaming(trust, "WatchTrustProfile") { (request: WatchTrustProfileRequest, context, responses) in
            let first = (Int(request.resumeToken) ?? 0) + 1
            for token in first..<first + messages {
                try await responses.write(
                    WatchTrustProfileResponse(profile: TrustProfile(name: request.name), resumeToken: String(token)))
            }
            try? await Task.sleep(for: .seconds(60))
            if context.isCancelled { cancelled.yield() }
        }
    }

    @Test func messagesComeAsEventsAndGoingAwayCancels() async throws {
        let cancelled = AsyncStream<Void>.makeStream()
        let method = Self.watching(until: cancelled.continuation)
        try await TestGatewayService.run(["trust-scoring": [method]]) { test in
            let (client, events) = try await test.events(Self.watch)
            var iterator = events.makeAsyncIterator()
            let first = try #require(try await iterator.next())
            #expect(first.hasPrefix("event: message\nid: 1\ndata: {\"profile\":{\"name\":\"\(pair)/trustProfile\","))
            #expect(first.split(separator: "\n").count == 3)
            #expect(try await iterator.next()?.hasPrefix("event: message\nid: 2\n") == true)
            client.close()
            for await _ in cancelled.stream { break }
        }
    }

    @Test func lastEventIDResumes() async throws {
        let cancelled = AsyncStream<Void>.makeStream()
        let method = Self.watching(until: cancelled.continuation)
        try await TestGatewayService.run(["trust-scoring": [method]]) { test in
            let (client, events) = try await test.events(Self.watch, ["last-event-id": "41"])
            var iterator = events.makeAsyncIterator()
            #expect(try await iterator.next()?.hasPrefix("event: message\nid: 42\n") == true)
            client.close()
        }
    }

    @Test func aStreamWithoutMessagesShowsThatItStands() async throws {
        let cancelled = AsyncStream<Void>.makeStream()
        let method = Self.watching(until: cancelled.continuation, messages: 0)
        try await TestGatewayService.run(["trust-scoring": [method]]) { test in
            let (client, events) = try await test.events(Self.watch)
            var iterator = events.makeAsyncIterator()
            #expect(try await iterator.next() == ":")
            client.close()
        }
    }

    @Test func drainingEndsTheStreamCleanly() async throws {
        let cancelled = AsyncStream<Void>.makeStream()
        let method = Self.watching(until: cancelled.continuation)
        try await TestGatewayService.run(["trust-scoring": [method]]) { test in
            let (_, events) = try await test.events(Self.watch)
            var iterator = events.makeAsyncIterator()
            #expect(try await iterator.next() != nil)
            #expect(try await iterator.next() != nil)
            let start = ContinuousClock.now
            await test.gateway.stop()
            #expect(try await iterator.next() == nil)
            #expect(ContinuousClock.now - start < .seconds(4))
        }
    }

    @Test func anErrorBeforeTheFirstMessageIsAnAnswerLikeAnyOther() async throws {
        let method = RPC.Method.serverStreaming(trust, "WatchTrustProfile") {
            (_: WatchTrustProfileRequest, _, _: ResponseWriter<WatchTrustProfileResponse>) in
            throw RPCError(.permissionDenied, reason: "NOT_PARTY", "no")
        }
        try await TestGatewayService.run(["trust-scoring": [method]]) { test in
            let answer = try await test.send("GET", Self.watch)
            #expect(answer.status == 403)
            #expect(answer["error.details.0.reason"] == .string("NOT_PARTY"))
        }
    }

    @Test func anErrorLaterIsTheLastEvent() async throws {
        let method = RPC.Method.serverStreaming(trust, "WatchTrustProfile") {
            (_: WatchTrustProfileRequest, _, responses: ResponseWriter<WatchTrustProfileResponse>) in
            try await responses.write(WatchTrustProfileResponse(resumeToken: "1"))
            throw RPCError(.dataLoss, reason: "CHAIN_BROKEN", "broken")
        }
        try await TestGatewayService.run(["trust-scoring": [method]]) { test in
            let answer = try await test.send("GET", Self.watch)
            #expect(answer.status == 200)
            #expect(answer.head.headers[first: "content-type"] == "text/event-stream")
            let events = answer.text.split(separator: "\n\n")
            #expect(events.count == 2)
            #expect(
                events.last?.hasPrefix("event: error\ndata: {\"error\":{\"code\":500,\"status\":\"DATA_LOSS\"") == true)
        }
    }
}

/// gRPC through the gateway.
@Suite struct PassthroughTests {
    private func withChannel(
        _ methods: [String: [RPC.Method]], _ body: (Channel, CallOptions) async throws -> Void
    ) async throws {
        try await TestGatewayService.run(methods) { test in
            let channel = Channel(test.endpoint, group: MultiThreadedEventLoopGroup.singleton, logger: quiet)
            let options = CallOptions(metadata: ["authorization": "Bearer \(try await test.token())", "x-other": "1"])
            try await body(channel, options)
            await channel.close(grace: .zero)
        }
    }

    @Test func aCallGoesToTheServiceOfItsPackage() async throws {
        let get = RPC.Method.unary(goals, "GetGoal") { (request: GetGoalRequest, context) in
            let remaining = context.deadline.map { $0.remaining <= CallTimeout.read } ?? false
            let names = ["authorization", "traceparent", "x-rapport-workload", "x-other"].filter {
                context.metadata[$0] != nil
            }
            return Goal(name: request.name, statement: "\(names.joined(separator: " ")) \(remaining)")
        }
        try await withChannel(["goals": [get]]) { channel, options in
            let goal = try await GoalsServiceClient(channel).getGoal(GetGoalRequest(name: "g"), options: options)
            #expect(goal.name == "g")
            #expect(goal.statement == "authorization traceparent x-rapport-workload true")
        }
    }

    @Test func errorsComeBackWithTheirDetails() async throws {
        let get = RPC.Method.unary(goals, "GetGoal") { (_: GetGoalRequest, _) -> Goal in
            throw RPCError(.failedPrecondition, reason: "NOT_ACTIVE", "no").adding(violation: "a", "b")
        }
        try await withChannel(["goals": [get]]) { channel, options in
            let error = await #expect(throws: RPCError.self) {
                try await GoalsServiceClient(channel).getGoal(GetGoalRequest(), options: options)
            }
            #expect(error?.code == .failedPrecondition)
            #expect(error?.reason == "NOT_ACTIVE")
            #expect(error?.fieldViolations.first?.field == "a")
        }
    }

    @Test func eventsAndUnknownServicesAreNotReachable() async throws {
        try await withChannel([:]) { channel, options in
            for service in ["rapport.events.v1.EventsService/WatchEvents", "no.such.Service/Call"] {
                let error = await #expect(throws: RPCError.self) {
                    let _: Goal = try await channel.unary(service, GetGoalRequest(), options)
                }
                #expect(error?.code == .unimplemented)
            }
        }
    }

    @Test func aServiceThatIsDownIsNamed() async throws {
        try await withChannel([:]) { channel, options in
            let error = await #expect(throws: RPCError.self) {
                try await GoalsServiceClient(channel).getGoal(GetGoalRequest(), options: options)
            }
            #expect(error?.code == .unavailable)
            #expect(error?.reason == "DEPENDENCY_DOWN")
            #expect(error?.message == "goals cannot be reached")
        }
    }

    @Test func streamsPassMessageByMessageAndEndWhenTheGatewayDrains() async throws {
        let watch = RPC.Method.serverStreaming(trust, "WatchTrustProfile") {
            (_: WatchTrustProfileRequest, _, responses: ResponseWriter<WatchTrustProfileResponse>) in
            try await responses.write(WatchTrustProfileResponse(resumeToken: "1"))
            try await Task.sleep(for: .seconds(60))
        }
        try await TestGatewayService.run(["trust-scoring": [watch]]) { test in
            let channel = Channel(test.endpoint, group: MultiThreadedEventLoopGroup.singleton, logger: quiet)
            let answers = try await TrustServiceClient(channel).watchTrustProfile(WatchTrustProfileRequest())
            var iterator = answers.makeAsyncIterator()
            #expect(try await iterator.next()?.resumeToken == "1")
            await test.gateway.stop()
            #expect(try await iterator.next() == nil)
            await channel.close(grace: .zero)
        }
    }

    @Test func healthAndReflectionSpeakForAllServices() async throws {
        try await TestGatewayService.run(["goals": []]) { test in
            let following = Task {
                await withTaskGroup(of: Void.self) { group in
                    for upstream in test.gateway.upstreams.all {
                        group.addTask { await upstream.followHealth(into: test.gateway.health) }
                    }
                }
            }
            defer { following.cancel() }
            let channel = Channel(test.endpoint, group: MultiThreadedEventLoopGroup.singleton, logger: quiet)
            let statuses: ResponseStream<HealthCheckResponse> = try await channel.serverStreaming(
                "grpc.health.v1.Health/Watch", HealthCheckRequest(service: goals), CallOptions())
            for try await answer in statuses where answer.status == .serving { break }
            let down: HealthCheckResponse = try await channel.unary(
                "grpc.health.v1.Health/Check", HealthCheckRequest(service: ""), CallOptions())
            #expect(down.status == .serving)

            let call: BidirectionalCall<ServerReflectionRequest, ServerReflectionResponse> =
                try await channel.bidirectionalStreaming(
                    "grpc.reflection.v1.ServerReflection/ServerReflectionInfo", CallOptions())
            try await call.requests.write(ServerReflectionRequest(messageRequest: .listServices("")))
            call.requests.finish()
            var services: [String] = []
            for try await answer in call.responses {
                if case .listServicesResponse(let list)? = answer.messageResponse {
                    services = list.service.map(\.name)
                }
            }
            for service in [goals, relationships, feedback, trust, "rapport.gateway.v1.ViewsService"] {
                #expect(services.contains(service))
            }
            #expect(!services.contains { $0.hasPrefix("rapport.events") })
            await channel.close(grace: .zero)
        }
    }
}

/// docs/domain.md §6.5: one section failing never fails the view.
@Suite struct CoachViewTests {
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
        try await TestGatewayService.run(methods) { test in
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
        try await TestGatewayService.run(methods) { test in
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
