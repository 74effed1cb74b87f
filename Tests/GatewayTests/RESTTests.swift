import HTTP
import NIOCore
import NIOPosix
import Protobuf
import RPC
import Schema
import ServiceKit
import Standard
import Synchronization
import Testing

@testable import Gateway

/// What a service saw of a call.
private final class Seen: Sendable {
    let contexts = Mutex<[ServerContext]>([])
    var last: ServerContext? { contexts.withLock { $0.last } }
    func add(_ context: ServerContext) { contexts.withLock { $0.append(context) } }
}

/// REST over real sockets, through the gateway, to a service and back.
@Suite(.timeLimit(.minutes(1))) struct RESTTests {
    @Test func aReadGoesToItsServiceAndComesBackAsJSON() async throws {
        let seen = Seen()
        let list = RPC.Method.unary(goals, "ListGoals") { (request: ListGoalsRequest, context) in
            seen.add(context)
            return ListGoalsResponse(goals: [Goal(name: "\(request.parent)/goals/\(request.pageSize)")])
        }
        try await TestGateway.run(["goals": [list]]) { test in
            let token = try await test.token()
            let answer = try await test.send(
                "GET", "/v1/\(pair)/goals?page_size=7&pageToken=x",
                ["authorization": "Bearer \(token)", "x-other": "1", "x-rapport-workload": "forged"])
            #expect(answer.status == 200)
            #expect(answer.head.headers[first: "content-type"] == "application/json")
            #expect(answer.head.headers[first: "content-length"] == String(answer.body.count))
            #expect(answer["goals.0.name"] == .string("\(pair)/goals/7"))
            // Defaults are printed.
            #expect(answer["nextPageToken"] == .string(""))
            #expect(answer["goals.0.state"] == .string("STATE_UNSPECIFIED"))

            let context = try #require(seen.last)
            #expect(context.metadata.values("authorization") == ["Bearer \(token)"])
            #expect(context.metadata["traceparent"].flatMap { TraceContext(traceparent: $0) } != nil)
            let workload = context.metadata.values("x-rapport-workload")
            #expect(workload.count == 1 && workload[0].hasPrefix("Bearer ey"))
            #expect(context.metadata["x-other"] == nil)
            let remaining = try #require(context.deadline?.remaining)
            #expect(remaining <= test.timeouts.read)
        }
    }

    @Test func anAnswerOfBytesIsShownAsItIs() async throws {
        let export = RPC.Method.unary(trust, "ExportProgrammeValue") {
            (request: ExportProgrammeValueRequest, _) in
            HttpBody(contentType: "application/pdf", data: Array("\(request.name) \(request.format)".utf8) + [0, 255])
        }
        try await TestGateway.run(["trust-scoring": [export]]) { test in
            let path = "organizations/acme/rollups/2026-08/programmeValue"
            let answer = try await test.send("GET", "/v1/\(path):export?format=PDF")
            #expect(answer.status == 200)
            #expect(answer.head.headers[first: "content-type"] == "application/pdf")
            #expect(answer.head.headers[first: "cache-control"] == "no-store")
            #expect(answer.body == Array("\(path) PDF".utf8) + [0, 255])
            #expect(answer.head.headers[first: "content-length"] == String(answer.body.count))
        }
    }

    @Test func aWriteTakesItsBodyAndItsPath() async throws {
        let seen = Seen()
        let propose = RPC.Method.unary(goals, "ProposeGoal") { (request: ProposeGoalRequest, context) in
            seen.add(context)
            return Goal(name: request.name, statement: request.requestId)
        }
        let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        try await TestGateway.run(["goals": [propose]]) { test in
            let answer = try await test.send(
                "POST", "/v1/\(pair)/goals/g1:propose", ["traceparent": trace], body: #"{"requestId":"abc"}"#)
            #expect(answer.status == 200)
            #expect(answer["name"] == .string("\(pair)/goals/g1"))
            #expect(answer["statement"] == .string("abc"))
            #expect(seen.last?.metadata["traceparent"] == trace)
            let remaining = try #require(seen.last?.deadline?.remaining)
            #expect(remaining > test.timeouts.read && remaining <= test.timeouts.write)
            // An empty body is an empty message.
            #expect(try await test.send("POST", "/v1/\(pair)/goals/g1:propose").status == 200)
        }
    }

    @Test(arguments: [
        ("GET", "/v1/\(pair)/goals?page_sze=7", "", 400, "page_sze: no such field"),
        (
            "GET", "/v1/\(pair)/goals?page_size=many", "", 400,
            "pageSize: expected an integer from -2147483648 to 2147483647"
        ),
        ("GET", "/v1/\(pair)/goals?parent=organizations/other", "", 400, "parent: given twice, with different values"),
        ("GET", "/v1/\(pair)/goals", "{}", 400, "this path takes no body"),
        (
            "POST", "/v1/\(pair)/goals/g1:propose?request_id=a", "{}", 400,
            "this path takes its fields in the body, not in a query"
        ),
        (
            "POST", "/v1/\(pair)/goals/g1:propose", "{", 400,
            "not JSON at line 1, column 2: expected a name in quotes, but the text ends"
        ),
        ("POST", "/v1/\(pair)/goals/g1:propose", "[]", 400, "name: expected an object, found a list"),
        ("POST", "/v1/\(pair)/goals/g1:propose", #"{"name":"other"}"#, 400, "name: given twice, with different values"),
        ("POST", "/v1/\(pair)/goals", #"{"goal":{"targett":1}}"#, 400, "goal.targett: no such field"),
        ("GET", "/v1/nothing", "", 404, "there is nothing at /v1/nothing"),
        ("DELETE", "/v1/\(pair)/goals", "", 405, "this path takes GET, HEAD, POST"),
        ("GET", "/v1/organizations/a%2Fb/people", "", 400, "the path is not percent-encoded UTF-8 by segments"),
        ("POST", "/healthz", "", 405, "this path takes GET, HEAD"),
    ])
    func badRequestsAreRefusedBeforeAnyService(
        _ method: String, _ path: String, _ body: String, _ status: Int, _ message: String
    ) async throws {
        try await TestGateway.run { test in
            let answer = try await test.send(method, path, body: body)
            #expect(answer.status == status)
            #expect(answer["error.message"] == .string(message))
            #expect(answer["error.code"] == .number(String(status)))
            if status == 405 {
                #expect(answer.head.headers[first: "allow"] == String(message.dropFirst("this path takes ".count)))
            }
        }
    }

    @Test func aFieldThatDoesNotFitIsNamed() async throws {
        try await TestGateway.run { test in
            let answer = try await test.send("POST", "/v1/\(pair)/goals", body: #"{"goal":{"targett":1}}"#)
            #expect(answer["error.status"] == .string("INVALID_ARGUMENT"))
            #expect(answer["error.details.0.reason"] == .string("INVALID_FIELD"))
            #expect(answer["error.details.1.fieldViolations.0.field"] == .string("goal.targett"))
        }
    }

    @Test func aBodyMayHaveOneMebibyte() async throws {
        let propose = RPC.Method.unary(goals, "ProposeGoal") { (request: ProposeGoalRequest, _) in
            Goal(statement: String(request.requestId.utf8.count))
        }
        try await TestGateway.run(["goals": [propose]]) { test in
            let body = { (size: Int) in
                #"{"requestId":""# + String(repeating: "x", count: size - 16) + "\"}"
            }
            let limit = RESTApplication.bodyLimit
            let fits = try await test.send("POST", "/v1/\(pair)/goals/g1:propose", body: body(limit))
            #expect(fits.status == 200)
            #expect(fits["statement"] == .string(String(limit - 16)))
            let large = try await test.send("POST", "/v1/\(pair)/goals/g1:propose", body: body(limit + 1))
            #expect(large.status == 413)
            #expect(large["error.details.0.reason"] == .string("BODY_TOO_LARGE"))
        }
    }

    @Test func anErrorOfTheServiceKeepsItsReason() async throws {
        let get = RPC.Method.unary(goals, "GetGoal") { (request: GetGoalRequest, _) -> Goal in
            if request.name.hasSuffix("busy") {
                throw RPCError(.resourceExhausted, reason: "RATE_LIMIT", "slower").retrying(after: .seconds(9))
            }
            throw RPCError(.permissionDenied, reason: "NOT_PARTY", "no")
        }
        try await TestGateway.run(["goals": [get]]) { test in
            let forbidden = try await test.send("GET", "/v1/\(pair)/goals/g1")
            #expect(forbidden.status == 403)
            #expect(forbidden["error.status"] == .string("PERMISSION_DENIED"))
            #expect(forbidden["error.details.0.reason"] == .string("NOT_PARTY"))
            let busy = try await test.send("GET", "/v1/\(pair)/goals/busy")
            #expect(busy.status == 429)
            #expect(busy.head.headers[first: "retry-after"] == "9")
            #expect(busy["error.details.1.retryDelay"] == .string("9s"))
        }
    }

    @Test func aServiceThatIsDownIsNamedButNotItsAddress() async throws {
        try await TestGateway.run { test in
            let answer = try await test.send("GET", "/v1/\(pair)/goals")
            #expect(answer.status == 503)
            #expect(answer["error.message"] == .string("goals cannot be reached"))
            #expect(answer["error.details.0.reason"] == .string("DEPENDENCY_DOWN"))
            #expect(answer.head.headers[first: "retry-after"] == "1")
            #expect(!answer.text.contains(".down"))
        }
    }

    @Test func aServiceThatDoesNotAnswerInTimeIs504() async throws {
        let get = RPC.Method.unary(goals, "GetGoal") { (_: GetGoalRequest, _) -> Goal in
            try await Task.sleep(for: .seconds(60))
            return Goal()
        }
        try await TestGateway.run(["goals": [get]], timeouts: Timeouts()) { test in
            let start = ContinuousClock.now
            let answer = try await test.send("GET", "/v1/\(pair)/goals/g1")
            #expect(answer.status == 504)
            #expect(answer["error.details.0.reason"] == .string("DEPENDENCY_DOWN"))
            #expect(ContinuousClock.now - start < .seconds(10))
        }
    }

    @Test func aTokenThatIsNotOneIsRefusedAtTheDoor() async throws {
        try await TestGateway.run { test in
            let answer = try await test.send("GET", "/v1/\(pair)/goals", ["authorization": "Bearer nonsense"])
            #expect(answer.status == 401)
            #expect(answer.head.headers[first: "www-authenticate"] == "Bearer")
            #expect(answer["error.details.0.reason"] == .string("TOKEN_INVALID"))
        }
    }

    @Test func aClientThatGoesAwayCancelsTheCall() async throws {
        let began = AsyncStream<Void>.makeStream()
        let cancelled = AsyncStream<Void>.makeStream()
        let get = RPC.Method.unary(goals, "ProposeGoal") { (_: ProposeGoalRequest, context) -> Goal in
            began.continuation.yield()
            try? await Task.sleep(for: .seconds(60))
            if context.isCancelled { cancelled.continuation.yield() }
            return Goal()
        }
        try await TestGateway.run(["goals": [get]]) { test in
            let client = try await TestClient(test.endpoint)
            let start = ContinuousClock.now
            let answer = client.request(
                "POST", "/v1/\(pair)/goals/g1:propose", ["authorization": "Bearer \(try await test.token())"],
                body: [UInt8]("{}".utf8))
            for await _ in began.stream { break }
            client.close()
            for await _ in cancelled.stream { break }
            #expect(ContinuousClock.now - start < test.timeouts.write)
            withExtendedLifetime(answer) {}
        }
    }
}

/// The doors that are no RPCs, on both HTTP versions.
@Suite(.timeLimit(.minutes(1))) struct DoorTests {
    @Test func theProcessLives() async throws {
        try await TestGateway.run { test in
            let answer = try await test.send("GET", "/healthz")
            #expect(answer.status == 200)
            #expect(answer["status"] == .string("alive"))
        }
    }

    @Test func readinessNamesWhatIsNotReady() async throws {
        try await TestGateway.run(["relationships": [], "feedback": [], "goals": []]) { test in
            let answer = try await test.send("GET", "/readyz")
            #expect(answer.status == 503)
            #expect(answer["notReady"] == .array([.string("trust-scoring")]))
            #expect(answer["services.goals"] == .string("SERVING"))
            #expect(answer["services.trust-scoring"] == .string("UNREACHABLE"))
        }
        try await TestGateway.run(["relationships": [], "feedback": [], "goals": [], "trust-scoring": []]) { test in
            let answer = try await test.send("GET", "/readyz")
            #expect(answer.status == 200)
            #expect(answer["status"] == .string("ready"))
        }
    }

    @Test func theWelcomeNamesTheDoors() async throws {
        try await TestGateway.run { test in
            let answer = try await test.send("GET", "/")
            #expect(answer.status == 200)
            #expect(answer["name"] == .string("Rapport"))
            let head = try await test.send("HEAD", "/")
            #expect(head.status == 200)
            #expect(head.body.isEmpty)
            #expect(head.head.headers[first: "content-length"] == String(answer.body.count))
        }
    }

    @Test func http1() async throws {
        try await TestGateway.run { test in
            guard case .tcp(let host, let port) = test.endpoint else { return }
            let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connect(host: host, port: port) { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                    }
                }
            try await channel.executeThenClose { inbound, outbound in
                try await outbound.write(
                    ByteBuffer(
                        string: "GET /healthz HTTP/1.1\r\nhost: a\r\n\r\nGET /v1/x HTTP/1.1\r\nhost: a\r\n"
                            + "connection: close\r\n\r\n"))
                var text = ""
                for try await bytes in inbound { text += String(buffer: bytes) }
                #expect(text.hasPrefix("HTTP/1.1 200 OK\r\n"))
                #expect(text.contains(#"{"status":"alive"}HTTP/1.1 404 Not Found"#))
                #expect(text.hasSuffix("}}"))
            }
        }
    }
}
