import NIOCore
import Protobuf
import Standard
import Testing

@testable import RPC

@Suite(.timeLimit(.minutes(1))) struct HealthTests {
    private let health = HealthStatus()

    private func check(_ channel: RPC.Channel, _ service: String) async throws -> HealthStatus.Status {
        let answer: HealthCheckResponse = try await channel.unary(
            "grpc.health.v1.Health/Check", HealthCheckRequest(service: service), CallOptions())
        return answer.status
    }

    @Test(arguments: Depth.allCases) func `Check tells what was set, and NOT_FOUND`(_ depth: Depth) async throws {
        try await depth.serve(health.methods) { channel in
            let first = try await check(channel, "")
            #expect(first == .notServing, "until it is set")
            health.set(.serving)
            health.set(.serving, for: "rapport.goals.v1.GoalsService")
            let server = try await check(channel, "")
            let service = try await check(channel, "rapport.goals.v1.GoalsService")
            #expect(server == .serving)
            #expect(service == .serving)
            let unknown = await failure { _ = try await check(channel, "other") }
            #expect(unknown?.code == .notFound)
        }
    }

    @Test(arguments: Depth.allCases) func `Watch tells every change once`(_ depth: Depth) async throws {
        try await depth.serve(health.methods) { channel in
            let stream: ResponseStream<HealthCheckResponse> = try await channel.serverStreaming(
                "grpc.health.v1.Health/Watch", HealthCheckRequest(service: "s"), CallOptions())
            var statuses = stream.makeAsyncIterator()
            #expect(try await statuses.next()?.status == .serviceUnknown)
            health.set(.serving, for: "s")
            #expect(try await statuses.next()?.status == .serving)
            health.set(.serving, for: "s")
            health.set(.serving, for: "another")
            health.shutDown()
            #expect(try await statuses.next()?.status == .notServing)
            health.set(.serving, for: "s")
            #expect(health.status(of: "s") == .notServing, "shut down for good")
        }
    }

    @Test(arguments: Depth.allCases) func `List knows at most a hundred`(_ depth: Depth) async throws {
        try await depth.serve(health.methods) { channel in
            health.set(.serving, for: "s")
            let list: HealthListResponse = try await channel.unary(
                "grpc.health.v1.Health/List", HealthListRequest(), CallOptions())
            #expect(list.statuses.mapValues(\.status) == ["": .notServing, "s": .serving])
            for number in 0..<100 { health.set(.serving, for: "\(number)") }
            let tooMany = await failure {
                let _: HealthListResponse = try await channel.unary(
                    "grpc.health.v1.Health/List", HealthListRequest(), CallOptions())
            }
            #expect(tooMany?.code == .resourceExhausted)
        }
    }

    @Test func `watchers that are gone are forgotten`() throws {
        let stage = Stage(health.methods)
        let exchanges = (0..<10).map { _ in stage.request("grpc.health.v1.Health/Watch", "") }
        for exchange in exchanges { exchange.delegate?.cancelled(.reset(.cancel)) }
        stage.endBurst()
        stage.run()
        #expect(health.watcherCount == 0)
    }
}

@Suite(.timeLimit(.minutes(1))) struct ReflectionTests {
    private let methods = HealthStatus().methods

    private func ask(
        _ channel: RPC.Channel, _ version: String, _ questions: [ServerReflectionRequest.MessageRequest]
    ) async throws -> [ServerReflectionResponse] {
        let call: BidirectionalCall<ServerReflectionRequest, ServerReflectionResponse> =
            try await channel.bidirectionalStreaming(
                "grpc.reflection.\(version).ServerReflection/ServerReflectionInfo", CallOptions())
        for question in questions {
            try await call.requests.write(ServerReflectionRequest(host: "h", messageRequest: question))
        }
        call.requests.finish()
        var answers: [ServerReflectionResponse] = []
        for try await answer in call.responses { answers.append(answer) }
        return answers
    }

    @Test(arguments: Depth.allCases, ["v1", "v1alpha"])
    func `both versions answer alike`(_ depth: Depth, _ version: String) async throws {
        let reflection = Reflection(serving: methods, pool: .standard)
        try await depth.serve(methods + reflection.methods) { channel in
            let answers = try await ask(
                channel, version,
                [
                    .listServices("*"), .fileContainingSymbol("grpc.health.v1.Health.Check"),
                    .fileByFilename("google/rpc/status.proto"), .fileContainingSymbol("no.such.Thing"),
                    .allExtensionNumbersOfType("grpc.health.v1.HealthCheckRequest"),
                    .fileContainingExtension(ExtensionRequest(containingType: "x", extensionNumber: 1)),
                ])
            #expect(answers.count == 6)
            #expect(answers.allSatisfy { $0.validHost == "h" && $0.originalRequest != nil })
            guard case .listServicesResponse(let services)? = answers[0].messageResponse,
                case .fileDescriptorResponse(let health)? = answers[1].messageResponse,
                case .fileDescriptorResponse(let status)? = answers[2].messageResponse,
                case .errorResponse(let missing)? = answers[3].messageResponse,
                case .allExtensionNumbersResponse(let extensions)? = answers[4].messageResponse,
                case .errorResponse(let noExtension)? = answers[5].messageResponse
            else {
                Issue.record("an answer of the wrong kind: \(answers)")
                return
            }
            #expect(
                services.service.map(\.name) == [
                    "grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection",
                    "grpc.reflection.v1alpha.ServerReflection",
                ])
            var pool = DescriptorPool()
            for file in health.fileDescriptorProto { try pool.add(file: file) }
            #expect(pool.services["grpc.health.v1.Health"] != nil)
            pool = DescriptorPool()
            for file in status.fileDescriptorProto { try pool.add(file: file) }
            #expect(pool.files.map(\.name) == ["google/rpc/status.proto", "google/protobuf/any.proto"])
            #expect(missing.errorCode == 5)
            #expect(extensions.extensionNumber == [])
            #expect(noExtension.errorCode == 5)
        }
    }
}
