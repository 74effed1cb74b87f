import HTTP
import NIOPosix
import Protobuf
import RPC
import Schema
import Standard
import Synchronization
import Testing

@testable import Gateway

/// gRPC through the gateway.
@Suite(.timeLimit(.minutes(1))) struct PassthroughTests {
    private func withChannel(
        _ methods: [String: [RPC.Method]], _ body: (Channel, CallOptions) async throws -> Void
    ) async throws {
        try await TestGateway.run(methods) { test in
            let channel = Channel(test.endpoint, group: MultiThreadedEventLoopGroup.singleton, logger: quiet)
            let options = CallOptions(metadata: ["authorization": "Bearer \(try await test.token())", "x-other": "1"])
            try await body(channel, options)
            await channel.close(grace: .zero)
        }
    }

    @Test func metricsCountWhatGoesThrough() async throws {
        try await TestGateway.run(["goals": []]) { test in
            let channel = Channel(test.endpoint, group: MultiThreadedEventLoopGroup.singleton, logger: quiet)
            let options = CallOptions(metadata: ["authorization": "Bearer \(try await test.token())"])
            for path in ["\(goals)/GetGoal", "\(goals)/NoSuchMethod"] {
                let goal: Goal? = try? await channel.unary(path, GetGoalRequest(), options)
                #expect(goal == nil)
            }
            await channel.close(grace: .zero)
            let answer = try await test.send("GET", "/metrics")
            #expect(answer.status == 200)
            #expect(answer.head.headers[first: "content-type"] == "text/plain; version=0.0.4; charset=utf-8")
            for method in ["\(goals)/GetGoal", "other"] {
                let line =
                    "grpc_server_call_duration_seconds_count{grpc_method=\"\(method)\",grpc_status=\"UNIMPLEMENTED\"} 1\n"
                #expect(answer.text.contains(line), "\(answer.text)")
            }
            #expect(try await test.send("POST", "/metrics").status == 405)
        }
    }

    @Test func aCallGoesToTheServiceOfItsPackage() async throws {
        let get = RPC.Method.unary(goals, "GetGoal") { (request: GetGoalRequest, context) in
            let remaining = context.deadline.map { $0.remaining <= TestGateway.patient.read } ?? false
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
        try await TestGateway.run(["trust-scoring": [watch]]) { test in
            let channel = Channel(test.endpoint, group: MultiThreadedEventLoopGroup.singleton, logger: quiet)
            let answers = try await TrustServiceClient(channel).watchTrustProfile(
                WatchTrustProfileRequest(),
                options: CallOptions(metadata: ["authorization": "Bearer \(try await test.token())"]))
            var iterator = answers.makeAsyncIterator()
            #expect(try await iterator.next()?.resumeToken == "1")
            await test.gateway.stop()
            #expect(try await iterator.next() == nil)
            await channel.close(grace: .zero)
        }
    }

    @Test func healthAndReflectionSpeakForAllServices() async throws {
        try await TestGateway.run(["goals": []]) { test in
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
